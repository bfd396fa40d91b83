"""Links to S3, signed here and used by browsers: recordings and reports never pass through this service."""

from __future__ import annotations

import asyncio
import base64
import mimetypes
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.exceptions import BotoCoreError

from guardian_service.s3 import split_uri
from guardian_service.s3_client import client_config, custom_endpoint, region
from status_api.errors import Unavailable
from status_api.settings import Settings
from status_api.wire import NewUpload, ReportLink, Source, Upload

_MOST_SUFFIX = 10
_CHECKSUM = "x-amz-checksum-sha256"


class S3Links:
    """The Storage port over presigned URLs (Signature Version 4).

    An upload's type and size, and its SHA-256 if that is stated, are among the signed headers, so S3 itself refuses
    anything else.

    Args:
        settings: prefixes, and how long a link is valid.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Any = _make_client()
        self.origin = _origin(settings.uploads_uri)
        """Scheme and host of the links to the bucket of uploads."""

    async def upload(self, tenant: str, new: NewUpload) -> Upload:
        """Allow exactly this one upload, to a new key under the tenant's prefix."""
        suffix = (mimetypes.guess_extension(new.content_type) or "")[:_MOST_SUFFIX]
        uri = f"{self._settings.uploads_of(tenant)}{uuid.uuid4().hex}{suffix}"
        bucket, key = split_uri(uri)
        parameters = {"Bucket": bucket, "Key": key, "ContentType": new.content_type, "ContentLength": new.size_bytes}
        headers = {"Content-Type": new.content_type}
        if new.sha256:
            checksum = base64.b64encode(bytes.fromhex(new.sha256)).decode()
            parameters["ChecksumSHA256"] = headers[_CHECKSUM] = checksum
        url, expires = await self._sign("put_object", parameters)
        source = Source(uri=uri, sha256=new.sha256)
        return Upload(source=source, method="PUT", url=url, headers=headers, expires_at=expires)

    async def report(self, tenant: str, uri: str) -> ReportLink | None:
        """Return a link to a report under the tenant's own results; None for any other object."""
        results = self._settings.results_uri
        if results is None or not uri.startswith(f"{results.rstrip('/')}/{tenant}/"):
            return None
        bucket, key = split_uri(uri)
        shown = {"ResponseContentType": "text/html; charset=utf-8", "ResponseCacheControl": "private, max-age=900"}
        url, expires = await self._sign("get_object", {"Bucket": bucket, "Key": key, **shown})
        return ReportLink(url=url, expires_at=expires)

    async def _sign(self, operation: str, parameters: dict[str, Any]) -> tuple[str, datetime]:
        seconds = self._settings.link_seconds
        expires = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
        try:
            # In a thread: credentials may have to be fetched first.
            url = await asyncio.to_thread(
                self._client.generate_presigned_url, operation, Params=parameters, ExpiresIn=seconds
            )
        except BotoCoreError as error:
            raise Unavailable(f"S3 links cannot be signed: {error}") from error
        return str(url), expires


def _make_client(**credentials: Any) -> Any:  # noqa: ANN401 - botocore makes its classes at run time
    endpoint = custom_endpoint()
    config = client_config(endpoint, aws_style="virtual", signature_version="s3v4")
    session = botocore.session.get_session()
    return session.create_client("s3", region_name=region(), endpoint_url=endpoint, config=config, **credentials)


def _origin(uploads_uri: str) -> str:
    """Return scheme and host of the links, by botocore's own rules; no request is sent with these credentials."""
    client = _make_client(aws_access_key_id="none", aws_secret_access_key="none")  # noqa: S106 - not a secret
    bucket, _ = split_uri(uploads_uri)
    parts = urlsplit(client.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "recording"}))
    return f"{parts.scheme}://{parts.netloc}"
