"""Arguments of resources and data sources against the providers' own schemas.

The providers themselves cannot be had here, so OpenTofu cannot validate the root. Their schemas can: typed bindings are
generated from them and published for Python. They are read, not imported.
"""

from __future__ import annotations

import ast
import re
import zipfile
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from tests.cluster.packages import wheel
from tests.support.terraform.configuration import ROOT, Configuration

pytestmark = pytest.mark.integration

_META = {"count", "for_each", "depends_on", "lifecycle", "provider", "connection", "provisioners"}

type Classes = dict[str, ast.ClassDef]


@cache
def _archive(provider: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(wheel(f"cdktf-cdktf-provider-{provider}"))


@cache
def _classes(provider: str, module: str) -> Classes:
    name = f"cdktf_cdktf_provider_{provider}/{module}/__init__.py"
    if name not in _archive(provider).namelist():
        return {}
    body = ast.parse(_archive(provider).read(name)).body
    return {node.name: node for node in body if isinstance(node, ast.ClassDef)}


def _arguments(node: ast.ClassDef) -> dict[str, tuple[str, bool]]:
    """Return name → its type as written, and whether it must be given."""
    init = next(part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "__init__")
    pairs = zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)
    return {
        argument.arg.rstrip("_"): (ast.unparse(argument.annotation) if argument.annotation else "", default is None)
        for argument, default in pairs
        if argument.arg not in _META
    }


def _resource(classes: Classes) -> ast.ClassDef:
    return next(
        node
        for node in classes.values()
        if any(ast.unparse(base).endswith((".TerraformResource", ".TerraformDataSource")) for base in node.bases)
    )


def _wrong(classes: Classes, node: ast.ClassDef, values: dict[str, Any], where: str) -> Iterator[str]:
    arguments = _arguments(node)
    for name, value in values.items():
        if name in _META:
            continue
        if name not in arguments:
            yield f"{where} has no argument {name}"
            continue
        nested = next((word for word in re.findall(r"\w+", arguments[name][0]) if word in classes), None)
        for block in value if isinstance(value, list) else [value]:
            if nested and isinstance(block, dict):
                yield from _wrong(classes, classes[nested], block, f"{where}.{name}")
    for name, (_, required) in arguments.items():
        if required and name not in values:
            yield f"{where} wants {name}"


_FOUND = [
    pytest.param(labels[0], kind == "data", block, id=".".join(labels))
    for kind in ("resource", "data")
    for labels, block in Configuration(ROOT).blocks(kind)
]


@pytest.mark.parametrize(("kind", "data", "block"), _FOUND)
def test_arguments_are_those_of_the_provider(kind: str, data: bool, block: dict[str, Any]) -> None:
    provider, _, name = kind.partition("_")
    module = ("data_" + (f"{provider}_{name}" if data else "")) if data else name
    classes = _classes(provider, module)
    assert classes, f"the provider {provider} has no {kind}"
    assert list(_wrong(classes, _resource(classes), block, kind)) == []


def test_a_misspelt_a_misplaced_and_a_missing_argument_would_be_found() -> None:
    classes = _classes("aws", "autoscaling_group_tag")
    values = {"autoscaling_group": "x", "tag": [{"key": "a", "value": "b", "propagate": False}]}
    assert set(_wrong(classes, _resource(classes), values, "it")) == {
        "it has no argument autoscaling_group",
        "it wants autoscaling_group_name",
        "it.tag has no argument propagate",
        "it.tag wants propagate_at_launch",
    }
