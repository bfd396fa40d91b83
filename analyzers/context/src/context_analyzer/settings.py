"""What an installation can change: the kit's settings, and which AWS services write and read transcripts."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from analyzer_kit.settings import KitSettings
from guardian_service.s3 import BUCKET_PATTERN

DEFAULT_MODEL = "global.anthropic.claude-haiku-5-5"
"""What Terraform chooses on AWS: Claude's small model of October 2026, by the inference profile that every commercial
region offers. Older profiles name a date and ``-v1:0``, and end sooner."""

NO_MODEL = "none"


class TranscriberChoice(StrEnum):
    """Who writes down what is said."""

    AUTO = "auto"
    LOCAL = "local"
    AMAZON = "amazon"
    SUPPLIED = "supplied"


class ContextSettings(KitSettings):
    """Variables of this analyzer start with GUARDIAN_CONTEXT_; those of every analyzer with GUARDIAN_ alone."""

    concurrency: int = Field(
        default=16, ge=1, le=64, description="Analyses at once: they wait for AWS, and compute little."
    )
    context_transcriber: TranscriberChoice = Field(
        default=TranscriberChoice.AUTO,
        description="auto: local where GUARDIAN_MODELS has a model for speech, else amazon where there is a place for "
        "its transcripts, else supplied, beside the recording.",
    )
    context_speech_model: str = Field(
        default="", max_length=63, description="The model in GUARDIAN_MODELS that listens; empty: the only one."
    )
    context_language: str = Field(
        default="",
        pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$",
        description="The language that the local transcriber expects, such as ko; empty: found out.",
    )
    context_transcripts: str = Field(
        default="",
        pattern=rf"^({BUCKET_PATTERN}/([A-Za-z0-9_.*'()!/-]*/)?)?$",
        max_length=600,
        description="Where Amazon Transcribe writes to, as s3://BUCKET/PREFIX/. Without it nothing is transcribed: "
        "a transcript has to lie beside the recording.",
    )
    context_languages: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("ko-KR", "en-US", "ja-JP", "zh-CN", "vi-VN"),
        min_length=2,
        description="Languages to choose from, with commas between them; one for each language.",
    )
    context_speakers: int = Field(default=4, ge=2, le=30, description="Most speakers that are told apart.")
    context_keep_transcript: bool = Field(
        default=True,
        description="Whether what is said, its numbers masked, goes into the result in S3 and so into the report.",
    )
    context_model: str = Field(
        default=NO_MODEL,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9:/._-]{0,99}$",
        description="Bedrock's model id or inference profile, or the model's name at GUARDIAN_CONTEXT_MODEL_URL; none: "
        "what is said is sent nowhere.",
    )
    context_model_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s/?#@]+(/[^\s?#]*)?)?$",
        max_length=600,
        description="An endpoint that speaks OpenAI's chat completions, as http://vllm:8000/v1, to be asked instead of "
        "Bedrock.",
    )
    context_model_key: SecretStr | None = Field(default=None, description="Its key, if it wants one.")
    context_region: str = Field(default="", pattern=r"^[a-z0-9-]*$", description="Bedrock's; else the pod's region.")
    context_model_seconds: float = Field(default=45, gt=0, description="Longest wait for one answer of the model.")
    context_retry_seconds: float = Field(
        default=20, gt=0, description="How long a service that throttles is asked again."
    )

    @field_validator("context_languages", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.context_model_url and not self.has_model:
            raise ValueError("GUARDIAN_CONTEXT_MODEL: name the model that GUARDIAN_CONTEXT_MODEL_URL has")
        return self

    @property
    def has_model(self) -> bool:
        """Whether a language model is asked."""
        return self.context_model != NO_MODEL
