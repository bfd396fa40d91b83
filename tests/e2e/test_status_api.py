"""The status API as the chart installs it: its image, its rights, its probes, on a cluster's nodes."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster import Cluster
from tests.support.operator.deployment import CHART, apply_crds

NAMESPACE, TENANT = "status-api-try", "family-kim"
_SELECTOR = "app.kubernetes.io/name=silver-guardian-status-api"


def _values(image: str) -> dict[str, Any]:
    repository, _, tag = image.rpartition(":")
    return {
        "enabled": True,
        "image": {"repository": repository, "tag": tag, "pullPolicy": "Never"},
        "oidc": {"issuer": "https://id.example", "audience": "guardian"},
        "tenants": {"kim": TENANT},
        "env": {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nobody"},
    }


@pytest.fixture(scope="module")
def address(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where one of its pods answers."""
    image = cluster.build_images(["status-api"])["status-api"]
    apply_crds(cluster)
    for namespace in (NAMESPACE, TENANT):
        cluster.kubectl("create", "namespace", namespace)
    values = tmp_path_factory.mktemp("chart") / "values.json"
    values.write_text(json.dumps({"statusApi": _values(image)}))
    options = ("--namespace", NAMESPACE, "--values", str(values), "--show-only", "templates/status-api.yaml")
    manifests = cluster.helm("template", "try", str(CHART), *options).stdout
    cluster.kubectl("apply", "--filename", "-", input=manifests)
    # Ready means that it lists and watches the tenant's namespace.
    cluster.kubectl("rollout", "status", "deployment", "--namespace", NAMESPACE, "--timeout=120s")
    pods = cluster.kubectl("get", "pods", "--namespace", NAMESPACE, "--selector", _SELECTOR, "--output", "json").stdout
    yield f"http://{json.loads(pods)['items'][0]['status']['podIP']}:8080"
    cluster.kubectl("delete", "namespace", NAMESPACE, TENANT)


def _get(url: str) -> tuple[int, dict[str, str], bytes]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def test_it_gets_ready_with_the_rights_of_the_chart_and_serves_the_page(address: str) -> None:
    status, headers, page = _get(f"{address}/")
    assert status == 200
    assert b"<main" in page
    assert "https://media.s3." in headers["content-security-policy"]
    assert json.loads(_get(f"{address}/app/config.json")[2]) == {"maxUploadBytes": 536_870_912, "signIn": None}


def test_it_lets_no_one_in_without_a_token(address: str) -> None:
    status, headers, body = _get(f"{address}/v1/analyses")
    assert (status, headers["content-type"]) == (401, "application/problem+json")
    assert "Authorization: Bearer" in json.loads(body)["detail"]
