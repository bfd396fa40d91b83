"""Where the published weights are, for tests that need them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ENVIRONMENT = "GUARDIAN_TEST_WEIGHTS"
_ROOT = Path(__file__).resolve().parents[4]


def _published(name: str) -> Path:
    folder = Path(os.environ.get(ENVIRONMENT) or _ROOT.parent / "shared" / "models")
    if not (folder / name).exists():
        pytest.skip(
            f"{name} is not in {folder} ({ENVIRONMENT} names another folder); docs/models.md says where to get it"
        )
    return folder / name


@pytest.fixture(scope="session")
def weights() -> Path:
    """The publisher's checkpoint."""
    return _published("asvspoof5-aasist.pth")


@pytest.fixture(scope="session")
def arrays() -> Path:
    """The same arrays as a .npz."""
    return _published("asvspoof5-aasist.npz")


@pytest.fixture(scope="session")
def vectors() -> Path:
    """What the reference network answers to six sounds."""
    return _published("asvspoof5-aasist-vectors.npz")
