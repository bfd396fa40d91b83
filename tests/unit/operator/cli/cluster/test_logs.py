"""`kubectl guardian logs`: the lines about one request, over HTTP as the API server sends them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from kubernetes.aio import client

from analysis_operator.cli.cluster.asking import show_logs
from analysis_operator.cli.cluster.client import Cluster
from analysis_operator.cli.cluster.connection import Target
from analysis_operator.cli.cluster.errors import NotAllowed, Refused
from analysis_operator.kube.client import KubeApi

UID = "0190ad5e-3f1f"
LOG = f'{{"job": "{UID}.audio", "event": "analysis ended \x1b[31m"}}\n{{"job": "other.audio"}}\n'.encode()
REQUEST = "/apis/silverguardian.io/v1alpha1/namespaces/default/analysisrequests/call-7"
PODS = "/api/v1/namespaces/silver-guardian/pods"


@pytest.fixture
async def served() -> AsyncIterator[dict[str, Any]]:
    """Answers by path, which a test fills."""
    answers: dict[str, Any] = {}

    async def answer(asked: web.Request) -> web.Response:
        status, body = answers.get(asked.path, (404, {"message": "not found"}))
        return (
            web.Response(status=status, body=body)
            if isinstance(body, bytes)
            else web.json_response(body, status=status)
        )

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    answers["host"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield answers
    await runner.cleanup()


@pytest.fixture
async def cluster(served: dict[str, Any]) -> AsyncIterator[Cluster]:
    configuration = client.Configuration()
    configuration.host = served.pop("host")
    opened = Cluster(KubeApi(client.ApiClient(configuration)), "default", Target(None, None, None))
    yield opened
    await opened.close()


def worked_on(*pods: str) -> tuple[int, dict[str, Any]]:
    entries = [{"name": f"a{number}", "pod": pod} for number, pod in enumerate(pods)]
    spec = {"source": {"uri": "s3://media/x"}}
    return 200, {"metadata": {"name": "call-7", "uid": UID}, "spec": spec, "status": {"analyses": entries}}


async def test_lines_about_the_request_are_shown_and_others_with_all(
    served: dict[str, Any], cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    served |= {REQUEST: worked_on("audio-1", "audio-1"), f"{PODS}/audio-1/log": (200, LOG)}
    assert await show_logs(cluster, "call-7", follow=False, everything=False) == 0
    assert capsys.readouterr().out == f'[audio-1] {{"job": "{UID}.audio", "event": "analysis ended \\x1b[31m"}}\n'
    assert await show_logs(cluster, "call-7", follow=True, everything=True) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


async def test_a_pod_that_is_gone_or_says_nothing_is_named(
    served: dict[str, Any], cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    served |= {REQUEST: worked_on("gone", "quiet"), f"{PODS}/quiet/log": (200, b'{"job": "other"}\n')}
    assert await show_logs(cluster, "call-7", follow=False, everything=False) == 1
    assert capsys.readouterr().err.splitlines() == [
        "Pod gone is gone, and its log with it.",
        "Pod quiet has logged nothing about call-7; --all shows all of its log.",
    ]


async def test_without_a_pod_or_the_right_it_ends_with_a_sentence(served: dict[str, Any], cluster: Cluster) -> None:
    served[REQUEST] = worked_on()
    with pytest.raises(Refused, match="No pod has worked on call-7 yet"):
        await show_logs(cluster, "call-7", follow=False, everything=False)
    served |= {REQUEST: worked_on("audio-1"), f"{PODS}/audio-1/log": (403, {"message": "no pods/log"})}
    with pytest.raises(NotAllowed, match=r"You may not do this here: no pods/log\."):
        await show_logs(cluster, "call-7", follow=False, everything=False)
