"""Bearer tokens: the tenant of a token decides which namespace a request sees, and nothing else in the request does."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from status_api.errors import Unauthorised


class StaticTokens:
    """Fixed tokens, each for one tenant: for trying it out on one machine.

    Args:
        tenants: namespaces by token.
    """

    def __init__(self, tenants: Mapping[str, str]) -> None:
        self._tenants = [(_digest(token), tenant) for token, tenant in tenants.items()]

    async def tenant_of(self, token: str) -> str:
        """Return the tenant, in a time that does not depend on the tokens."""
        digest = _digest(token)
        tenants = [tenant for other, tenant in self._tenants if hmac.compare_digest(other, digest)]
        if not tenants:
            raise Unauthorised("The token is not known here. Use the one that this API was started with.")
        return tenants[0]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
