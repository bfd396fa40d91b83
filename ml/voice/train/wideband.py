"""Make the wideband model: score the published speech with both parts, fit the sum, calibrate it, write it.

Its parts are our own model of the texture of a voice, and AASIST as we fine-tuned it (:mod:`ml.voice.train.tuned`).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import numpy as np

from guardian_models.aasist import network
from guardian_models.catalogue import ASVSPOOF5_AASIST
from guardian_models.folder import file_name, read_manifest, read_model, write
from guardian_models.manifest import AudioWindow, Domain, Embedding, Logits, SoundManifest, WeightsSource
from guardian_models.runtime import Model
from ml.voice.data import doubles, packaged, published, sent
from ml.voice.train import coders, fitting, fusion, joining, scored, texture, tuned

ID: Final = "voice-wideband"
CARD: Final = f"docs/cards/{ID}.md"


def make(seed: int, workers: int, out: Path = fitting.OWN_MODELS) -> Path:
    """Write the model and its manifest; return the manifest's path.

    Args:
        seed: of the fine-tuned networks.
        workers: number of threads.
        out: folder of models.

    Raises:
        DataMissing: there is no published speech, or no fine-tuned network.
    """
    arrays = tuned.mean(seed)
    fitted = joining.fit(tried(seed, workers))
    model = fusion.build(_texture(), network.build(arrays), fitted.joint)
    limits = scored.LIMITS
    manifest = manifest_of(model, tuned.digest(arrays)).model_copy(
        update={
            "calibration": fitted.calibration,
            "domain": Domain(
                min_snr_db=limits.min_snr_db,
                min_bandwidth_hz=limits.min_bandwidth_hz,
                min_speech_seconds=limits.min_speech_seconds,
            ),
            "eval_card": CARD,
        }
    )
    return write(out, manifest, model)


def tried(seed: int, workers: int) -> list[scored.Scored]:
    """Return what the parts say of all trials in the domain: each by the network that learned nothing of its fold.

    Each sound is tried once. Where that network, or the texture, knows it or its speaker nevertheless, this is said.

    Raises:
        DataMissing: there is no published speech, or no fine-tuned network.
    """
    found = published.clips(published.folder())
    clips = published.wide(doubles.once(found))
    fold_of: dict[published.Clip, int] = {}
    met = {clip.name for clip in clips if packaged.known(clip)}
    own = _texture()
    models = []
    for fold in range(published.FOLDS):
        split = tuned.split(seed, fold)
        fold_of |= {clip: fold for clip in clips if clip.name in split.held}
        met |= doubles.met(found, split.learned) & split.held
        arrays = tuned.of_fold(seed, fold)
        unfitted = fusion.build(own, network.build(arrays), _unfitted())
        models.append(Model(manifest_of(unfitted, tuned.digest(arrays)), unfitted))
    return scored.score(models, sent.trials([clip for clip in clips if clip in fold_of]), fold_of, met, workers)


def _texture() -> bytes:
    return read_model(fitting.OWN_MODELS, _manifest_of_texture())


def _manifest_of_texture() -> SoundManifest:
    return read_manifest(fitting.OWN_MODELS, fitting.ID, SoundManifest)


def _unfitted() -> fusion.Joint:
    nothing = np.zeros(texture.MEASURES)
    return fusion.Joint(fusion.Shares(1.0, 1.0, 0.0), coders.Detector(nothing, nothing, nothing, -1.0), 0.0)


def manifest_of(model: bytes, numbers: str) -> SoundManifest:
    """Return the manifest of a model, without a calibration.

    Args:
        model: of :func:`fusion.build`.
        numbers: sha256 of the fine-tuned network's.
    """
    checksum = hashlib.sha256(model).hexdigest()
    return SoundManifest(
        id=ID,
        file=file_name(ID, checksum),
        sha256=checksum,
        source=WeightsSource(
            url="voice-texture, and AASIST of ASVspoof 5 as ml/voice/train fine-tuned it: see the card", sha256=numbers
        ),
        input=AudioWindow(
            name=fusion.INPUT,
            sample_rate=ASVSPOOF5_AASIST.input.sample_rate,
            samples=network.SAMPLES,
            speech_level_dbfs=ASVSPOOF5_AASIST.input.speech_level_dbfs,
        ),
        logits=Logits(name="logits", classes=("synthetic", "recorded"), fake_index=0),
        embedding=Embedding(name="embedding", size=fusion.EMBEDDING),
        licence="Apache-2.0 AND MIT",
        copyright="© the authors of Silver Guardian; AASIST, from which a part descends: © NAVER Corp.",
        joins=(_manifest_of_texture().sha256,),
    )
