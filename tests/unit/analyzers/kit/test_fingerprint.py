"""What decides about results besides the recording, and when an earlier result would be the same again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from analyzer_contract import AnalysisJob, Known, KnownContent, SourceFacts, SourceObject
from analyzer_kit.analyzer import Analyzer
from analyzer_kit.fingerprint import Fingerprint, unchanged
from analyzer_kit.settings import KitSettings

ANALYZER = Analyzer(name="audio", version="1", port=1, module="fingerprinted.analysis")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the code of an analyzer, a model as Kubernetes mounts it, and a trust list."""
    monkeypatch.syspath_prepend(str(tmp_path))
    files = {
        "fingerprinted/__init__.py": "",
        "fingerprinted/analysis.py": "print()",
        "models/audio/voice.json": "{}",
        "models/audio/voice-abc.onnx": "weights",
        "trust/maker.pem": "certificate",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def digest(place: Path, analyzer: Analyzer = ANALYZER, more: dict[str, object] | None = None, **settings: Any) -> str:
    chosen = KitSettings(models=place / "models", trust=place / "trust", **settings)

    async def read() -> str | None:
        with ThreadPoolExecutor(1) as threads:
            return await Fingerprint(analyzer, chosen, threads, "fingerprinted", more).value()

    found = asyncio.run(read())
    assert found is not None
    return found


CHANGES: list[tuple[str, Callable[[Path], object]]] = [
    ("code", lambda place: (place / "fingerprinted/analysis.py").write_text("print(1)")),
    ("more code", lambda place: (place / "fingerprinted/more.py").write_text("")),
    ("a manifest", lambda place: (place / "models/audio/voice.json").write_text('{"threshold": 1}')),
    (
        "a model under another name",
        lambda place: (place / "models/audio/voice-abc.onnx").rename(place / "models/b.onnx"),
    ),
    ("a model is gone", lambda place: (place / "models/audio/voice-abc.onnx").unlink()),
    ("a certificate", lambda place: (place / "trust/maker.pem").write_text("another")),
    ("a certificate more", lambda place: (place / "trust/another.pem").write_text("certificate")),
]


@pytest.mark.parametrize("change", [row[1] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_whatever_decides_is_in_it(place: Path, change: Callable[[Path], object]) -> None:
    before = digest(place)
    assert digest(place) == before
    change(place)
    assert digest(place) != before


def test_settings_and_versions_are_in_it_and_places_and_ports_are_not(place: Path, tmp_path: Path) -> None:
    before = digest(place)
    assert digest(place, Analyzer(name="audio", version="2", port=1, module="fingerprinted.analysis")) != before
    assert digest(place, max_duration_seconds=10) != before
    assert digest(place, more={"context_model": "other"}) != before
    assert digest(place, port=9, concurrency=7, scratch_dir=tmp_path, log_level="DEBUG") == before
    (place / "trust/..2026_11_01").mkdir()
    (place / "trust/..2026_11_01/maker.pem").write_text("as Kubernetes mounts it, under the time of the mount")
    (place / "fingerprinted/__pycache__").mkdir()
    (place / "fingerprinted/__pycache__/analysis.pyc").write_bytes(b"1")
    assert digest(place) == before


F, G = "f" * 64, "0" * 64
SAME = [
    ("nothing is known", None, "e1", None, F, False),
    ("the same", Known(etag="e1", fingerprint=F), "e1", None, F, True),
    ("another object", Known(etag="e1", fingerprint=F), "e2", None, F, False),
    ("another version of it", Known(etag="e1", version_id="v1", fingerprint=F), "e1", "v2", F, False),
    ("another model", Known(etag="e1", fingerprint=G), "e1", None, F, False),
    ("an analyzer that cannot say", Known(etag="e1", fingerprint=F), "e1", None, None, False),
]


@pytest.mark.parametrize(
    ("known", "etag", "version", "fingerprint", "same"), [row[1:] for row in SAME], ids=[row[0] for row in SAME]
)
def test_only_what_is_the_same_in_all_is_unchanged(
    known: Known | None, etag: str, version: str | None, fingerprint: str | None, same: bool
) -> None:
    job = AnalysisJob(id="one", source=SourceObject(uri="s3://media/a"), known=known)
    facts = SourceFacts(etag=etag, version_id=version, size_bytes=1)
    assert (unchanged(job, facts, fingerprint) is not None) == same


S, OTHER = "c" * 64, "d" * 64
CONTENTS = [
    ("the same content", S, KnownContent(sha256=S, fingerprint=F), S, True),
    ("content that was not checked yet", S, KnownContent(sha256=S, fingerprint=F), None, False),
    ("another content", OTHER, KnownContent(sha256=S, fingerprint=F), OTHER, False),
    ("another model", S, KnownContent(sha256=S, fingerprint=G), S, False),
    ("a content that the job does not state", None, KnownContent(sha256=S, fingerprint=F), None, False),
    ("the same object, checked", S, Known(etag="e1", fingerprint=F), S, True),
    ("the same object, not checked yet", S, Known(etag="e1", fingerprint=F), None, False),
]


@pytest.mark.parametrize(
    ("stated", "known", "checked", "same"), [row[1:] for row in CONTENTS], ids=[row[0] for row in CONTENTS]
)
def test_nothing_is_unchanged_before_its_content_is_what_the_job_states(
    stated: str | None, known: Known | KnownContent, checked: str | None, same: bool
) -> None:
    about = {"known" if isinstance(known, Known) else "known_content": known}
    job = AnalysisJob.model_validate({"id": "one", "source": {"uri": "s3://media/a", "sha256": stated}, **about})
    facts = SourceFacts(etag="e1", size_bytes=1, sha256=checked)
    assert (unchanged(job, facts, F) is not None) == same
