"""Settings of the installation, from environment variables that start with GUARDIAN_."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from analysis_records.address import Address, UrlFile
from guardian_service.s3 import S3Grant, S3Prefix, is_granted
from guardian_service.settings import LogLevel, Namespace
from status_api.wire import MOST_BYTES

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class Settings(BaseSettings):
    """The status API's settings. Lists and maps are given as JSON."""

    model_config = SettingsConfigDict(env_prefix="GUARDIAN_", frozen=True)

    host: str = Field(default="0.0.0.0", description="The address that the port is bound to.")  # noqa: S104
    port: int = Field(default=8080, ge=1, le=65535, description="Serves the API and the page.")
    log_level: LogLevel = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")

    oidc_issuer: str = Field(default="", description="Who signs the tokens; its keys are found by discovery.")
    oidc_audience: str = Field(default="", description="Whom the tokens must be meant for.")
    oidc_client_id: str = Field(default="", description="As what the page signs people in. Empty: it cannot.")
    oidc_scope: str = Field(default="openid", description="What the page asks for when it signs people in.")
    tenant_claim: str = Field(default="tenant", description="The claim that names the tenant.")
    tenants: dict[str, Namespace] = Field(default={}, description="Namespaces by what that claim may say.")

    uploads_uri: S3Prefix = Field(default="s3://media/uploads", description="Where uploads go, by tenant.")
    max_upload_bytes: int = Field(default=512 * 1024**2, ge=1, le=MOST_BYTES, description="Of one recording.")
    sources: dict[Namespace, tuple[S3Grant, ...]] = Field(
        default={},
        description="By namespace: more buckets, or prefixes that end with a slash, besides its uploads, that it may "
        "have analysed.",
    )
    results_uri: S3Prefix | None = Field(default=None, description="Where the operator puts reports.")
    link_seconds: int = Field(default=900, ge=60, le=3600, description="How long a link to S3 is good.")

    analyzers: tuple[str, ...] = Field(default=("audio", "video"), min_length=1, description="Those asked by default.")
    rate_per_second: float = Field(default=50, gt=0, description="Requests of one tenant, sustained.")
    max_unfinished: int = Field(
        default=1000, ge=1, description="Analyses of one tenant that wait or run. Above it new ones are refused (429)."
    )
    rate_burst: int = Field(default=200, ge=1, description="Requests of one tenant at once.")

    database_url: SecretStr | None = Field(default=None, description="PostgreSQL. Without it the cluster is asked.")
    database_url_file: Path | None = Field(
        default=None, description="A file with that URL, read before each connection: a new password counts at once."
    )
    database_connections: int = Field(default=5, ge=1, le=100, description="To PostgreSQL, at once.")
    kubernetes_url: str = Field(default="https://kubernetes.default.svc", description="The API server.")
    kubernetes_token_file: Path = Field(
        default=_SERVICE_ACCOUNT / "token", description="Read at every call: it rotates."
    )
    kubernetes_ca_file: Path = Field(default=_SERVICE_ACCOUNT / "ca.crt", description="Who signs for the API server.")

    @property
    def database(self) -> Address | None:
        """Return where records are read, or None."""
        if self.database_url_file is not None:
            return UrlFile(self.database_url_file)
        return self.database_url.get_secret_value() if self.database_url else None

    def may_read(self, tenant: str, uri: str) -> bool:
        """Return whether a tenant may have this object analysed: an upload of its own, or what it was granted."""
        return is_granted(uri, (self.uploads_of(tenant), *self.sources.get(tenant, ())))

    def is_upload(self, tenant: str, uri: str) -> bool:
        """Return whether an object is an upload of this tenant."""
        return is_granted(uri, (self.uploads_of(tenant),))

    def uploads_of(self, tenant: str) -> str:
        """Return the prefix of a tenant's uploads, with a slash at the end."""
        return f"{self.uploads_uri.rstrip('/')}/{tenant}/"
