"""`guardian` on this machine: real analyzers, a real S3 server over HTTP, real recordings, no cluster."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from pathlib import Path

import pytest
import yaml

from analysis_operator.api import AnalysisRequest
from analysis_operator.local.errors import StartFailed
from analysis_operator.local.runtime import LocalRuntime
from analyzer_contract import SUSPICIOUS_FROM
from tests.support.guardian import Guardian
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "crds" / "examples"


def test_the_examples_get_the_outcomes_that_they_state(guardian: Guardian, samples: Path) -> None:
    done = guardian("run", "-f", EXAMPLES, "--media", samples)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line[:1].isalpha()}
    assert rows["NAME"] == ["VERDICT", "SCORE", "STATUS", "PROGRESS", "DURATION", "AGE"]
    assert rows["edited-video"][0] == "Suspicious"
    verdict, score, status = rows["genuine"][:3]
    assert (verdict, status) == ("NoEvidence", "Completed")
    assert int(score) < SUSPICIOUS_FROM
    reports = guardian.out / "reports" / "default"
    page = (reports / "edited-video" / "report.html").read_text()
    assert "Repeated picture" in page
    assert "data:image/png;base64," in page
    assert (reports / "edited-video" / "video.json").is_file()
    assert "Why there is no verdict" in (reports / "not-a-video" / "report.html").read_text()
    assert guardian.left() == [], "everything has ended before the command does"


def test_an_outcome_that_was_not_stated_fails(guardian: Guardian, samples: Path, tmp_path: Path) -> None:
    manifest = yaml.safe_load((EXAMPLES / "not-a-video.yaml").read_text())
    manifest["metadata"]["annotations"] = {"silverguardian.io/expect-reason": "Completed"}
    manifest["spec"]["analyzers"] = ["audio"]
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump(manifest))
    done = guardian("run", "-f", tmp_path / "wrong.yaml", "--media", samples)
    assert done.returncode == 1
    assert "not-a-video: expected the reason Completed, and got UnsupportedMedia" in done.stdout


def test_a_recording_that_is_missing_is_said_by_the_request(guardian: Guardian, tmp_path: Path) -> None:
    manifest = yaml.safe_load((EXAMPLES / "genuine.yaml").read_text())
    manifest["metadata"]["annotations"] = {"silverguardian.io/expect-reason": "SourceNotFound"}
    manifest["spec"]["analyzers"] = ["audio"]
    (tmp_path / "missing.yaml").write_text(yaml.safe_dump(manifest))
    (tmp_path / "empty").mkdir()
    done = guardian("run", "-f", tmp_path / "missing.yaml", "--media", tmp_path / "empty")
    assert done.returncode == 0, done.stdout + done.stderr
    missing = tmp_path / "empty" / "genuine.wav"
    assert f"Not uploaded: s3://media/genuine.wav: the file {missing} does not exist." in done.stdout


def test_a_wrong_manifest_is_refused_before_anything_starts(guardian: Guardian, tmp_path: Path) -> None:
    text = (EXAMPLES / "genuine.yaml").read_text().replace("source:", "sauce:")
    (tmp_path / "wrong.yaml").write_text(text)
    done = guardian("run", "-f", tmp_path / "wrong.yaml")
    assert done.returncode == 2
    assert "unknown field spec.sauce: did you mean source?" in done.stderr
    assert not guardian.out.exists()


def test_one_file_gets_its_verdict(guardian: Guardian, samples: Path) -> None:
    done = guardian("analyze", samples / "edited.mp4")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Suspicious, score" in done.stdout
    assert "Dropped frames" in done.stdout
    report = Path(done.stdout.partition("Report: ")[2].splitlines()[0].strip())
    assert report.is_file()


def test_the_app_takes_a_recording_and_gives_its_verdict(guardian: Guardian, samples: Path) -> None:
    done = guardian("app", "--try", samples / "genuine.wav")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"verdict NoEvidence, score [1-4]?\d of 100; the report opens", done.stdout)


def test_an_app_whose_port_is_taken_says_so(guardian: Guardian) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        done = guardian("app", "--port", str(port))
    assert done.returncode == 1
    assert f"Port {port} cannot be used" in done.stderr


def test_a_text_file_has_no_verdict(guardian: Guardian, samples: Path) -> None:
    done = guardian("analyze", samples / "not-a-video.mp4")
    assert done.returncode == 1
    assert "No verdict: UnsupportedMedia" in done.stdout
    assert guardian("analyze", samples / "no-such-file.mp4").returncode == 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_however_it_ends_nothing_is_left(guardian: Guardian, number: signal.Signals, code: int) -> None:
    process = guardian.start("serve", "audio", "--port", str(free_port()))
    assert process.stdout is not None
    for line in process.stdout:
        if "Ctrl-C ends it" in line:
            break
    assert len(guardian.left()) >= 3, "the command, the S3 server and the analyzer run"
    process.send_signal(number)
    assert process.wait(PATIENCE_SECONDS) == code
    process.stdout.close()
    guardian.wait_gone()


async def test_an_analyzer_that_dies_is_started_again(tmp_path: Path, samples: Path) -> None:
    async with LocalRuntime(tmp_path) as runtime:
        await runtime.upload(samples / "genuine.wav", "s3://media/genuine.wav")
        await _analysed(runtime, "before")
        first = runtime.pools["audio"].pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        after = await _analysed(runtime, "after")
        assert runtime.pools["audio"].pid not in {first, None}
    entry = after.status.analysis("audio")
    assert entry is not None
    assert entry.verdict is not None
    assert entry.attempts == 1, "a lost process costs no attempt"


async def test_an_analyzer_that_does_not_start_is_said_with_its_log(tmp_path: Path) -> None:
    async with LocalRuntime(tmp_path, {"audio": "no_such_module_anywhere"}) as runtime:
        runtime.apply(_manifest("stuck"))
        with pytest.raises(StartFailed, match="No module named no_such_module_anywhere"):
            await runtime.finish()


async def test_a_folder_of_models_that_is_not_there_is_said_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUARDIAN_MODELS", str(tmp_path / "nowhere"))
    async with LocalRuntime(tmp_path) as runtime:
        runtime.apply(_manifest("stuck"))
        with pytest.raises(StartFailed, match=r"^audio cannot start.*There are no models in .*nowhere\. `guardian"):
            await runtime.finish()


async def _analysed(runtime: LocalRuntime, name: str) -> AnalysisRequest:
    runtime.apply(_manifest(name))
    async with asyncio.timeout(PATIENCE_SECONDS):
        return next(request for request in await runtime.finish() if request.metadata.name == name)


def _manifest(name: str) -> dict[str, object]:
    return {
        "apiVersion": "silverguardian.io/v1alpha1",
        "kind": "AnalysisRequest",
        "metadata": {"name": name},
        "spec": {
            "source": {"uri": "s3://media/genuine.wav"},
            "analyzers": ["audio"],
            "timeoutSeconds": round(PATIENCE_SECONDS),
        },
    }
