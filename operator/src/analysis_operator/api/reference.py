"""Generate docs/reference.md, every field of the resources, from the CustomResourceDefinitions.

``python -m analysis_operator.api.reference docs/reference.md`` writes it; a test fails when the committed page differs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from analysis_operator.api.crd import Schema, definitions

_HEAD = """# Every field

Generated from `operator/src/analysis_operator/api/` by `make generate`; do not edit. `kubectl explain areq.spec` and
`kubectl explain analyzer.spec` show the same on a cluster. Conditions and their reasons: [reasons](reasons.md).
"""
_COLUMNS = "| field | type | default | meaning |\n|---|---|---|---|"


def render() -> str:
    """Return the whole page as Markdown."""
    return "\n".join([_HEAD, *(_kind(definition) for definition in definitions().values())])


def _kind(definition: Schema) -> str:
    names = definition["spec"]["names"]
    version = definition["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    columns = [column["name"].upper() for column in version["additionalPrinterColumns"]]
    parts = [
        f"## {names['kind']}\n",
        f"{schema['description']} API version `{definition['spec']['group']}/{version['name']}`, "
        f"short name `{names['shortNames'][0]}`.",
        f"`kubectl get {names['shortNames'][0]} -o wide` shows {', '.join(columns)}.\n",
    ]
    for name in schema["properties"]:
        field = schema["properties"][name]
        parts += [f"### {names['kind']} {name}\n", f"{field['description']}\n", _COLUMNS, *_rows(field, ""), ""]
    if rules := sorted(set(_rules(schema))):
        parts += ["Refused with these sentences:\n", *(f"- {_cell(message)}" for message in rules), ""]
    return "\n".join(parts)


def _rows(schema: Schema, prefix: str) -> Iterator[str]:
    for name, field in schema["properties"].items():
        required = name in schema.get("required", [])
        default = "required" if required else _default(field)
        yield f"| `{prefix}{name}` | {_type(field)} | {default} | {_cell(field.get('description', ''))} |"
        inner = field["items"] if field["type"] == "array" else field
        if "properties" in inner:
            yield from _rows(inner, f"{prefix}{name}[]." if inner is not field else f"{prefix}{name}.")


def _default(field: Schema) -> str:
    default = field.get("default")
    if default in (None, "", [], {}) or default == _default_of_fields(field):
        return ""
    return f"`{json.dumps(default, ensure_ascii=False)}`"


def _default_of_fields(field: Schema) -> Schema:
    """Return what an object holds when none of its fields is named; those are shown with their own defaults."""
    fields = field.get("properties", {}).items()
    return {name: inner["default"] for name, inner in fields if "default" in inner}


def _type(field: Schema) -> str:
    kind = field["type"]
    if kind == "array":
        bounds = _bounds(field.get("minItems"), field.get("maxItems"))
        return f"list of {_type(field['items'])}{f', {bounds} entries' if bounds else ''}"
    if "enum" in field:
        return " \\| ".join(f"`{value}`" for value in field["enum"])
    if kind == "object" and "properties" not in field:
        return "map of strings"
    if kind == "string" and field.get("format") == "date-time":
        return "time"
    bounds = _bounds(field.get("minimum"), field.get("maximum"))
    return f"{kind}, {bounds}" if bounds else kind


def _bounds(least: int | None, most: int | None) -> str:
    if most is None:
        return ""
    return f"{least or 0} to {most}"


def _rules(schema: Schema) -> Iterator[str]:
    yield from (rule["message"] for rule in schema.get("x-kubernetes-validations", []))
    inner = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    for field in inner:
        yield from _rules(field)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write the page to the file that is named on the command line."""
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
