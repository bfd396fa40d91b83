"""How clients of S3 are configured, for AWS and for other servers.

botocore is imported only when a client is configured: processes that never need one do without its memory.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.config import Config


def region() -> str:
    """Return the AWS region of the environment, or the one that S3 servers other than AWS take."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def custom_endpoint() -> str | None:
    """Return the address of another S3 server than AWS, if the environment names one."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None


def client_config(endpoint: str | None, *, aws_style: str | None = None, **options: Any) -> Config:  # noqa: ANN401 - botocore's own
    """Return a configuration that AWS and other S3 servers understand.

    Args:
        endpoint: address of another server than AWS: :func:`custom_endpoint`, or one that the caller chooses.
        aws_style: how AWS itself is addressed, ``path`` or ``virtual``; botocore chooses unless given.
        options: timeouts, retries and whatever else the caller decides, as ``botocore.config.Config`` takes them.
    """
    from botocore.config import Config

    style = "path" if endpoint else aws_style  # a server without wildcard DNS has no bucket.host names
    return Config(
        s3={"addressing_style": style} if style else {},  # type: ignore[arg-type]
        request_checksum_calculation="when_required",  # other servers than AWS know no trailing checksums
        response_checksum_validation="when_required",
        **options,
    )
