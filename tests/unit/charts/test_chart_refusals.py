"""Values that the Helm chart refuses, and how it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.shell import CommandError
from tests.support.chart import Manifest, rendered


@pytest.mark.parametrize(
    "values",
    [
        {"operator": {"resultsUri": "s3://results"}},
        {"operator": {"resultsURI": "https://results"}},
        {"analyzers": {"audio": {"port": 80}}},
        {"analyzers": {"audio": {"extendedResources": {"gpu": 1}}}},
        {"analyzers": {"audio": {"models": {"image": "models:7", "claim": "models"}}}},
        {"operator": {"replicas": 0}},
        {"operator": {"image": {"digest": "latest"}}},
        {"operator": {"grants": {"*": ["s3://"]}}},
        {"operator": {"grants": {"team": ["s3://media/team"]}}},
        {"operator": {"grants": {"team": ["s3://media/../"]}}},
        {"operator": {"grants": {"Team": ["s3://media/team/"]}}},
        {"operator": {"limits": {"team": {"maxRunning": 0}}}},
        {"statusApi": {"sources": {"team": ["s3://media/team"]}}},
        {"monitoring": {"alerts": {"enabled": "yes"}}},
        {"analyzers": {"Audio_2": {"enabled": True, "image": {"repository": "a"}, "port": 8000, "replicas": 1}}},
        {"analyzers": {"2-audio": {"enabled": True, "image": {"repository": "a"}, "port": 8000, "replicas": 1}}},
    ],
)
def test_wrong_values_are_refused(tmp_path: Path, values: Manifest) -> None:
    with pytest.raises(CommandError, match=r"values don't meet the specifications of the schema"):
        rendered(tmp_path, values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"replicas": "three"}, r"at '/analyzers/audio/replicas': got string, want "),
        ({"replicas": 101}, r"at '/analyzers/audio/replicas': maximum: got 101, want 100"),
        ({"scaling": 5}, r"at '/analyzers/audio/scaling': got number, want object"),
        ({"scaling": {"maxReplicas": "5"}}, r"at '/analyzers/audio/scaling/maxReplicas': got string, want integer"),
        ({"scaling": {"maxReplicas": 0}}, r"at '/analyzers/audio/scaling/maxReplicas': minimum: got 0, want 1"),
        ({"scaling": {"maxPods": 5}}, r"at '/analyzers/audio/scaling': additional properties 'maxPods' not allowed"),
    ],
)
def test_a_wrong_size_is_named_with_its_place(tmp_path: Path, values: Manifest, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        rendered(tmp_path, {"analyzers": {"audio": values}})
