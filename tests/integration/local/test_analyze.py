"""`guardian analyze` over folders and lists: real analyzers, and scripted ones for what seldom happens."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from analysis_operator.cli.lines import schema
from analysis_operator.local.batch import Batch, File, FileOutcome, files_of
from analyzer_contract import Verdict
from tests.support.guardian import Guardian
from tests.support.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.integration

SCRIPTED = {"audio": "tests.support.scripted_analyzer"}


def read(lines: str) -> dict[str, Any]:
    """Return the lines by their paths; each is what the schema says."""
    found = [json.loads(line) for line in lines.splitlines()]
    for line in found:
        jsonschema.validate(line, json.loads(schema()))
    assert len({line["path"] for line in found}) == len(found)
    return {line["path"]: line for line in found}


def test_a_folder_gives_a_line_for_each_file_and_what_is_no_recording_is_named(
    guardian: Guardian, samples: Path, tmp_path: Path
) -> None:
    calls = tmp_path / "calls"
    (calls / "old").mkdir(parents=True)
    for source, target in (("genuine.wav", "1.wav"), ("edited.mp4", "old/1.mp4"), ("not-a-video.mp4", "notes.txt")):
        shutil.copyfile(samples / source, calls / target)
    done = guardian("analyze", calls, "--output", "jsonl")
    assert (done.returncode, done.stderr) == (0, "")
    lines = read(done.stdout)
    verdicts = {str(Path(path).relative_to(calls)): line["verdict"] for path, line in lines.items()}
    assert verdicts == {"1.wav": "NoEvidence", "old/1.mp4": "Suspicious", "notes.txt": None}
    sound, picture = lines[str(calls / "old" / "1.mp4")]["analyses"]
    assert (sound["examinedShare"], picture["examinedShare"]) == (1, 1)
    kinds = {finding["kind"] for detector in picture["detectors"] for finding in detector["findings"]}
    assert "DuplicatedFrames" in kinds
    assert lines[str(calls / "notes.txt")]["reason"] == "UnsupportedMedia"
    assert not (guardian.out / "reports").exists(), "the lines have all that counts"
    assert guardian.left() == []


def test_a_list_names_files_and_what_is_not_there_costs_a_line_and_the_exit_code(
    guardian: Guardian, samples: Path, tmp_path: Path
) -> None:
    (tmp_path / "list").write_text(f"{samples / 'genuine.wav'}\n\n{tmp_path / 'gone.wav'}\n")
    done = guardian("analyze", "--list", tmp_path / "list", "--analyzers", "audio", "--output", "jsonl")
    assert done.returncode == 1
    lines = read(done.stdout)
    assert lines[str(samples / "genuine.wav")]["verdict"] == "NoEvidence"
    assert lines[str(tmp_path / "gone.wav")]["reason"] == "SourceNotFound"


def test_a_person_reads_a_line_for_each_file_and_finds_the_reports(guardian: Guardian, samples: Path) -> None:
    done = guardian("analyze", samples / "genuine.wav", samples / "edited.mp4")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"  {samples / 'genuine.wav'}\n" in done.stdout
    assert f"Suspicious    98  {samples / 'edited.mp4'}\n" in done.stdout
    assert "2 files in " in done.stdout
    report = done.stdout.partition("Report: ")[2].partition("\n")[0]
    assert Path(report).is_file()
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    "wrong",
    [(), ("no-such-file.wav",), ("--list", "no-such-list"), (".", "--analyzers", "smell"), (".", "--output", "xml")],
)
def test_wrong_usage_starts_nothing(guardian: Guardian, wrong: tuple[str, ...]) -> None:
    assert guardian("analyze", *wrong).returncode == 2
    assert not guardian.out.exists()


def test_ctrl_c_ends_every_process_and_the_lines_so_far_are_whole(
    guardian: Guardian, samples: Path, tmp_path: Path
) -> None:
    (tmp_path / "many").mkdir()
    for number in range(40):
        shutil.copyfile(samples / "genuine.wav", tmp_path / "many" / f"{number}.wav")
    process = guardian.start("analyze", tmp_path / "many", "--analyzers", "audio", "--output", "jsonl")
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert 1 <= len(read(first + rest)) < 40
    guardian.wait_gone()


def test_a_reader_that_goes_away_ends_it(guardian: Guardian, samples: Path) -> None:
    process = guardian.start("analyze", samples, "--analyzers", "audio", "--output", "jsonl", stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(PATIENCE_SECONDS) == 1
    guardian.wait_gone()


class Kept:
    def __init__(self) -> None:
        self.outcomes: dict[str, FileOutcome] = {}
        self.percents: list[int] = []

    def progress(self, _file: File, percent: int) -> None:
        self.percents.append(percent)

    def ended(self, outcome: FileOutcome) -> None:
        self.outcomes[outcome.file.path.name] = outcome


async def test_a_file_that_breaks_its_child_costs_its_own_line(tmp_path: Path) -> None:
    bad = {"sigsegv": {"crash": "sigsegv"}, "oom": {"crash": "oom"}, "corrupt": {"fail": "CorruptMedia"}}
    good = {f"good-{number}": {"seconds": 0.1, "examined": 0.5} for number in range(10)}
    (tmp_path / "media").mkdir()
    for name, script in [*bad.items(), *good.items()]:
        (tmp_path / "media" / name).write_text(json.dumps(script))
    kept = Kept()
    batch = Batch(tmp_path / "out", SCRIPTED, with_reports=False)
    await batch.run(files_of([tmp_path / "media"], without=tmp_path / "out"), kept)
    reasons = {}
    for name, outcome in kept.outcomes.items():
        assert outcome.request is not None
        reasons[name] = outcome.request.status.analyses[0].reason
        if name in good:
            status = outcome.request.status
            assert (status.analyses[0].examined_share, status.verdict) == (50, Verdict.INCONCLUSIVE)
    expected = {"sigsegv": "WorkerCrashed", "oom": "OutOfMemory", "corrupt": "CorruptMedia"}
    assert reasons == expected | dict.fromkeys(good, "")
    assert 100 in kept.percents
