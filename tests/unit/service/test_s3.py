"""S3 URIs: one pattern wherever they are checked; and clients for AWS and for other servers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from analysis_operator.api import crd
from analysis_operator.settings import Settings as OperatorSettings
from analyzer_contract import AnalysisJob, SourceObject
from context_analyzer.settings import ContextSettings
from guardian_service import s3, s3_client
from status_api.settings import Settings as StatusApiSettings
from status_api.wire import Source
from tests.cluster.paths import repo_root

BUCKETS = ["a-b", "media.calls", "0" * 63]
NO_BUCKETS = ["", "a", "ab", "Media", "-media", "media-", "me_dia", "media@evil", "0" * 64]


def pattern_of(model: type[BaseModel], field: str) -> str:
    """Return the pattern in the JSON schema of a field, which may also be null."""
    schema: dict[str, Any] = model.model_json_schema(by_alias=False)["properties"][field]
    (pattern,) = (part["pattern"] for part in (schema, *schema.get("anyOf", ())) if "pattern" in part)
    return str(pattern)


def patterns_of(schema: object) -> list[str]:
    """Return every pattern for S3 URIs in a JSON schema."""
    if isinstance(schema, list):
        return [pattern for part in schema for pattern in patterns_of(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema["pattern"]] if "s3://" in str(schema.get("pattern", "")) else []
    return own + [pattern for part in schema.values() for pattern in patterns_of(part)]


def test_whatever_takes_an_object_takes_the_same_ones() -> None:
    assert pattern_of(SourceObject, "uri") == s3.OBJECT_PATTERN
    (version,) = crd.definitions()["analysisrequests.yaml"]["spec"]["versions"]
    source = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["source"]
    rules = source["properties"]["uri"]["x-kubernetes-validations"]
    assert [rule["rule"] for rule in rules] == [
        f"self.matches(r'{s3.OBJECT_PATTERN}')",
        f"!self.matches(r'{s3.DOTS_PATTERN}')",
        f"!self.matches(r'{s3.re2(s3.HIDING_PATTERN)}')",
    ]
    assert pattern_of(Source, "uri") == s3.PLAIN_OBJECT_PATTERN
    assert (
        source["properties"]["uri"]["maxLength"] == SourceObject.model_json_schema()["properties"]["uri"]["maxLength"]
    )


def test_whatever_takes_a_prefix_takes_the_same_ones() -> None:
    assert pattern_of(AnalysisJob, "result_prefix") == s3.FOLDER_PATTERN
    fields = ((OperatorSettings, "results_uri"), (StatusApiSettings, "results_uri"), (StatusApiSettings, "uploads_uri"))
    assert {pattern_of(*field) for field in fields} == {s3.PREFIX_PATTERN}


def test_the_chart_takes_what_the_settings_take() -> None:
    schema = json.loads((repo_root() / "charts" / "silver-guardian" / "values.schema.json").read_text())
    or_empty = f"^({s3.PREFIX_PATTERN.removeprefix('^').removesuffix('$')})?$"
    assert sorted(patterns_of(schema)) == sorted([*[or_empty] * 2, *[s3.GRANT_PATTERN] * 2, s3.PREFIX_PATTERN])


@pytest.mark.parametrize("pattern", [pattern_of(Source, "uri"), pattern_of(ContextSettings, "context_transcripts")])
def test_stricter_patterns_name_buckets_alike(pattern: str) -> None:
    assert s3.BUCKET_PATTERN in pattern


@pytest.mark.parametrize("pattern", [s3.OBJECT_PATTERN, s3.FOLDER_PATTERN, s3.PREFIX_PATTERN])
def test_a_bucket_is_named_by_the_rules_of_s3(pattern: str) -> None:
    assert all(re.search(pattern, f"s3://{bucket}/calls/") for bucket in BUCKETS)
    assert not any(re.search(pattern, f"s3://{bucket}/calls/") for bucket in NO_BUCKETS)
    assert not re.search(pattern, "S3://media/calls/")


OPEN = "s3://media/team/"
HIDING = [
    "../evil/a",
    "a/../../evil/b",
    "./a",
    "a/.",
    "a/..",
    "a\nb",
    "a\0b",
    "a\x7f",
    "a\x9b",
    "call\u202evaw.exe",
    "a\u2067b",
]
PLAIN = ["call.wav", "a//b", ".hidden", "..a/...", "a.b/..c", "통화 녹음.m4a", "a?b#c%2e%2e/d"]


@pytest.mark.parametrize("key", HIDING)
def test_a_key_that_is_not_what_it_looks_like_is_under_no_grant(key: str) -> None:
    assert not s3.is_plain(f"{OPEN}{key}")
    with pytest.raises(ValidationError):
        Source(uri=f"{OPEN}{key}")
    assert not s3.is_granted(f"{OPEN}{key}", [OPEN])


@pytest.mark.parametrize("key", PLAIN)
def test_a_plain_key_is_granted_by_its_folder_and_its_bucket_alone(key: str) -> None:
    uri = f"{OPEN}{key}"
    assert Source(uri=uri).uri == uri
    assert all(s3.is_granted(uri, [prefix]) for prefix in (OPEN, "s3://media", "s3://media/"))
    assert not s3.is_granted(uri, [])
    assert not any(s3.is_granted(uri, [prefix]) for prefix in ("s3://med", "s3://media/tea", "s3://media/team/other/"))


def test_a_grant_does_not_reach_what_only_begins_like_it() -> None:
    assert not s3.is_granted("s3://media-evil/a", ["s3://media"])
    assert not s3.is_granted("s3://media/team-evil/a", ["s3://media/team/"])


@pytest.mark.parametrize("settings", [{"grants": {"n": [0]}}, {"sources": {"n": [0]}}])
@pytest.mark.parametrize(
    "prefix", ["s3://", "s3://media/team", "s3://media/../", "s3://media/a/./", "media/", "s3://*/"]
)
def test_a_prefix_is_a_bucket_or_ends_with_a_slash(settings: dict[str, Any], prefix: str) -> None:
    (field,) = settings
    made: type[BaseModel] = OperatorSettings if field == "grants" else StatusApiSettings
    for good in ("s3://media", "s3://media/", "s3://media/team/"):
        made.model_validate({field: {"team": [good]}})
    with pytest.raises(ValidationError):
        made.model_validate({field: {"team": [prefix]}})
    with pytest.raises(ValidationError):
        made.model_validate({field: {"Team": ["s3://media/"]}})


def test_nothing_is_granted_by_default() -> None:
    assert OperatorSettings().grants == {}


@given(st.text(min_size=1, max_size=50))
def test_a_key_may_hold_any_character(key: str) -> None:
    assert s3.split_uri(f"s3://bucket/{key}") == ("bucket", key)


@pytest.mark.parametrize(
    ("uri", "parts"), [("s3://a/b/c", ("a", "b/c")), ("s3://a/", ("a", "")), ("s3://a/b?x#y", ("a", "b?x#y"))]
)
def test_uris_are_split_as_they_are_written(uri: str, parts: tuple[str, str]) -> None:
    assert s3.split_uri(uri) == parts


def test_the_environment_names_region_and_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    assert (s3_client.region(), s3_client.custom_endpoint()) == ("us-east-1", None)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://all")
    assert (s3_client.region(), s3_client.custom_endpoint()) == ("eu-west-1", "http://all")
    monkeypatch.setenv("AWS_REGION", "eu-west-2")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://s3")
    assert (s3_client.region(), s3_client.custom_endpoint()) == ("eu-west-2", "http://s3")


def test_another_server_than_aws_is_addressed_by_path() -> None:
    config: Any = s3_client.client_config("http://s3", aws_style="virtual", read_timeout=7)
    assert (config.s3, config.read_timeout) == ({"addressing_style": "path"}, 7)
    assert (config.request_checksum_calculation, config.response_checksum_validation) == ("when_required",) * 2
    aws: list[Any] = [s3_client.client_config(None), s3_client.client_config(None, aws_style="virtual")]
    assert [config.s3 for config in aws] == [{}, {"addressing_style": "virtual"}]


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, guardian_service.s3, guardian_service.s3_client, guardian_service.settings\n"
        "import guardian_service.validation\n"
        "print(*sys.modules)"
    )
    imported = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    )
    assert "pydantic" in imported
    assert imported & {"asyncio", "boto3", "botocore", "fastapi", "structlog", "uvicorn"} == set()
