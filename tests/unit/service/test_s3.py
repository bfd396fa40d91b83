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
from pydantic import BaseModel

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
    (rule,) = source["properties"]["uri"]["x-kubernetes-validations"]
    assert rule["rule"] == f"self.matches(r'{s3.OBJECT_PATTERN}')"
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
    begin = "^s3://"  # of grants and sources: a prefix of any length
    assert sorted(patterns_of(schema)) == sorted([or_empty, begin, s3.PREFIX_PATTERN, begin])


@pytest.mark.parametrize("pattern", [pattern_of(Source, "uri"), pattern_of(ContextSettings, "context_transcripts")])
def test_stricter_patterns_name_buckets_alike(pattern: str) -> None:
    assert s3.BUCKET_PATTERN in pattern


@pytest.mark.parametrize("pattern", [s3.OBJECT_PATTERN, s3.FOLDER_PATTERN, s3.PREFIX_PATTERN])
def test_a_bucket_is_named_by_the_rules_of_s3(pattern: str) -> None:
    assert all(re.search(pattern, f"s3://{bucket}/calls/") for bucket in BUCKETS)
    assert not any(re.search(pattern, f"s3://{bucket}/calls/") for bucket in NO_BUCKETS)
    assert not re.search(pattern, "S3://media/calls/")


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
