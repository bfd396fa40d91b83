"""The table that kubectl would print, and the outcomes that example manifests state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analysis_operator.api import (
    AnalysisRequest,
    AnalysisStatus,
    Condition,
    ConditionType,
    RequestStatus,
    StatusFinding,
)
from analysis_operator.cli.table import age, render_table, unmet
from analysis_operator.local.errors import ManifestUnreadable, MediaMissing
from analysis_operator.local.files import load, media_of, name_for, recordings_in, request_for
from analysis_operator.local.manifests import InvalidManifest, Manifest
from analyzer_contract import Verdict

NOW = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[4] / "crds" / "examples"


def request(name: str = "edited-video", *, reason: str = "Completed", finished: bool = True) -> AnalysisRequest:
    conditions = [
        Condition(type=ConditionType.SUCCEEDED, status="True", reason=reason, last_transition_time=NOW),
        Condition(
            type=ConditionType.FINISHED,
            status="True" if finished else "False",
            reason=reason,
            last_transition_time=NOW,
        ),
    ]
    finding = StatusFinding(kind="DroppedFrames", start_seconds=2, end_seconds=3, score=95)
    status = RequestStatus(
        verdict=Verdict.SUSPICIOUS,
        score=95,
        progress=100,
        duration="2.3s",
        report_uri="s3://results/report.html",
        analyses=[AnalysisStatus(name="video", findings=[finding])],
        conditions=conditions,
    )
    made = AnalysisRequest.model_validate(
        {
            "metadata": {"name": name, "uid": "u", "creationTimestamp": NOW.isoformat()},
            "spec": {"source": {"uri": "s3://media/edited.mp4"}},
        }
    )
    return made.model_copy(update={"status": status})


def expecting(**expected: str) -> Manifest:
    return {
        "metadata": {"annotations": {f"silverguardian.io/expect-{name}": value for name, value in expected.items()}}
    }


def test_the_table_is_kubectls() -> None:
    empty = request("not-a-video", reason="UnsupportedMedia")
    empty = empty.model_copy(update={"status": empty.status.model_copy(update={"verdict": None, "score": None})})
    shown = render_table([request(), empty], now=NOW + timedelta(seconds=3))
    assert shown.splitlines() == [
        "NAME           VERDICT      SCORE   STATUS             PROGRESS   DURATION   AGE",
        "edited-video   Suspicious   95      Completed          100        2.3s       3s",
        "not-a-video                         UnsupportedMedia   100        2.3s       3s",
    ]


def test_wide_and_namespaces_add_columns() -> None:
    head, row = render_table([request()], now=NOW, wide=True, namespaces=True).splitlines()
    columns = ["VERDICT", "SCORE", "STATUS", "PROGRESS", "DURATION", "AGE", "SOURCE", "REPORT", "EXPIRES", "NOTIFIED"]
    assert head.split() == ["NAMESPACE", "NAME", *columns]
    assert row.split()[-2:] == ["s3://media/edited.mp4", "s3://results/report.html"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (119, "119s"), (120, "2m"), (185, "3m5s"), (600, "10m"), (10_800, "3h"), (12_000, "3h20m"),
     (100_000, "27h"), (180_000, "2d2h"), (700_000, "8d"), (-5, "<invalid>")],
)  # fmt: skip
def test_ages_read_as_in_kubectl(seconds: int, text: str) -> None:
    assert age(NOW, NOW + timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("expected", "problems"),
    [
        ({}, []),
        ({"reason": "Completed", "verdict": "Suspicious", "findings": "DroppedFrames"}, []),
        ({"reason": "UnsupportedMedia"}, ["expected the reason UnsupportedMedia, and got Completed"]),
        ({"verdict": "LikelyFake, Suspicious"}, []),
        ({"verdict": "NoEvidence"}, ["expected the verdict NoEvidence, and got Suspicious"]),
        (
            {"verdict": "NoEvidence,Inconclusive"},
            ["expected the verdict NoEvidence or Inconclusive, and got Suspicious"],
        ),
        (
            {"findings": "DuplicatedFrames, DroppedFrames"},
            ["expected to find DuplicatedFrames, and found DroppedFrames"],
        ),
    ],
)
def test_what_a_manifest_expects_is_compared(expected: dict[str, str], problems: list[str]) -> None:
    assert unmet(expecting(**expected), request()) == problems


def test_a_request_that_did_not_finish_meets_nothing() -> None:
    assert unmet(expecting(), request(finished=False)) == ["it did not finish"]


def test_every_example_is_valid_and_states_its_outcome() -> None:
    manifests = load(EXAMPLES)
    assert len(manifests) == len(list(EXAMPLES.glob("*.yaml")))
    for manifest in manifests:
        assert "silverguardian.io/expect-reason" in manifest.manifest["metadata"]["annotations"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no AnalysisRequest"),
        ("a: [", "cannot be read as YAML"),
        ("- a\n- b\n", "not a manifest"),
        ("\xff", "cannot be read as YAML"),
    ],
)
def test_a_file_that_is_not_a_manifest_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ManifestUnreadable, match=message):
        load(path)


def test_two_requests_of_one_name_are_refused(tmp_path: Path) -> None:
    text = (EXAMPLES / "genuine.yaml").read_text()
    path = tmp_path / "two.yaml"
    path.write_text(f"{text}---\n{text}")
    with pytest.raises(ManifestUnreadable, match="Two requests are named default/genuine"):
        load(path)
    path.write_text(text.replace("source:", "sauce:"))
    with pytest.raises(InvalidManifest, match="did you mean source"):
        load(path)


def test_media_are_found_by_key_and_never_outside_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "media"
    (folder / "calls").mkdir(parents=True)
    (folder / "calls" / "a.wav").touch()
    (tmp_path / "secret").touch()
    assert media_of("s3://media/calls/a.wav", folder) == folder / "calls" / "a.wav"
    assert recordings_in(folder) == [(folder / "calls" / "a.wav", "s3://media/calls/a.wav")]
    for uri in ("s3://media/../secret", "s3://media/calls", "s3://media/none"):
        with pytest.raises(MediaMissing):
            media_of(uri, folder)


@pytest.mark.parametrize("name", ["call.wav", "Ünïcode call (2).MP4", "...", "x" * 200 + ".wav", "a/--.wav", "ü"])
def test_any_file_name_makes_a_valid_request(name: str) -> None:
    from analysis_operator.local.manifests import read

    read(request_for(Path(name), name_for(Path(name)), "s3://media", {}))
