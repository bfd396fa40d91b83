"""The status API as the chart installs it: its image, its rights, its probes, on a cluster's nodes."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

from tests.support.web.status_service import StatusService

pytestmark = pytest.mark.together("calm")


def _get(url: str) -> tuple[int, dict[str, str], bytes]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=30) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def test_it_gets_ready_with_the_rights_of_the_chart_and_serves_the_page(status_api: StatusService) -> None:
    address = status_api.address()
    status, headers, page = _get(f"{address}/")
    assert status == 200
    assert b"<main" in page
    assert "https://media.s3." in headers["content-security-policy"]
    config = json.loads(_get(f"{address}/app/config.json")[2])
    assert config == {"maxUploadBytes": 536_870_912, "signIn": None, "tokenLinks": True}


def test_it_lets_no_one_in_without_a_token(status_api: StatusService) -> None:
    address = status_api.address()
    status, headers, body = _get(f"{address}/v1/analyses")
    assert (status, headers["content-type"]) == (401, "application/problem+json")
    assert "Authorization: Bearer" in json.loads(body)["detail"]
