"""The code of docs/extending.md works as it stands there: the detector, its words, and the analyzer."""

from __future__ import annotations

import re
import textwrap
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from analyzer_contract import AnalysisReport, Result, Verdict
from analyzer_kit.analysis import Caps, Models
from audio_analyzer import analysis as audio
from audio_analyzer.detectors import DETECTORS
from guardian_locales.models import Kind
from tests.cluster.paths import repo_root
from tests.support.analyzers.listener import babble, wav
from tests.support.analyzers.service import FaultyS3, running

PAGE = (repo_root() / "docs" / "extending.md").read_text(encoding="utf-8")
BLOCKS = {
    name: textwrap.dedent(code)
    for _, name, code in re.findall(r"^( *)```(?:python|yaml) (\S+)\n(.*?)^\1```$", PAGE, re.MULTILINE | re.DOTALL)
}


def load(path: Path) -> Any:
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_detector_finds_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = (code for name, code in BLOCKS.items() if name.endswith("/detectors/clipping.py"))
    path = tmp_path / "clipping.py"
    path.write_text(code, encoding="utf-8")
    monkeypatch.setattr(audio, "DETECTORS", (*DETECTORS, load(path).ClippedSound()))
    monkeypatch.setattr(audio, "_installed", None)
    found = {}
    for name, samples in (("loud", np.clip(20 * babble(3), -1, 1)), ("quiet", babble(3))):
        recording = tmp_path / f"{name}.wav"
        recording.write_bytes(wav(samples))
        audio.warm_up(Caps(threads=1), Models())
        assessment = audio.analyze(recording, tmp_path / "plot.png", Caps(threads=1), lambda _stage, _fraction: None)
        (report,) = (report for report in assessment.detectors if report.name == "ClippedSound")
        found[name] = [finding.kind for finding in report.findings]
    assert found == {"loud": ["ClippedSound"], "quiet": []}


def test_its_words_are_those_of_a_kind() -> None:
    ((kind, texts),) = yaml.safe_load(BLOCKS["en.yaml"])["kinds"].items()
    assert kind == "ClippedSound"
    assert Kind.model_validate(texts).title


async def test_the_analyzer_serves_the_contract(tmp_path: Path) -> None:
    package = {name: code for name, code in BLOCKS.items() if name.startswith("levels_analyzer/")}
    assert len(package) == 3
    for name, code in package.items():
        path = tmp_path / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with FaultyS3(body=wav(babble(3))).serving() as s3:
        async with running("levels_analyzer", scratch, s3.url, env={"PYTHONPATH": str(tmp_path / "code")}) as service:
            last = await service.last("s3://media/voice.wav", resultPrefix="s3://results/one/")
            assert (await service.health())["analyzer"] == "levels"
    assert isinstance(last, Result)
    assert (last.verdict, last.score) == (Verdict.NO_EVIDENCE, 0)
    assert last.summary.startswith("The loudest sample is ")
    stored = {key.rpartition("/")[2].partition("?")[0]: content for key, content in s3.puts.items()}
    assert set(stored) == {"levels.json", "levels.png"}
    (detector,) = AnalysisReport.model_validate_json(stored["levels.json"]).detectors
    assert [finding.kind for finding in detector.findings] == ["Loudness"]


def test_the_chart_takes_it() -> None:
    values = yaml.safe_load(BLOCKS["values.yaml"])["analyzers"]["levels"]
    shipped = yaml.safe_load((repo_root() / "charts" / "silver-guardian" / "values.yaml").read_text())["analyzers"]
    assert set(values) <= set(shipped["audio"])
