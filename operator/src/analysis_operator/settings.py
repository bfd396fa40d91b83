"""What the installation decides, from environment variables that start with GUARDIAN_."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from analysis_operator.notifications.ports import InstalledSubscription, Subscription
from analysis_operator.report.ports import HelpLine
from analysis_operator.requests.erasing import Scope
from analysis_operator.requests.limits import Limits, NamespaceLimits
from analysis_operator.requests.observation import Policy
from analysis_records.address import Address, UrlFile
from guardian_service.s3 import S3Folder, S3Grant, S3Prefix
from guardian_service.settings import GrantedNamespace, LogLevel


class Settings(BaseSettings):
    """The operator's settings. Lists and maps are given as JSON."""

    model_config = SettingsConfigDict(env_prefix="GUARDIAN_", frozen=True)

    namespace: str = Field(default="silver-guardian", description="The operator's namespace: its Analyzers live here.")
    identity: str = Field(default="silver-guardian", description="The name of this process, as in the pod's name.")
    # Namespace, name and UID are added, and an analyzer takes at most 900 characters.
    results_uri: S3Prefix | None = Field(
        default=None, description="Where results and reports go. Without it there are none, only verdicts."
    )
    uploads_uri: S3Prefix | None = Field(
        default=None,
        description="Where the status API has recordings uploaded to, in a folder for each namespace: erasing an "
        "analysis deletes its recording there, and nowhere else.",
    )
    transcripts_uri: S3Folder | None = Field(
        default=None,
        description="Where the context analyzer keeps transcripts of Amazon Transcribe: erasing an analysis deletes "
        "its own.",
    )
    grants: dict[GrantedNamespace, tuple[S3Grant, ...]] = Field(
        default={},
        description="Which buckets, or prefixes that end with a slash, a namespace may have analysed; * stands for "
        "every other namespace. What is not here is granted nothing.",
    )
    limits: dict[GrantedNamespace, NamespaceLimits] = Field(
        default={"*": NamespaceLimits(analyzers=("audio", "video"))},
        description="What a namespace may have at most, as {NAMESPACE: {maxRunning, maxPriority, analyzers}}; * stands "
        "for every other one, and for what a namespace's own entry leaves out.",
    )
    phones: dict[str, tuple[HelpLine, ...]] = Field(
        default={},
        description='Who helps, in the report, instead of Korea\'s numbers, by language: {"en": [{"number": "999", '
        '"who": "Police"}]}.',
    )
    retry_base_seconds: float = Field(default=2.0, gt=0, description="The pause before the second attempt.")
    retry_cap_seconds: float = Field(default=60.0, gt=0, description="The longest pause between attempts.")
    max_disruptions: int = Field(default=20, ge=0, description="How often one analysis may lose its pod.")
    missing_analyzer_seconds: float = Field(
        default=120.0, ge=0, description="How long a request waits for an Analyzer that is not there."
    )
    cached_seconds: int = Field(
        default=604_800,
        ge=0,
        description="How old a result may be that is adopted for the same object and the same analyzer. 0: none is.",
    )
    resync_seconds: float = Field(default=60.0, gt=0, description="How often everything is compared with the API.")
    secret_file: Path | None = Field(
        default=None,
        description="The secrets by which analyzers know the operator, one a line. Without it jobs are not signed.",
    )
    secret_name: str | None = Field(
        default=None, description="The Secret with that file, which the pods of analyzers get, under the key `shared`."
    )
    port: int = Field(default=8080, ge=1, le=65535, description="Serves /healthz, /readyz and /metrics.")
    scaler_port: int = Field(default=9090, ge=1, le=65535, description="Serves KEDA's external-push scaler.")
    scaler_host: str = Field(
        default="silver-guardian.silver-guardian.svc",
        description="Where KEDA reaches that port of this very process: its pod's address where there are several.",
    )
    lease: str | None = Field(
        default=None,
        min_length=1,
        max_length=253,
        description="The Lease, named like the Deployment, by which one of several operators works. None: alone.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="postgresql://USER:PASSWORD@HOST/NAME: where records go. Without it there are none.",
    )
    database_url_file: Path | None = Field(
        default=None, description="A file with that URL, read before each connection: a new password counts at once."
    )
    records_days: int = Field(
        default=0, ge=0, description="Days for which a record stays after its request was deleted. 0: for ever."
    )
    subscriptions: dict[str, InstalledSubscription] = Field(
        default={},
        description="Sinks of the installation, by name: which events of which namespaces go where.",
    )
    sink_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(),
        description="Networks in which a namespace's sink may be though they are not public: 10.1.2.0/24. There it "
        "needs no https.",
    )
    event_source: str = Field(
        default="/silver-guardian",
        pattern=r"^[!-~]{1,256}$",
        description="The CloudEvents attribute source of every event, a URI: one for each cluster.",
    )
    notification_hours: int = Field(
        default=24, ge=1, le=168, description="For how long an event is sent again to a sink that does not take it."
    )
    host: str = Field(default="0.0.0.0", description="The address that the port is bound to.")  # noqa: S104
    log_level: LogLevel = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @property
    def scaler_address(self) -> str:
        """Return the address of the scaler for KEDA, as ``host:port``."""
        host = f"[{self.scaler_host}]" if ":" in self.scaler_host else self.scaler_host
        return f"{host}:{self.scaler_port}"

    @property
    def database(self) -> Address | None:
        """Return where records go, or None."""
        if self.database_url_file is not None:
            return UrlFile(self.database_url_file)
        return self.database_url.get_secret_value() if self.database_url else None

    def installed_subscriptions(self) -> list[Subscription]:
        """Return the subscriptions of the installation; their Secrets are in the operator's namespace."""
        return [each.subscription(name, self.namespace) for name, each in self.subscriptions.items()]

    @property
    def records_kept(self) -> timedelta | None:
        """Return for how long a record stays after its request was deleted; None: for ever."""
        return timedelta(days=self.records_days) if self.records_days else None

    def erasing_scope(self) -> Scope:
        """Return where erasing may delete objects."""
        return Scope(self.results_uri, self.uploads_uri, self.transcripts_uri)

    def policy(self) -> Policy:
        """Return the settings that decisions need."""
        return Policy(
            grants=self.grants,
            limits=Limits(self.limits),
            results_uri=self.results_uri,
            retry_base_seconds=self.retry_base_seconds,
            retry_cap_seconds=self.retry_cap_seconds,
            max_disruptions=self.max_disruptions,
            missing_analyzer_seconds=self.missing_analyzer_seconds,
        )
