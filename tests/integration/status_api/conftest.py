"""What stands behind the status API, all of it real: an API server, PostgreSQL, an S3 server, an identity provider."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.packages import client_tools
from tests.cluster.paths import repo_root
from tests.cluster.progress import Progress
from tests.cluster.shell import run
from tests.support.aws.s3 import S3Process
from tests.support.kubernetes.apiserver import OPERATOR_TOKEN, ApiServer
from tests.support.records.postgres import Postgres
from tests.support.web.oidc import AUDIENCE, Provider

TENANTS = {"family-one": "one", "family-two": "two"}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tell the tests that schemathesis makes apart: of those with one id several processes would run only the first."""
    if item.parent is not None and not item.nodeid.endswith(item.name):
        item._id = item.parent.id.child(item.name)


@pytest.fixture(scope="package")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture
def database(postgres: Postgres) -> str:
    return postgres.create(f"status-{uuid.uuid4().hex[:12]}")


@pytest.fixture(scope="package")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Process]:
    with S3Process(tmp_path_factory.mktemp("s3")) as server:
        for bucket in ("media", "results"):
            server.make_bucket(bucket)
        yield server


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as server:
        yield server


def _chart(folder: Path) -> list[dict[str, Any]]:
    values = folder / "values.yaml"
    oidc = {"issuer": "https://id.example", "audience": AUDIENCE}
    values.write_text(yaml.safe_dump({"statusApi": {"enabled": True, "oidc": oidc, "tenants": TENANTS}}))
    helm, chart = client_tools(Progress("clients", 1)) / "helm", repo_root() / "charts" / "silver-guardian"
    text = run(helm, "template", "guardian", chart, "--values", values).stdout
    return [document for document in yaml.safe_load_all(text) if document]


@pytest.fixture(scope="package")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A server on which the status API has the rights that the chart gives it, and no other."""
    folder = tmp_path_factory.mktemp("apiserver")
    with ApiServer(folder) as server:
        for name in ("analysiserasures", "analysisrequests"):
            server.kubectl("apply", "-f", str(repo_root() / "crds" / f"{name}.yaml"))
        server.kubectl("wait", "--for=condition=Established", "crd", "--all")
        for namespace in ("one", "two", "others"):
            server.kubectl("create", "namespace", namespace)
        mine = [manifest for manifest in _chart(folder) if manifest["metadata"]["name"].endswith("status-api")]
        roles = [manifest for manifest in mine if manifest["kind"] in {"Role", "RoleBinding"}]
        for role in roles:
            if role["kind"] == "RoleBinding":
                user = {"kind": "User", "name": "operator", "apiGroup": "rbac.authorization.k8s.io"}
                role["subjects"] = [user]  # who has the second token here
        assert {role["metadata"]["namespace"] for role in roles} == {"one", "two"}
        server.apply(*roles)
        yield server


@pytest.fixture
def cluster(api_server: ApiServer, tmp_path: Path) -> dict[str, Any]:
    """The settings that lead to that server."""
    (tmp_path / "token").write_text(OPERATOR_TOKEN)
    config = yaml.safe_load(api_server.kubeconfig.read_text())
    return {
        "kubernetes_url": config["clusters"][0]["cluster"]["server"],
        "kubernetes_token_file": tmp_path / "token",
        "kubernetes_ca_file": api_server.folder / "certs" / "apiserver.crt",
        "tenants": TENANTS,
        "oidc_audience": AUDIENCE,
    }
