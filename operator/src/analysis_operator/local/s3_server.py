"""A local S3 server: moto's, as a process on the loopback address. Its content is lost when it ends."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from analysis_operator.local.files import MEDIA_BUCKET
from analysis_operator.local.process import HOST, Service, free_port
from analysis_operator.report.store import make_client
from guardian_service.s3 import split_uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RESULTS_URI = "s3://results"
_KEEP_LOCAL = f"{HOST},localhost"


@contextmanager
def directed_to(endpoint: str) -> Iterator[None]:
    """Set the environment so that the S3 clients of this process and its children reach only one server."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(part for part in (before.get(name), _KEEP_LOCAL) if part)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class LocalStore:
    """The server. :meth:`environment` directs the S3 clients of this process and its children to it."""

    def __init__(self, logs: Path) -> None:
        port = free_port()
        (logs / "s3.log").unlink(missing_ok=True)
        self.endpoint = f"http://{HOST}:{port}"
        self._service = Service("s3", ["moto.server", "-H", HOST, "-p", str(port)], port, "/moto-api/", logs)
        self._client: S3Client | None = None
        self._buckets: set[str] = set()

    async def start(self) -> None:
        """Start the server and wait for it.

        Raises:
            StartFailed: it does not come up.
        """
        await self._service.start({})
        await self._service.wait_ready()
        self._client = await asyncio.to_thread(make_client, self.endpoint)
        for bucket in (split_uri(RESULTS_URI)[0], MEDIA_BUCKET):
            await self._make_bucket(bucket)

    async def stop(self) -> None:
        """End the server."""
        await self._service.stop()

    def environment(self) -> AbstractContextManager[None]:
        """Set the environment so that S3 clients reach only this server, and no AWS account of the shell."""
        return directed_to(self.endpoint)

    async def upload(self, path: Path, uri: str) -> None:
        """Upload a file, and create its bucket if it does not exist."""
        bucket, key = split_uri(uri)
        await self._make_bucket(bucket)
        await asyncio.to_thread(self._s3().upload_file, str(path), bucket, key)

    async def download(self, prefix_uri: str, folder: Path) -> list[Path]:
        """Download the objects directly under a prefix into a folder, and return their paths."""
        return await asyncio.to_thread(self._download, prefix_uri, folder)

    def _download(self, prefix_uri: str, folder: Path) -> list[Path]:
        bucket, prefix = split_uri(prefix_uri)
        listed = self._s3().list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for item in listed:
            # The last part only: a key cannot lead out of the folder.
            target = folder / PurePosixPath(item["Key"]).name
            self._s3().download_file(bucket, item["Key"], str(target))
            written.append(target)
        return written

    async def _make_bucket(self, bucket: str) -> None:
        if bucket not in self._buckets:
            try:
                await asyncio.to_thread(self._s3().create_bucket, Bucket=bucket)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") != "BucketAlreadyOwnedByYou":
                    raise
            self._buckets.add(bucket)

    def _s3(self) -> S3Client:
        if self._client is None:
            raise RuntimeError("The S3 server has not started.")
        return self._client
