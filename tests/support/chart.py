"""The Helm chart, rendered by helm itself, and what is looked for in what it renders."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.packages import client_tools
from tests.cluster.paths import repo_root
from tests.cluster.progress import Progress
from tests.cluster.shell import run

CHART = repo_root() / "charts" / "silver-guardian"

type Manifest = dict[str, Any]


@cache
def helm() -> Path:
    """Return helm, fetched if it is not there yet."""
    return client_tools(Progress("clients", 1)) / "helm"


def rendered(
    tmp_path: Path, values: Manifest | None = None, *, release: str = "silver-guardian", namespace: str = "guardians"
) -> list[Manifest]:
    """Return the objects that helm makes of these values, the definitions included."""
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values or {}))
    text = run(helm(), "template", release, CHART, "--namespace", namespace, "--values", file, "--include-crds").stdout
    return [document for document in yaml.load_all(text, yaml.CSafeLoader) if document]


def only(manifests: list[Manifest], kind: str) -> Manifest:
    """Return the one object of a kind."""
    (match,) = [manifest for manifest in manifests if manifest["kind"] == kind]
    return match


def spec_of(manifests: list[Manifest], analyzer: str) -> Manifest:
    """Return the spec of an Analyzer."""
    (spec,) = [
        manifest["spec"]
        for manifest in manifests
        if (manifest["kind"], manifest["metadata"]["name"]) == ("Analyzer", analyzer)
    ]
    assert isinstance(spec, dict)
    return spec


def container(manifests: list[Manifest]) -> Manifest:
    """Return the one container of the one Deployment."""
    (entry,) = only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert isinstance(entry, dict)
    return entry


STATUS_API: Manifest = {
    "enabled": True,
    "oidc": {"issuer": "https://id.example", "audience": "guardian"},
    "tenants": {"family-kim": "kim", "family-lee": "lee", "grandma-lee": "lee"},
}
