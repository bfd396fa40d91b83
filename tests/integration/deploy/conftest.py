"""deploy.sh before and after a deployment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.terraform.commands import Answer
from tests.support.terraform.deploying import Deployment, Run, checkout, outputs


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """An account with nothing in it."""
    return checkout(tmp_path)


@pytest.fixture
def deployed(deployment: Deployment) -> Deployment:
    """An account as a run leaves it."""
    deployment.tools.answer(outputs(), Answer(r"^aws ecr describe-images"), Answer(r"^helm status"))
    return deployment


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Deployment, list[Run]]:
    """Two runs of the whole, one after the other, in an account that was empty before."""
    deployment = checkout(tmp_path_factory.mktemp("twice"))
    runs = []
    for _ in range(2):
        done = deployment.run()
        runs.append(Run(done, deployment.tools.calls()))
        deployment.tools.forget()
    return deployment, runs
