"""Bearer tokens: whose they are decides which namespace is seen, and nothing in a request changes that."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from status_api.errors import Unauthorised


class StaticTokens:
    """Tokens known beforehand, each with its tenant: for trying it out on one machine.

    Args:
        tenants: namespaces by token.
    """

    def __init__(self, tenants: Mapping[str, str]) -> None:
        self._tenants = [(_digest(token), tenant) for token, tenant in tenants.items()]

    async def tenant_of(self, token: str) -> str:
        """Give the tenant; how long it takes says nothing about the tokens."""
        given = _digest(token)
        found = [tenant for known, tenant in self._tenants if hmac.compare_digest(known, given)]
        if not found:
            raise Unauthorised("This token is not known here.")
        return found[0]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
