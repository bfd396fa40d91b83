"""The tokens of tasks that wait: in the request, or in a Secret beside it that this operator is allowed to get."""

from __future__ import annotations

from analysis_operator.api import AnalysisRequest
from analysis_operator.callbacks.delivery import NoToken
from analysis_operator.kube.client import KubeApi
from analysis_operator.kube.secrets import NoSecret, Secrets


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
        self._secrets = Secrets(api)

    async def of(self, request: AnalysisRequest) -> str:
        """Return the token of the request, or of the Secret that it names."""
        callback = request.spec.callback
        if callback is None or callback.task_token_secret is None:
            return await super().of(request)
        secret = callback.task_token_secret
        try:
            return await self._secrets.read(request.metadata.namespace, secret.name, secret.key)
        except NoSecret as error:
            raise NoToken(error.code, str(error)) from error
