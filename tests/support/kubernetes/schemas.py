"""JSON schemas for kubeconform: of Kubernetes' own kinds, and of every kind that a CustomResourceDefinition defines.

They come from the modules that the cluster is built from, each pinned by a go.sum. They are strict: a field that a
schema does not know is an error, where an API server would drop it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.builder import KUBECONFORM, ensure_tools, go_env
from tests.cluster.packages import go_command
from tests.cluster.paths import repo_root, tools_dir
from tests.cluster.shell import run

Schema = dict[str, Any]

LOCATION = "{{ .Group }}_{{ .ResourceAPIVersion }}_{{ .ResourceKind }}.json"
_ENVELOPE = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
_DEFINITIONS = (
    ("keda", "github.com/kedacore/keda/v2", "config/crd/bases/keda.sh_scaledobjects.yaml"),
    *(
        (
            "kubeconform",
            "github.com/prometheus-operator/prometheus-operator",
            f"example/prometheus-operator-crd/monitoring.coreos.com_{kind}.yaml",
        )
        for kind in ("servicemonitors", "prometheusrules")
    ),
)


def conform(folder: Path, manifests: str) -> Schema:
    """Check manifests, as YAML, with kubeconform against schemas that are made in a folder, and return its report."""
    program = ensure_tools((KUBECONFORM,), debian=False).path("kubeconform")
    if not any(folder.iterdir()):
        _write(folder)
    where = f"{folder}/{LOCATION}"
    done = run(program, "-strict", "-summary", "-output=json", "-schema-location", where, input=manifests, check=False)
    report: Schema = json.loads(done.stdout)
    return report


def _write(folder: Path) -> None:
    """Make a schema of every kind."""
    swagger = json.loads((_module("kubernetes", "k8s.io/kubernetes") / "api/openapi-spec/swagger.json").read_text())
    for name, schema in _kubernetes(swagger["definitions"]):
        (folder / name).write_text(json.dumps(schema))
    files = [_module(pinned, module) / path for pinned, module, path in _DEFINITIONS]
    for file in [*files, *(repo_root() / "crds").glob("*.yaml")]:
        for name, schema in _custom(yaml.load(file.read_text(), yaml.CSafeLoader)):
            (folder / name).write_text(json.dumps(schema))


def _module(pinned_by: str, path: str) -> Path:
    """Return the folder of a Go module that one of our tools pins."""
    download = run(go_command(), "mod", "download", "-json", path, cwd=tools_dir() / pinned_by, env=go_env())
    return Path(json.loads(download.stdout)["Dir"])


def _kubernetes(definitions: Mapping[str, Schema]) -> Iterator[tuple[str, Schema]]:
    strict = {name: _strict(schema) for name, schema in definitions.items()}
    # Written as a string there; in YAML a number does as well.
    strict["io.k8s.apimachinery.pkg.api.resource.Quantity"] = {"type": ["string", "number"]}
    strict["io.k8s.apimachinery.pkg.util.intstr.IntOrString"] = {"type": ["string", "integer"]}
    for name, schema in definitions.items():
        for kind in schema.get("x-kubernetes-group-version-kind", ()):
            used = _reachable(name, strict)
            yield _file(kind["group"], kind["version"], kind["kind"]), {"$ref": f"#/definitions/{name}", **used}


def _reachable(name: str, definitions: Mapping[str, Schema]) -> Schema:
    """Return a definition with all that it refers to."""
    schemas: dict[str, Schema] = {}
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in schemas:
            schemas[current] = definitions[current]
            waiting += [reference.removeprefix("#/definitions/") for reference in _references(definitions[current])]
    return {"definitions": schemas}


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _custom(definition: Schema) -> Iterator[tuple[str, Schema]]:
    spec = definition["spec"]
    for version in spec["versions"]:
        schema = version["schema"]["openAPIV3Schema"]
        schema = {**schema, "properties": {**schema["properties"], **_ENVELOPE}}
        yield _file(spec["group"], version["name"], spec["names"]["kind"]), _strict(schema)


def _file(group: str, version: str, kind: str) -> str:
    return f"{group or version}_{version}_{kind.lower()}.json"


def _strict(schema: Schema) -> Schema:
    """Return a schema that takes no fields but those it names, at any depth."""
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["string", "integer"]}
    closed = dict(schema)
    if "properties" in schema:
        closed["properties"] = {name: _strict(inner) for name, inner in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            closed.setdefault("additionalProperties", False)
    if isinstance(schema.get("items"), dict):
        closed["items"] = _strict(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        closed["additionalProperties"] = _strict(schema["additionalProperties"])
    return closed
