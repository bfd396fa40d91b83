"""One version everywhere: packages, chart, analyzers, README, changelog."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import audio_analyzer
import context_analyzer
import video_analyzer
from tests.cluster.paths import repo_root

ROOT = repo_root()
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
PACKAGES = sorted(path for pattern in ("*/pyproject.toml", "*/*/pyproject.toml") for path in ROOT.glob(pattern))


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_package_has_it(path: Path) -> None:
    assert tomllib.loads(path.read_text())["project"]["version"] == VERSION


def test_the_chart_has_it() -> None:
    chart = yaml.safe_load((ROOT / "charts" / "silver-guardian" / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (VERSION, VERSION)


def test_the_analyzers_have_it() -> None:
    analyzers = [module.ANALYZER for module in (audio_analyzer, video_analyzer, context_analyzer)]
    assert {analyzer.name: analyzer.version for analyzer in analyzers} == dict.fromkeys(
        ("audio", "video", "context"), VERSION
    )


def test_the_readme_builds_images_of_it() -> None:
    assert set(re.findall(r"\$target:(\S+)", (ROOT / "README.md").read_text())) == {VERSION}


def test_the_changelog_begins_with_what_is_unreleased_and_then_it() -> None:
    headings = re.findall(r"^## \[(.+?)\](?: - (\S+))?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == ("Unreleased", "")
    assert headings[1][0] == VERSION
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", date) for _, date in headings[1:])
