"""Read single keys of Secrets that this operator is allowed to get."""

from __future__ import annotations

import base64

from analysis_operator.errors import ApiUnavailable, Gone, OperatorError, Rejected
from analysis_operator.kube.client import KubeApi

_LONGEST = 2048


class NoSecret(OperatorError):
    """A Secret is not to be had now. ``code`` is one word, the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Secrets:
    """Reads a Secret each time, and keeps nothing of it."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    async def read(self, namespace: str, name: str, key: str) -> str:
        """Return what a Secret holds under a key. Raises NoSecret."""
        try:
            found = await self._api.call("GET", f"api/v1/namespaces/{namespace}/secrets/{name}")
        except Gone as error:
            raise NoSecret("SecretMissing", f"There is no Secret {namespace}/{name}.") from error
        except Rejected as error:
            message = f"The operator may not read the Secret {namespace}/{name}: let its ServiceAccount get it."
            raise NoSecret("SecretForbidden", message) from error
        except ApiUnavailable as error:
            raise NoSecret("SecretUnavailable", "The API server did not deliver the Secret.") from error
        try:
            text = base64.b64decode(found.get("data", {})[key], validate=True).decode("ascii").strip()
        except (KeyError, TypeError, ValueError):
            text = ""
        if not 0 < len(text) <= _LONGEST:
            raise NoSecret("SecretMissing", f"The Secret {namespace}/{name} has nothing usable under {key}.")
        return text
