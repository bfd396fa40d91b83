"""The log level, and settings that are wrong, in everything that reads GUARDIAN_ variables."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from analysis_operator.settings import Settings as OperatorSettings
from analyzer_kit.settings import KitSettings
from context_analyzer.settings import ContextSettings
from status_api.settings import Settings as StatusApiSettings

SETTINGS = [OperatorSettings, KitSettings, ContextSettings, StatusApiSettings]
SERVICES = {
    "analysis_operator": "The operator",
    "audio_analyzer": "The audio analyzer",
    "context_analyzer": "The context analyzer",
    "status_api": "The status API",
}


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("name", ["DEBUG", "debug", "Info", "WARNING", "error"])
def test_a_log_level_is_taken_in_any_case(
    settings: type[BaseSettings], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUARDIAN_LOG_LEVEL", name)
    assert settings().log_level == name.upper()  # type: ignore[attr-defined]


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_log_level_is_info_unless_given(settings: type[BaseSettings]) -> None:
    assert settings().log_level == "INFO"  # type: ignore[attr-defined]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("name", ["", "loud", "10", " info"])
def test_no_other_log_level_is_taken(settings: type[BaseSettings], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUARDIAN_LOG_LEVEL", name)
    with pytest.raises(ValidationError, match="set DEBUG, INFO, WARNING or ERROR, in upper or lower case"):
        settings()


@pytest.mark.parametrize("module", SERVICES)
def test_a_service_that_cannot_start_says_which_variable_is_wrong_without_its_value(module: str) -> None:
    environment = os.environ | {"GUARDIAN_LOG_LEVEL": "loud", "GUARDIAN_PORT": "secret"}
    ended = subprocess.run([sys.executable, "-m", module], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    lines = ended.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"{SERVICES[module]} does not start. GUARDIAN_")
    assert "GUARDIAN_LOG_LEVEL: set DEBUG, INFO, WARNING or ERROR, in upper or lower case" in lines[0]
    assert "GUARDIAN_PORT: Input should be a valid integer" in lines[0]
    assert "secret" not in lines[0]


def test_a_map_that_is_not_json_is_named() -> None:
    environment = os.environ | {"GUARDIAN_TENANTS": "{"}
    command = [sys.executable, "-m", "status_api"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert ended.stderr.startswith('The status API does not start. error parsing value for field "tenants"')
