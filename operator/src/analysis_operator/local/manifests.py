"""Check a manifest as the API server would: reject unknown fields, check values, fill in defaults."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import ValidationError

from analysis_operator.api import API_VERSION, AnalysisRequest, Metadata, RequestSpec, RequestStatus, crd
from analysis_operator.errors import OperatorError

Manifest = dict[str, Any]

KIND = "AnalysisRequest"
DEFAULT_NAMESPACE = "default"
_TOP = ("apiVersion", "kind", "metadata", "spec", "status")
_METADATA = ("name", "namespace", "labels", "annotations")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME_LIMIT = 253
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_CHANGEABLE = {"cancel", "priority", "suspend"}


class InvalidManifest(OperatorError):
    """The manifest is not valid; the message says what to write instead."""


@dataclass(frozen=True)
class CheckedManifest:
    """A manifest that was read, and what :func:`read` made of it."""

    manifest: Manifest
    metadata: Metadata
    spec: RequestSpec

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.metadata.namespace, self.metadata.name


def title(manifest: Mapping[str, Any]) -> str:
    """Return a name of a manifest for messages, whatever is wrong with it."""
    meta = manifest.get("metadata")
    name = meta.get("name") if isinstance(meta, Mapping) else None
    return f"{manifest.get('kind', 'manifest')} {name or 'without a name'}"


def read(manifest: Mapping[str, Any]) -> tuple[Metadata, RequestSpec]:
    """Return the checked metadata and spec of an AnalysisRequest.

    Raises:
        InvalidManifest: names every problem.
    """
    problems = list(_head_problems(manifest))
    spec = manifest.get("spec")
    if not isinstance(spec, Mapping):
        problems.append("spec is missing: set at least spec.source.uri")
        raise _invalid_manifest(manifest, problems)
    schema, _ = _schemas()
    problems += _unknown(spec, schema, "spec")
    checked: RequestSpec | None = None
    try:
        checked = RequestSpec.model_validate(spec, strict=True)
    except ValidationError as error:
        problems += [_field_problem(detail) for detail in error.errors(include_url=False)]
    if checked is not None and len(set(checked.analyzers)) < len(checked.analyzers):
        problems.append("spec.analyzers: name each analyzer once")
    if problems or checked is None:
        raise _invalid_manifest(manifest, problems)
    meta = manifest["metadata"]
    return Metadata(name=meta["name"], namespace=meta.get("namespace", DEFAULT_NAMESPACE)), checked


def check_update(before: AnalysisRequest, spec: RequestSpec) -> None:
    """Reject what the CRD's rules reject: only cancel, priority and suspend can change, and cancel cannot be undone.

    Raises:
        InvalidManifest: names every problem.
    """
    old, new = before.spec.model_dump(by_alias=True), spec.model_dump(by_alias=True)
    changed = [name for name in old if old[name] != new[name] and name not in _CHANGEABLE]
    problems = [f"spec.{name} cannot change: create another AnalysisRequest" for name in changed]
    if before.spec.cancel and not spec.cancel:
        problems.append("a cancelled request stays so: create another AnalysisRequest")
    if problems:
        raise InvalidManifest(f"{KIND} {before.metadata.name}: {'; '.join(problems)}")


def first_status() -> RequestStatus:
    """Return the status of a new request, by the CRD's default."""
    _, default = _schemas()
    return RequestStatus.model_validate(default)


def _invalid_manifest(manifest: Mapping[str, Any], problems: list[str]) -> InvalidManifest:
    return InvalidManifest(f"{title(manifest)}: {'; '.join(problems)}")


def _head_problems(manifest: Mapping[str, Any]) -> Iterator[str]:
    if manifest.get("apiVersion") != API_VERSION or manifest.get("kind") != KIND:
        yield f"only apiVersion {API_VERSION}, kind {KIND} is supported here"
    yield from (_unknown_field(name, _TOP, "") for name in manifest if name not in _TOP)
    meta = manifest.get("metadata")
    if not isinstance(meta, Mapping) or not meta.get("name"):
        yield "metadata.name is missing"
        return
    yield from (_unknown_field(name, _METADATA, "metadata") for name in meta if name not in _METADATA)
    name, namespace = str(meta["name"]), str(meta.get("namespace", DEFAULT_NAMESPACE))
    if not _NAME.fullmatch(name) or len(name) > _NAME_LIMIT:
        yield "metadata.name: use lower case letters, digits, '-' and '.', and start and end with a letter or digit"
    if not _NAMESPACE.fullmatch(namespace):
        yield "metadata.namespace: use at most 63 lower case letters, digits and '-'"
    for part in ("labels", "annotations"):
        values = meta.get(part) or {}
        if not isinstance(values, Mapping) or not all(isinstance(value, str) for value in values.values()):
            yield f"metadata.{part}: every value is a string; put numbers and true or false in quotes"


def _unknown(value: Mapping[str, Any], schema: Mapping[str, Any], where: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    for name, field in value.items():
        if name not in properties:
            yield _unknown_field(name, tuple(properties), where)
        elif isinstance(field, Mapping):
            yield from _unknown(field, properties[name], f"{where}.{name}")


def _unknown_field(name: str, fields: tuple[str, ...], where: str) -> str:
    path = f"{where}.{name}" if where else str(name)
    near = difflib.get_close_matches(str(name), fields, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"the fields are {', '.join(fields)}"
    return f"unknown field {path}: {hint}"


def _field_problem(detail: Mapping[str, Any]) -> str:
    path = ".".join(["spec", *(str(part) for part in detail["loc"])])
    return f"{path}: {str(detail['msg']).removeprefix('Value error, ')}"


@cache
def _schemas() -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    (version,) = crd.definitions()["analysisrequests.yaml"]["spec"]["versions"]
    properties = version["schema"]["openAPIV3Schema"]["properties"]
    return properties["spec"], properties["status"]["default"]
