"""A model's manifest, JSON beside its file: where it comes from, what it takes, and what its answer means."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from guardian_models.errors import ManifestRefused, OtherKind
from guardian_service.validation import error_summary

MANIFEST_VERSION = 1
"""Another one is refused: its fields may mean something else."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ModelId = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
_FileName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,99}\.onnx$")]
_Text = Annotated[str, Field(min_length=1, max_length=500)]
_Name = Annotated[str, Field(min_length=1, max_length=63)]
_Number = Annotated[float, Field(allow_inf_nan=False)]

REFERENCE_PERCENTILES = tuple(range(0, 101, 5))
"""Which percentiles :attr:`Calibration.reference` holds."""


_STRICT = ConfigDict(extra="forbid")
_LENIENT = ConfigDict(extra="ignore")
"""Of frames: what their manifests say besides is left for other programs."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True) | _STRICT


class WeightsSource(_Part):
    """Where the weights were published, for people; nothing is fetched from there."""

    url: _Text
    sha256: Sha256
    """Of the file that was imported."""


class AudioWindow(_Part):
    """Mono sound of one fixed length, as float32 of shape ``[1, samples]``."""

    kind: Literal["audio"] = "audio"
    name: _Name
    sample_rate: int = Field(ge=8000, le=192_000)
    samples: int = Field(ge=1, le=10_000_000)
    low: float = -1.0
    high: float = 1.0
    speech_level_dbfs: float | None = Field(default=None, ge=-60, le=0)
    """Root mean square that the parts with speech are brought to before, in dB of full scale; None: left as it is."""

    def __str__(self) -> str:
        return f"{self.samples / self.sample_rate:.2f} s of sound"


class FrameWindow(_Part):
    """Neighbouring gray frames, from 0 to 1, as float32 of shape ``[1, frames, height, width]``."""

    model_config = _LENIENT

    kind: Literal["video"] = "video"
    name: _Name
    frames: int = Field(ge=1, le=64)
    height: int = Field(ge=8, le=512)
    width: int = Field(ge=8, le=512)
    every_seconds: float = Field(default=1.0, ge=0.2, le=60)
    """From the beginning of one window to the next."""

    def __str__(self) -> str:
        return f"{self.frames} frames"


class Logits(_Part):
    """The answer: one logit for each class, float32 of shape ``[1, len(classes)]``."""

    name: _Name
    classes: tuple[_Name, ...] = Field(min_length=2, max_length=100)
    """In the order of their indices."""
    fake_index: int = Field(ge=0)
    """Which class is the fake one."""
    score: Literal["fake-minus-other"] = "fake-minus-other"
    """How a score is made: the fake class's logit minus the other one's; higher means more likely fake."""


class Embedding(_Part):
    """What the network made of its input before the last layer, float32 of shape ``[1, size]``."""

    name: _Name
    size: int = Field(ge=1, le=100_000)


class Thresholds(_Part):
    """Scores of a model for frames of which the errors were measured, on recordings that training never saw."""

    model_config = _LENIENT

    threshold: _Number
    """5 % of the genuine recordings score this or more; a recording's score is its windows' highest."""
    strict_threshold: _Number
    """1 % of them do: from here on a recording is ``LikelyFake``."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.strict_threshold < self.threshold:
            raise ValueError("strictThreshold lies below threshold")
        return self


class Calibration(_Part):
    """What the scores of a model for sound mean, measured on recordings that training never saw.

    A recording's score is the mean of its windows' scores. The probability that it is fake, fakes and others being
    equally many, is the logistic function of ``slope * score + intercept`` (Platt 1999).
    """

    slope: _Number = Field(gt=0)
    intercept: _Number
    threshold: _Number
    """From here on a recording is ``Suspicious``; the evaluation card says how many genuine ones are."""
    strict_threshold: _Number
    """From here on it is ``LikelyFake``."""
    reference: tuple[_Number, ...] = Field(min_length=len(REFERENCE_PERCENTILES), max_length=len(REFERENCE_PERCENTILES))
    """Scores of the genuine recordings at the percentiles 0, 5, … 100."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.strict_threshold < self.threshold:
            raise ValueError("strictThreshold lies below threshold")
        if any(after < before for before, after in pairwise(self.reference)):
            raise ValueError("reference does not rise")
        return self


class Domain(_Part):
    """In which sound the calibration was measured; outside of it the model's scores say nothing."""

    min_snr_db: float = Field(ge=0, le=200)
    min_bandwidth_hz: float = Field(ge=0, le=100_000)
    min_speech_seconds: float = Field(ge=0, le=3600)


class Manifest(_Part):
    """One model: what every kind of them states. Without a calibration and an evaluation card nothing follows from it.

    Attributes:
        takes: the medium, in one word.
        most_bytes: largest file of such a model.
    """

    takes: ClassVar[str]
    most_bytes: ClassVar[int]

    manifest_version: Literal[1] = 1
    id: ModelId
    file: _FileName
    sha256: Sha256
    """Of the model's file."""
    source: WeightsSource | None = None
    input: AudioWindow | FrameWindow
    logits: Logits
    embedding: Embedding | None = None
    licence: _Text
    copyright: _Text | None = None
    calibration: Calibration | Thresholds | None = None
    domain: Domain | None = None
    eval_card: str | None = Field(default=None, min_length=1, max_length=300)
    """The page that states its errors."""

    def text(self) -> str:
        """Return the JSON that :func:`parse` reads."""
        return self.model_dump_json(by_alias=True, indent=2) + "\n"


class SoundManifest(Manifest):
    """A model for windows of sound; its window is run by ONNX Runtime."""

    takes: ClassVar[str] = "sound"
    most_bytes: ClassVar[int] = 512 * 1024**2

    source: WeightsSource
    input: AudioWindow
    embedding: Embedding
    copyright: _Text
    calibration: Calibration | None = None
    joins: tuple[Sha256, ...] = ()
    """Files of the models whose answer is a part of its own: where it finds nothing, a suspicion of theirs is none."""


class FrameManifest(Manifest):
    """A model for windows of frames; its window is run by OpenCV."""

    model_config = _LENIENT

    takes: ClassVar[str] = "video"
    most_bytes: ClassVar[int] = 64 * 1024**2

    input: FrameWindow
    calibration: Thresholds | None = None


_KINDS: dict[str, type[Manifest]] = {"audio": SoundManifest, "video": FrameManifest}


def parse[M: Manifest](text: str | bytes, where: str, kind: type[M]) -> M:
    """Read a manifest.

    Args:
        text: JSON.
        where: its name, for the message.
        kind: which kind of manifest is expected; :class:`Manifest` for any.

    Raises:
        ManifestRefused: not JSON, of another version, or a field is wrong.
        OtherKind: it is the manifest of another kind of model.
    """
    try:
        raw: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ManifestRefused(f"{where} is not JSON: {error}") from error
    window = raw.get("input") if isinstance(raw, dict) else None
    named = window.get("kind") if isinstance(window, dict) else None
    stated = _KINDS.get(named) if isinstance(named, str) else None
    if isinstance(named, str) and kind is not Manifest and stated is not kind:
        raise OtherKind(f"{where} is of a model for {named[:20]}, not for {kind.takes}")
    version = raw.get("manifestVersion") if isinstance(raw, dict) else None
    if version != MANIFEST_VERSION:
        raise ManifestRefused(
            f"{where} has manifestVersion {version!r}, and this release reads {MANIFEST_VERSION}: import it again"
        )
    return cast("M", _validated(raw, where, (stated or SoundManifest) if kind is Manifest else kind))


def _validated[M: Manifest](raw: object, where: str, kind: type[M]) -> M:
    try:
        manifest = kind.model_validate(raw)
    except ValidationError as error:
        raise ManifestRefused(f"{where}: {error_summary(error)}") from error
    if manifest.logits.fake_index >= len(manifest.logits.classes):
        raise ManifestRefused(f"{where}: logits.fakeIndex: there is no class {manifest.logits.fake_index}")
    return manifest
