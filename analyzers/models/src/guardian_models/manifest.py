"""What a model is, as JSON beside its file: where it comes from, what it takes, and what its answer means."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from guardian_models.errors import ManifestRefused, OtherKind

MANIFEST_VERSION = 1
"""Another one is refused: its fields may mean something else."""

_KIND = "audio"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ModelId = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
_FileName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,99}\.onnx$")]
_Text = Annotated[str, Field(min_length=1, max_length=500)]
_Name = Annotated[str, Field(min_length=1, max_length=63)]
_Number = Annotated[float, Field(allow_inf_nan=False)]

REFERENCE_PERCENTILES = tuple(range(0, 101, 5))
"""Which percentiles :attr:`Calibration.reference` holds."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


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

    @property
    def seconds(self) -> float:
        """Length of a window."""
        return self.samples / self.sample_rate


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


class Calibration(_Part):
    """What the model's scores mean, measured on recordings that training never saw.

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
    """One model. Without a calibration, a domain, or a card of its evaluation nothing can be concluded from it."""

    manifest_version: Literal[1] = 1
    id: ModelId
    file: _FileName
    sha256: Sha256
    """Of the model's file."""
    source: WeightsSource
    input: AudioWindow
    logits: Logits
    embedding: Embedding
    licence: _Text
    copyright: _Text
    calibration: Calibration | None = None
    domain: Domain | None = None
    eval_card: str | None = Field(default=None, min_length=1, max_length=300)
    """Where the evaluation is told."""

    def text(self) -> str:
        """Give it as the JSON that :func:`parse` reads."""
        return self.model_dump_json(by_alias=True, indent=2) + "\n"


def parse(text: str | bytes, where: str) -> Manifest:
    """Read a manifest.

    Args:
        text: JSON.
        where: its name, for the message.

    Raises:
        ManifestRefused: not JSON, of another version, or a field is wrong.
        OtherKind: the model takes something else than sound.
    """
    try:
        raw: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ManifestRefused(f"{where} is not JSON: {error}") from error
    version = raw.get("manifestVersion") if isinstance(raw, dict) else None
    if version != MANIFEST_VERSION:
        raise ManifestRefused(
            f"{where} has manifestVersion {version!r}, and this release knows {MANIFEST_VERSION}: import the model anew"
        )
    taken = raw.get("input")
    kind = taken.get("kind") if isinstance(taken, dict) else None
    if isinstance(kind, str) and kind != _KIND:
        raise OtherKind(f"{where} is of a model for {kind[:20]}, not for sound")
    try:
        manifest = Manifest.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ManifestRefused(f"{where}: {field}: {first['msg']}") from error
    if manifest.logits.fake_index >= len(manifest.logits.classes):
        raise ManifestRefused(f"{where}: logits.fakeIndex: there is no class {manifest.logits.fake_index}")
    return manifest
