"""The audio service with models from a folder: what it says, and that it does not get ready without them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import pytest_asyncio
from numpy.typing import NDArray

from analyzer_contract import AnalysisReport, Result, Verdict
from audio_analyzer.detectors.speech import NAME
from guardian_models.importing import import_weights
from tests.support.analyzers.listener import RATE, offset, wav, write_listener
from tests.support.analyzers.service import Service, eventually, running
from tests.support.media import sounds

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]
Put = Callable[[str, bytes | Path], str]
Samples = NDArray[np.float32]
_ROOT = Path(__file__).resolve().parents[3]
OWN = "voice-texture"  # whose place the listener takes
PUBLISHED = Path(os.environ.get("GUARDIAN_TEST_WEIGHTS") or _ROOT.parent / "shared/models") / "asvspoof5-aasist.pth"


def voice(score: float, room: float = -100) -> Samples:
    """Return a person's words around the offset that the listener takes for its score."""
    sound = sounds.with_room(sounds.voice(), np.random.default_rng(1), room)
    kernel = np.full(RATE // 2, 2 / RATE, np.float32)
    return sound - np.convolve(sound, kernel, mode="same").astype(np.float32) + offset(score)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def audio(s3_endpoint: str, s3: S3Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    models = write_listener(tmp_path_factory.mktemp("models"), OWN)
    async with running("audio_analyzer", tmp_path_factory.mktemp("audio"), s3_endpoint, models=models) as service:
        yield service


async def analysed(service: Service, s3: S3Client, uri: str) -> tuple[Result, AnalysisReport]:
    result = await service.last(uri, resultPrefix="s3://results/models/")
    assert isinstance(result, Result), result
    body = s3.get_object(Bucket="results", Key="models/audio.json")["Body"].read()
    return result, AnalysisReport.model_validate_json(body)


@pytest.mark.parametrize(
    ("sound", "verdict"),
    [
        (voice(4), Verdict.LIKELY_FAKE),
        (voice(2), Verdict.SUSPICIOUS),
        (voice(0), Verdict.NO_EVIDENCE),
        (voice(4, room=-40), Verdict.INCONCLUSIVE),
    ],
    ids=["fake", "near", "recorded", "noisy"],
)
async def test_a_measured_model_decides_in_the_sound_that_it_was_measured_in(
    audio: Service, put: Put, s3: S3Client, sound: Samples, verdict: Verdict
) -> None:
    result, report = await analysed(audio, s3, put("voice.wav", wav(sound)))
    assert result.verdict is verdict
    listener = next(detector for detector in report.detectors if detector.name == NAME)
    assert (listener.model.id, listener.claim) == (OWN, verdict)
    assert bool(listener.findings) is (verdict in {Verdict.SUSPICIOUS, Verdict.LIKELY_FAKE})
    if verdict is Verdict.INCONCLUSIVE:
        assert "too noisy" in result.summary


async def test_a_model_that_is_missing_keeps_the_service_from_getting_ready_and_it_says_why(tmp_path: Path) -> None:
    models = write_listener(tmp_path / "models")
    settings = {"models": models, "audio_model": "listener, other"}
    async with running("audio_analyzer", tmp_path, "http://127.0.0.1:9", wait=False, env=None, **settings) as service:

        async def said() -> bool:
            async with service.session.get(f"{service.url}/readyz") as answer:
                assert answer.status == 503
                return "there is no model other in" in (await answer.json())["detail"]

        await eventually(said, "the probe reports why")
        assert await service.status("/livez") == 503, "only another installation helps"


async def test_the_published_model_hears_a_recorded_and_a_made_voice(
    s3_endpoint: str, put: Put, s3: S3Client, samples: dict[str, Path], tmp_path: Path
) -> None:
    if not PUBLISHED.exists():
        pytest.skip(f"{PUBLISHED} is not there; docs/models.md says where to get it")
    import_weights(PUBLISHED, tmp_path / "models")
    async with running("audio_analyzer", tmp_path, s3_endpoint, models=tmp_path / "models") as service:
        result, report = await analysed(service, s3, put("genuine.wav", samples["genuine.wav"]))
        heard = {detector.model.id: detector for detector in report.detectors if detector.name == NAME}
        assert set(heard) == {OWN, "voice-wideband", "asvspoof5-aasist"}
        assert {detector.claim for detector in heard.values()} == {Verdict.NO_EVIDENCE}
        assert heard["asvspoof5-aasist"].model.eval_card == "docs/cards/asvspoof5-aasist.md"
        assert result.verdict is Verdict.NO_EVIDENCE


_MEASURED = """
import sys
from pathlib import Path
from analyzer_kit.analysis import Caps, Models
from audio_analyzer import analysis
caps = Caps(threads=1)
analysis.warm_up(caps, Models(folder=sys.argv[1]))
found = analysis.analyze(Path(sys.argv[2]), Path(sys.argv[3]), caps, lambda stage, fraction: None)
heard = found.detectors[0]
status = Path("/proc/self/status").read_text().splitlines()
peak = next(line for line in status if line.startswith("VmHWM"))  # ru_maxrss would begin with the parent's
print(heard.name, len(heard.timeline), int(peak.split()[1]) // 1024)
"""


async def test_a_long_recording_takes_no_more_memory_than_the_bound(tmp_path: Path) -> None:
    recording = tmp_path / "long.wav"
    recording.write_bytes(wav(sounds.talk(20 * 60, np.random.default_rng(1))))
    models = write_listener(tmp_path / "models", OWN)
    command = [sys.executable, "-c", _MEASURED, str(models), str(recording), str(tmp_path / "plot.png")]
    child = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    name, windows, megabytes = (await child.communicate())[0].split()
    assert name.decode() == NAME
    assert int(windows) >= 26  # six, and one more for each minute
    assert int(megabytes) <= 300
