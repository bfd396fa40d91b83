"""Where the token of a waiting task is, and what is said where it is not."""

from __future__ import annotations

import base64
from typing import Any, cast

import pytest

from analysis_operator.callbacks.delivery import NoToken
from analysis_operator.callbacks.kube_tokens import KubeTokens
from analysis_operator.errors import ApiUnavailable, Gone, Rejected
from analysis_operator.kube.client import KubeApi
from tests.support.operator.requests import request

SECRET = {"taskTokenSecret": {"name": "waits"}}


class Api:
    """An API server with one Secret, or with a reason why not."""

    def __init__(self, data: dict[str, str] | None = None, error: Exception | None = None) -> None:
        self.data = data
        self.error = error
        self.asked: list[str] = []

    async def call(self, method: str, path: str) -> dict[str, Any]:
        self.asked.append(f"{method} {path}")
        if self.error:
            raise self.error
        return {"data": self.data} if self.data is not None else {}


async def token_of(api: Api, callback: dict[str, Any]) -> str:
    return await KubeTokens(cast("KubeApi", api)).of(request(namespace="kim", callback=callback))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


async def test_a_token_in_the_request_needs_no_secret() -> None:
    api = Api()
    assert await token_of(api, {"taskToken": "AAA"}) == "AAA"
    assert api.asked == []


async def test_a_token_is_read_from_the_secret_in_the_requests_own_namespace() -> None:
    api = Api({"token": encoded("BBB\n"), "other": encoded("CCC")})
    assert await token_of(api, SECRET) == "BBB"
    assert await token_of(api, {"taskTokenSecret": {"name": "waits", "key": "other"}}) == "CCC"
    assert set(api.asked) == {"GET api/v1/namespaces/kim/secrets/waits"}


@pytest.mark.parametrize(
    ("api", "code"),
    [
        (Api(error=Gone("none")), "SecretMissing"),
        (Api(error=Rejected("403 forbidden")), "SecretForbidden"),
        (Api(error=ApiUnavailable("503")), "SecretUnavailable"),
        (Api(), "SecretMissing"),
        (Api({"other": encoded("AAA")}), "SecretMissing"),
        (Api({"token": "not base64"}), "SecretMissing"),
        (Api({"token": encoded("")}), "SecretMissing"),
        (Api({"token": encoded("A" * 2049)}), "SecretMissing"),
    ],
)
async def test_a_token_that_is_not_to_be_had_is_said_and_shown_to_nobody(api: Api, code: str) -> None:
    with pytest.raises(NoToken, match=r"waits|API server") as caught:
        await token_of(api, SECRET)
    assert caught.value.code == code
    assert "AAA" not in str(caught.value)
