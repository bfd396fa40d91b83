"""Make the wideband model: score the published speech with both parts, fit the sum, calibrate it, write it.

It holds AASIST's weights, which are other people's, so it is written outside of git and is in no package.
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import Final

from guardian_models.aasist import network
from guardian_models.catalogue import ASVSPOOF5_AASIST
from guardian_models.folder import file_name, read_manifest, read_model, write
from guardian_models.importing import import_weights
from guardian_models.manifest import AudioWindow, Domain, Embedding, Logits, SoundManifest, WeightsSource
from guardian_models.runtime import Model
from ml.common.packages import DataMissing, folder
from ml.common.paths import repo_root
from ml.voice.data import published
from ml.voice.train import fitting, fusion, joining

ID: Final = "voice-wideband"
CARD: Final = f"docs/cards/{ID}.md"
JOINED_MODELS: Final = repo_root() / "out/models" / ID
"""A folder of models, which git ignores."""
AASIST_WEIGHTS: Final = repo_root().parent / "shared/models/asvspoof5-aasist.pth"

_UNFITTED: Final = fusion.Shares(1.0, 1.0, 0.0)


def make(weights: Path, workers: int, out: Path = JOINED_MODELS) -> Path:
    """Write the model and its manifest; return the manifest's path.

    Args:
        weights: AASIST's, as published.
        workers: number of threads.
        out: folder of models.

    Raises:
        DataMissing: there is no published speech, or there are no weights.
    """
    texture, aasist = parts(weights)
    entries = scored(texture, aasist, workers)
    inside = [entry for entry in entries if entry.inside]
    by = joining.shares(inside)
    model = fusion.build(texture, aasist, by)
    calibration = joining.calibrate(inside, partial(joining.total, by=by))
    limits = joining.LIMITS
    manifest = manifest_of(model, published.digest([entry.clip for entry in entries])).model_copy(
        update={
            "calibration": calibration,
            "domain": Domain(
                min_snr_db=limits.min_snr_db,
                min_bandwidth_hz=limits.min_bandwidth_hz,
                min_speech_seconds=limits.min_speech_seconds,
            ),
            "eval_card": CARD,
        }
    )
    return write(out, manifest, model)


def parts(weights: Path) -> tuple[bytes, bytes]:
    """Return the models that are joined: the texture's, and AASIST's.

    Raises:
        DataMissing: there are no weights.
    """
    if not weights.is_file():
        raise DataMissing(f"no AASIST weights: {weights} is missing; docs/models.md says where they are published")
    texture = read_manifest(fitting.OWN_MODELS, fitting.ID, SoundManifest)
    aasist = import_weights(weights, folder() / "models")
    return read_model(fitting.OWN_MODELS, texture), read_model(folder() / "models", aasist)


def scored(texture: bytes, aasist: bytes, workers: int) -> list[joining.Scored]:
    """Return what the parts say of all published clips.

    Raises:
        DataMissing: there is no published speech.
    """
    found = published.clips(published.folder())
    unfitted = fusion.build(texture, aasist, _UNFITTED)
    return joining.score(Model(manifest_of(unfitted, published.digest(found)), unfitted), found, workers)


def manifest_of(model: bytes, data: str) -> SoundManifest:
    """Return the manifest of a model, without a calibration.

    Args:
        model: of :func:`fusion.build`.
        data: digest of the clips that its sum is fitted to.
    """
    checksum = hashlib.sha256(model).hexdigest()
    return SoundManifest(
        id=ID,
        file=file_name(ID, checksum),
        sha256=checksum,
        source=WeightsSource(
            url="joined by ml/voice/train from voice-texture and ASVspoof 5's AASIST: see the card", sha256=data
        ),
        input=AudioWindow(
            name=fusion.INPUT,
            sample_rate=16_000,
            samples=network.SAMPLES,
            speech_level_dbfs=ASVSPOOF5_AASIST.input.speech_level_dbfs,
        ),
        logits=Logits(name="logits", classes=("synthetic", "recorded"), fake_index=0),
        embedding=Embedding(name="embedding", size=fusion.EMBEDDING),
        licence="Apache-2.0 AND MIT",
        copyright="© the authors of Silver Guardian; AASIST: © NAVER Corp.",
    )
