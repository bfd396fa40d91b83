"""The Helm chart's Analyzers: their definition, size and models, and when the context analyzer is on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis_operator.api import AnalyzerSpec
from analysis_operator.api.analyzer import Scaling
from tests.cluster.shell import CommandError
from tests.support.chart import CHART, STATUS_API, Manifest, rendered, spec_of


def test_the_analyzers_fit_their_definition(tmp_path: Path) -> None:
    values = {"s3": {"region": "eu-central-1", "credentialsSecret": {"name": "keys"}}}
    analyzers = {item["metadata"]["name"]: item for item in rendered(tmp_path, values) if item["kind"] == "Analyzer"}
    assert {name: AnalyzerSpec.model_validate(item["spec"]).port for name, item in analyzers.items()} == {
        "audio": 8000,
        "video": 8001,
    }
    spec = AnalyzerSpec.model_validate(analyzers["audio"]["spec"])
    assert spec.node_selector == {"workload": "ml"}
    assert [(entry.key, entry.value) for entry in spec.tolerations] == [("workload", "ml")]
    env = {entry.name: entry.value or (entry.secret_key and entry.secret_key.name) for entry in spec.env}
    assert env == {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "keys", "AWS_SECRET_ACCESS_KEY": "keys"}


def test_a_pool_is_scaled_as_the_definition_says_by_itself(tmp_path: Path) -> None:
    manifests = rendered(tmp_path)
    for name in ("audio", "video"):
        spec = spec_of(manifests, name)
        assert "replicas" not in spec
        assert spec["scaling"] == Scaling().model_dump(by_alias=True)


def test_one_figure_of_the_scaling_can_be_changed(tmp_path: Path) -> None:
    spec = spec_of(rendered(tmp_path, {"analyzers": {"audio": {"scaling": {"maxReplicas": 20}}}}), "audio")
    assert AnalyzerSpec.model_validate(spec).scaling == Scaling(max_replicas=20)


@pytest.mark.parametrize("size", [0, 3])
def test_a_pool_of_fixed_size_says_nothing_of_scaling(tmp_path: Path, size: int) -> None:
    spec = spec_of(rendered(tmp_path, {"analyzers": {"audio": {"replicas": size}}}), "audio")
    assert spec["replicas"] == size
    assert "scaling" not in spec


def test_a_pool_of_gpus_is_described_in_the_values(tmp_path: Path) -> None:
    gpu = {
        "extendedResources": {"nvidia.com/gpu": 1},
        "runtimeClassName": "nvidia",
        "priorityClassName": "interactive",
        "topologySpreadConstraints": [{"topologyKey": "topology.kubernetes.io/zone"}],
    }
    manifests = rendered(tmp_path, {"analyzers": {"audio": gpu}})
    assert spec_of(manifests, "audio").items() >= gpu.items()
    assert spec_of(manifests, "video").keys() & gpu.keys() == set()


def test_an_analyzer_of_ones_own_needs_to_say_nothing_of_its_size(tmp_path: Path) -> None:
    own = {"enabled": True, "image": {"repository": "mine", "tag": "1"}, "port": 8002}
    spec = AnalyzerSpec.model_validate(spec_of(rendered(tmp_path, {"analyzers": {"own": own}}), "own"))
    assert (spec.replicas, spec.scaling) == (None, Scaling())


def test_the_bounds_of_scaling_are_those_of_the_definition() -> None:
    def bounds(schema: Manifest) -> dict[str, tuple[str, int, int]]:
        properties = schema["properties"].items()
        return {name: (entry["type"], entry["minimum"], entry["maximum"]) for name, entry in properties}

    schema = json.loads((CHART / "values.schema.json").read_text())
    assert bounds(schema["$defs"]["scaling"]) == bounds(Scaling.model_json_schema(by_alias=True))


def test_a_variable_of_ones_own_wins(tmp_path: Path) -> None:
    values = {"s3": {"region": "eu-central-1"}, "analyzers": {"audio": {"env": {"AWS_REGION": "us-east-1"}}}}
    audio = next(item for item in rendered(tmp_path, values) if item["metadata"]["name"] == "audio")
    assert audio["spec"]["env"] == [{"name": "AWS_REGION", "value": "us-east-1"}]


@pytest.mark.parametrize("models", [{"image": "registry/models:7"}, {"claim": "models"}])
def test_a_pool_gets_a_folder_of_models(tmp_path: Path, models: Manifest) -> None:
    manifests = rendered(tmp_path, {"analyzers": {"audio": {"models": models}}})
    spec = AnalyzerSpec.model_validate(spec_of(manifests, "audio"))
    assert spec.models is not None
    assert spec.models.model_dump(exclude_none=True) == models
    assert AnalyzerSpec.model_validate(spec_of(manifests, "video")).models is None


class TestWords:
    """The context analyzer is on where something writes down what is said."""

    def test_without_a_way_to_hear_it_is_off(self, tmp_path: Path) -> None:
        manifests = rendered(tmp_path, {"statusApi": STATUS_API})
        assert not [each for each in manifests if each["kind"] == "Analyzer" and each["metadata"]["name"] == "context"]
        assert analyzers_asked(manifests) == ["audio", "video"]

    def test_with_a_model_for_speech_it_listens_in_the_pod_and_sends_nothing_away(self, tmp_path: Path) -> None:
        values = {"analyzers": {"context": {"models": {"claim": "speech"}}}, "statusApi": STATUS_API}
        manifests = rendered(tmp_path, values)
        spec = AnalyzerSpec.model_validate(spec_of(manifests, "context"))
        assert spec.models is not None
        assert spec.models.claim == "speech"
        assert {entry.name: entry.value for entry in spec.env} == {"GUARDIAN_CONTEXT_TRANSCRIBER": "local"}
        assert (spec.concurrency, spec.resources.requests.memory) == (1, "768Mi")
        assert analyzers_asked(manifests) == ["audio", "video", "context"]

    def test_amazon_transcribe_is_chosen_by_its_name(self, tmp_path: Path) -> None:
        transcription = {"engine": "amazon", "transcriptsURI": "s3://results/transcripts/", "language": "ko"}
        values = {"models": {"image": "models:7"}, "transcription": transcription}
        spec = AnalyzerSpec.model_validate(spec_of(rendered(tmp_path, {"analyzers": {"context": values}}), "context"))
        assert {entry.name: entry.value for entry in spec.env} == {
            "GUARDIAN_CONTEXT_TRANSCRIBER": "amazon",
            "GUARDIAN_CONTEXT_TRANSCRIPTS": "s3://results/transcripts/",
            "GUARDIAN_CONTEXT_LANGUAGE": "ko",
        }
        assert spec.concurrency == 16

    @pytest.mark.parametrize(
        ("values", "allowed"),
        [
            ({}, ["audio", "video"]),
            ({"models": {"claim": "speech"}}, ["audio", "video", "context"]),
            ({"transcription": {"engine": "amazon", "transcriptsURI": "s3://results/t/"}}, ["audio", "video"]),
            ({"models": {"claim": "speech"}, "env": {"GUARDIAN_CONTEXT_MODEL": "a-model"}}, ["audio", "video"]),
            ({"models": {"claim": "speech"}, "languageModel": {"name": "a-model"}}, ["audio", "video"]),
        ],
    )
    def test_who_would_send_words_away_is_asked_by_namespaces_that_may(
        self, tmp_path: Path, values: Manifest, allowed: list[str]
    ) -> None:
        manifests = rendered(tmp_path, {"analyzers": {"context": values}, "statusApi": STATUS_API})
        operator = next(
            each for each in manifests if each["kind"] == "Deployment" and "-api" not in each["metadata"]["name"]
        )
        env = operator["spec"]["template"]["spec"]["containers"][0]["env"]
        (limits,) = (json.loads(entry["value"]) for entry in env if entry["name"] == "GUARDIAN_LIMITS")
        assert limits["*"]["analyzers"] == allowed
        assert analyzers_asked(manifests) == allowed

    @pytest.mark.parametrize(
        ("transcription", "message"),
        [
            ({"engine": "amazon"}, "say where Amazon Transcribe writes to"),
            ({"engine": "local"}, "context.models: give"),
        ],
    )
    def test_what_is_missing_is_named(self, tmp_path: Path, transcription: Manifest, message: str) -> None:
        with pytest.raises(CommandError, match=message):
            rendered(tmp_path, {"analyzers": {"context": {"transcription": transcription}}})

    def test_a_language_model_is_asked_where_one_is_named(self, tmp_path: Path) -> None:
        endpoint = {"name": "gemma3", "url": "http://vllm.ml:8000/v1", "keySecret": {"name": "llm", "key": "token"}}
        values = {"analyzers": {"context": {"models": {"claim": "speech"}, "languageModel": endpoint}}}
        env = AnalyzerSpec.model_validate(spec_of(rendered(tmp_path, values), "context")).env
        secret = next(entry.secret_key for entry in env if entry.name == "GUARDIAN_CONTEXT_MODEL_KEY")
        assert secret is not None
        assert (secret.name, secret.key) == ("llm", "token")
        named = {entry.name: entry.value for entry in env}
        assert named["GUARDIAN_CONTEXT_MODEL"] == "gemma3"
        assert named["GUARDIAN_CONTEXT_MODEL_URL"] == "http://vllm.ml:8000/v1"

    def test_it_can_be_turned_off(self, tmp_path: Path) -> None:
        values = {"analyzers": {"context": {"enabled": False, "models": {"claim": "speech"}}}}
        assert "context" not in {each["metadata"]["name"] for each in rendered(tmp_path, values)}


def analyzers_asked(manifests: list[Manifest]) -> list[str]:
    (pod,) = [each for each in manifests if each["kind"] == "Deployment" and each["metadata"]["name"].endswith("-api")]
    env = pod["spec"]["template"]["spec"]["containers"][0]["env"]
    names: list[str] = json.loads(next(each["value"] for each in env if each["name"] == "GUARDIAN_ANALYZERS"))
    return names
