"""The tokens of tasks that wait: in the request, or in a Secret beside it that this operator is allowed to get."""

from __future__ import annotations

import base64

from analysis_operator.api import AnalysisRequest, TokenSecret
from analysis_operator.callbacks.delivery import NoToken
from analysis_operator.errors import ApiUnavailable, Gone, Rejected
from analysis_operator.kube.client import KubeApi

_LONGEST = 2048


class SpecTokens:
    """The Tokens port where there are no Secrets."""

    async def of(self, request: AnalysisRequest) -> str:
        """Return the token that the request holds."""
        callback = request.spec.callback
        if callback is None or callback.task_token is None:
            raise NoToken("NoToken", "The request holds no task token.")
        return callback.task_token


class KubeTokens(SpecTokens):
    """The Tokens port over the API server. A Secret is read each time, and nothing of it is kept."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    async def of(self, request: AnalysisRequest) -> str:
        """Return the token of the request, or of the Secret that it names."""
        callback = request.spec.callback
        if callback is None or callback.task_token_secret is None:
            return await super().of(request)
        return await self._read(request.metadata.namespace, callback.task_token_secret)

    async def _read(self, namespace: str, secret: TokenSecret) -> str:
        try:
            found = await self._api.call("GET", f"api/v1/namespaces/{namespace}/secrets/{secret.name}")
        except Gone as error:
            raise NoToken("SecretMissing", f"There is no Secret {namespace}/{secret.name}.") from error
        except Rejected as error:
            message = f"The operator may not read the Secret {namespace}/{secret.name}: let its ServiceAccount get it."
            raise NoToken("SecretForbidden", message) from error
        except ApiUnavailable as error:
            raise NoToken("SecretUnavailable", "The API server did not deliver the Secret.") from error
        try:
            token = base64.b64decode(found.get("data", {})[secret.key], validate=True).decode("ascii").strip()
        except (KeyError, TypeError, ValueError):
            token = ""
        if not 0 < len(token) <= _LONGEST:
            raise NoToken("SecretMissing", f"The Secret {namespace}/{secret.name} has no token under {secret.key}.")
        return token
