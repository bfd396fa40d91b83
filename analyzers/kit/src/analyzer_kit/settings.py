"""A service's settings: environment variables that start with GUARDIAN_."""

from __future__ import annotations

import os
import tempfile
from ipaddress import ip_address
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from analyzer_kit.analysis import Caps, Models, Trust
from analyzer_kit.analyzer import Analyzer
from analyzer_kit.child.messages import ChildConfig
from guardian_service.settings import LogLevel


class KitSettings(BaseSettings):
    """What an installation can change. S3 itself is configured by the AWS_ variables that botocore reads."""

    model_config = SettingsConfigDict(env_prefix="GUARDIAN_", extra="ignore")

    host: str = Field(default="127.0.0.1", description="Address to listen on; images set 0.0.0.0.")
    secret_file: Path | None = Field(
        default=None,
        description="The installation's secrets, one a line. Without it only loopback may ask for analyses.",
    )
    port: int | None = Field(default=None, ge=0, le=65535, description="Each analyzer has its own default.")
    concurrency: int = Field(default=1, ge=1, le=64, description="Analyses at once, each in a child of its own.")
    models: Path | None = Field(default=None, description="Folder of detection models; an analyzer may bring its own.")
    trust: Path | None = Field(
        default=None, description="Folder of certificates, *.pem, whose content credentials are trusted."
    )
    scratch_dir: Path = Field(default_factory=lambda: Path(tempfile.gettempdir()))
    memory_mib: int = Field(default=1024, ge=128, description="Private memory that one child may use.")
    threads: int = Field(default=2, ge=1, le=64, description="Threads of one child for decoding and array work.")
    warm_up_seconds: float = Field(default=60, gt=0, description="After this a child that is not warm is replaced.")
    drain_seconds: float = Field(default=110, gt=0, description="How long SIGTERM waits for what runs.")
    max_source_bytes: int = Field(default=2 * 1024**3, gt=0)
    max_duration_seconds: float = Field(default=7200, gt=0)
    max_side_pixels: int = Field(default=8192, gt=0)
    s3_retry_seconds: float = Field(default=30, gt=0, description="How long a failing S3 is tried again.")
    s3_connect_seconds: float = Field(default=3, gt=0)
    s3_read_seconds: float = Field(default=10, gt=0, description="Longest silence while reading an object.")
    log_level: LogLevel = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @property
    def local(self) -> bool:
        """Whether only processes of this machine reach the service."""
        return self.host == "localhost" or (_is_address(self.host) and ip_address(self.host).is_loopback)

    def child(self, analyzer: Analyzer) -> ChildConfig:
        """Return the configuration of an analyzer's children.

        ``GUARDIAN_<NAME>_MODEL``, as ``GUARDIAN_AUDIO_MODEL``, holds the ids of the models to use, with commas between
        them; unless set, all that the analyzer can use.
        """
        caps = Caps(
            max_duration_seconds=self.max_duration_seconds,
            max_side_pixels=self.max_side_pixels,
            threads=self.threads,
        )
        listed = os.environ.get(f"GUARDIAN_{analyzer.name.upper()}_MODEL", "")
        ids = tuple(name for name in (part.strip() for part in listed.split(",")) if name)
        models = Models(folder=str(self.models.absolute()) if self.models else None, ids=ids)
        trust = Trust(folder=str(self.trust.absolute()) if self.trust else None)
        memory = self.memory_mib * 1024**2
        return ChildConfig(module=analyzer.module, memory_bytes=memory, caps=caps, models=models, trust=trust)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
