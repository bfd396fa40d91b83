"""Generate the CustomResourceDefinitions from the models in :mod:`analysis_operator.api`.

``python -m analysis_operator.api.crd crds`` writes them; a test fails when the committed files differ.
Structural schemas admit neither ``$ref`` nor ``anyOf`` with null, so pydantic's output is flattened here.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from analysis_operator import api

Schema = dict[str, Any]


def _unstarted(what: str, *conditions: tuple[str, str]) -> Schema:
    """Return the status until the operator's first write: without conditions, kstatus would count a new one as done."""
    return {
        "conditions": [
            {
                "type": kind,
                "status": status,
                "reason": "Pending",
                "message": f"The operator has not seen this {what} yet.",
                "lastTransitionTime": "1970-01-01T00:00:00Z",
            }
            for kind, status in (*conditions, ("Finished", "False"), ("Reconciling", "True"))
        ]
    }


_ANALYZER_NAME = api.rule(
    "self.metadata.name.matches('^[a-z]([-a-z0-9]{0,52}[a-z0-9])?$')",
    "name an Analyzer with at most 54 lower case letters, digits and '-', a letter first",
)
"""The name of a Service allows no other characters, and KEDA prefixes nine more for the HorizontalPodAutoscaler."""

_REQUEST_COLUMNS = [
    ("Verdict", "string", ".status.verdict", 0),
    ("Score", "integer", ".status.score", 0),
    ("Status", "string", '.status.conditions[?(@.type=="Succeeded")].reason', 0),
    ("Progress", "integer", ".status.progress", 0),
    ("Duration", "string", ".status.duration", 0),
    ("Age", "date", ".metadata.creationTimestamp", 0),
    ("Source", "string", ".spec.source.uri", 1),
    ("Report", "string", ".status.reportURI", 1),
    # A string and no date: the operator reads it, too, and a date would come as "5d".
    (api.EXPIRES_COLUMN, "string", ".status.expiresAt", 1),
    (api.NOTIFIED_COLUMN, "string", '.status.conditions[?(@.type=="Notified")].status', 1),
]
_BATCH_COLUMNS = [
    ("Status", "string", '.status.conditions[?(@.type=="Complete")].reason', 0),
    ("Progress", "integer", ".status.progress", 0),
    ("Total", "integer", ".status.total", 0),
    ("Fake", "integer", ".status.counts.likelyFake", 0),
    ("Suspicious", "integer", ".status.counts.suspicious", 0),
    ("Failed", "integer", ".status.counts.failed", 0),
    ("Running", "integer", ".status.running", 0),
    ("Per-Minute", "integer", ".status.perMinute", 0),
    ("Age", "date", ".metadata.creationTimestamp", 0),
    ("End", "string", ".status.estimatedEnd", 1),
    ("Results", "string", ".status.resultsURI", 1),
]
_ANALYZER_COLUMNS = [
    ("Ready", "string", '.status.conditions[?(@.type=="Ready")].status', 0),
    ("Pods", "integer", ".status.replicas", 0),
    ("Queued", "integer", ".status.queued", 0),
    ("Running", "integer", ".status.running", 0),
    ("Age", "date", ".metadata.creationTimestamp", 0),
    ("Scaling", "string", '.status.conditions[?(@.type=="ScalingActive")].reason', 1),
    ("Image", "string", ".spec.image", 1),
]
_ERASURE_COLUMNS = [
    ("Analysis", "string", ".spec.name", 0),
    ("Age", "date", ".metadata.creationTimestamp", 0),
    ("UID", "string", ".spec.uid", 1),
]
_SUBSCRIPTION_COLUMNS = [
    ("Ready", "string", '.status.conditions[?(@.type=="Ready")].status', 0),
    ("Reason", "string", '.status.conditions[?(@.type=="Ready")].reason', 0),
    ("Sink", "string", ".spec.sink", 0),
    ("Age", "date", ".metadata.creationTimestamp", 0),
    ("Mode", "string", ".spec.mode", 1),
]


def structural(model: type[api.Resource]) -> Schema:
    """Return a model's structural schema: no ``$ref``, no ``title``, no null alternative."""
    raw = model.model_json_schema(by_alias=True, mode="validation")
    definitions = raw.pop("$defs", {})
    return _flatten(raw, definitions)


def _flatten(node: Schema, definitions: dict[str, Schema]) -> Schema:
    if "$ref" in node:
        target = definitions[node["$ref"].rsplit("/", 1)[1]]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    if "anyOf" in node:
        (only,) = [option for option in node["anyOf"] if option.get("type") != "null"]
        rest = {key: value for key, value in node.items() if key not in {"anyOf", "default"}}
        return _flatten({**only, **rest}, definitions)
    if "const" in node:
        node = {**node, "enum": [node["const"]], "type": "string"}
    flat = {key: value for key, value in node.items() if key not in {"title", "const", "additionalProperties"}}
    if "default" in node:
        flat["default"] = _stated(node["default"])
    if "properties" in node:
        flat["properties"] = {name: _flatten(field, definitions) for name, field in node["properties"].items()}
    if "items" in node:
        flat["items"] = _flatten(node["items"], definitions)
    if isinstance(node.get("additionalProperties"), dict):
        flat["additionalProperties"] = _flatten(node["additionalProperties"], definitions)
    return flat


def _stated(default: object) -> object:
    """Return a default without what is null in it: the API server refuses a null where a field has a type."""
    if not isinstance(default, dict):
        return default
    return {name: _stated(value) for name, value in default.items() if value is not None}


def _definition(
    kind: str,
    plural: str,
    short: str,
    models: tuple[type[api.Resource], type[api.Resource], type[api.Resource] | None],
    version: Schema,
) -> Schema:
    resource, spec, status = models
    properties = {"spec": structural(spec)}
    if status is not None:
        properties["status"] = structural(status) | version.pop("status", {})
    version_schema = {
        "type": "object",
        "description": resource.__doc__,
        "required": ["spec"],
        **version.pop("rules", {}),
        "properties": properties,
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{api.GROUP}"},
        "spec": {
            "group": api.GROUP,
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": [short],
                "categories": ["silverguardian"],
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": api.VERSION,
                    "served": True,
                    "storage": True,
                    **({"subresources": {"status": {}}} if status is not None else {}),
                    "schema": {"openAPIV3Schema": version_schema},
                    **version,
                }
            ],
        },
    }


def _columns(rows: list[tuple[str, str, str, int]]) -> list[Schema]:
    return [{"name": name, "type": kind, "jsonPath": path, "priority": wide} for name, kind, path, wide in rows]


def definitions() -> dict[str, Schema]:
    """Return every CustomResourceDefinition, by file name."""
    request = _definition(
        "AnalysisRequest",
        "analysisrequests",
        "areq",
        (api.AnalysisRequest, api.RequestSpec, api.RequestStatus),
        {
            "status": {"default": _unstarted("request", ("Succeeded", "Unknown"))},
            "additionalPrinterColumns": _columns(_REQUEST_COLUMNS),
            "selectableFields": [
                {"jsonPath": ".spec.source.uri"},
                {"jsonPath": ".status.verdict"},
                {"jsonPath": ".status.expiresAt"},
            ],
        },
    )
    analyzer = _definition(
        "Analyzer",
        "analyzers",
        "anz",
        (api.Analyzer, api.AnalyzerSpec, api.AnalyzerStatus),
        {
            "rules": {"x-kubernetes-validations": [_ANALYZER_NAME]},
            "additionalPrinterColumns": _columns(_ANALYZER_COLUMNS),
        },
    )
    erasure = _definition(
        "AnalysisErasure",
        "analysiserasures",
        "aerase",
        (api.AnalysisErasure, api.ErasureSpec, None),
        {"additionalPrinterColumns": _columns(_ERASURE_COLUMNS)},
    )
    batch = _definition(
        "AnalysisBatch",
        "analysisbatches",
        "abatch",
        (api.AnalysisBatch, api.BatchSpec, api.BatchStatus),
        {
            "status": {"default": _unstarted("batch", ("Accepted", "Unknown"), ("Complete", "False"))},
            "additionalPrinterColumns": _columns(_BATCH_COLUMNS),
        },
    )
    subscription = _definition(
        "AnalysisSubscription",
        "analysissubscriptions",
        "asub",
        (api.AnalysisSubscription, api.SubscriptionSpec, api.SubscriptionStatus),
        {"additionalPrinterColumns": _columns(_SUBSCRIPTION_COLUMNS)},
    )
    return {
        "analysisbatches.yaml": batch,
        "analysiserasures.yaml": erasure,
        "analysisrequests.yaml": request,
        "analysissubscriptions.yaml": subscription,
        "analyzers.yaml": analyzer,
    }


class _Plain(yaml.SafeDumper):
    """Writes a repeated value out each time instead of as an anchor and aliases."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def render(definition: Schema) -> str:
    """Return one definition as YAML, with a comment that says where it comes from."""
    head = "# Generated from operator/src/analysis_operator/api/ by `make generate`. Do not edit.\n"
    return head + yaml.dump(definition, Dumper=_Plain, sort_keys=False, width=110)


def main() -> None:
    """Write the definitions into the folder named on the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, definition in definitions().items():
        (folder / name).write_text(render(definition))


if __name__ == "__main__":
    main()
