"""A real S3 server over HTTP (moto), and real media, once for all tests here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from moto.server import ThreadedMotoServer

from tests.support.analyzers.service import CREDENTIALS
from tests.support.aws.s3 import client_of
from tests.support.media.samples import make_samples

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def s3(s3_endpoint: str) -> S3Client:
    keys = (CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"])
    client = client_of(s3_endpoint, *keys, CREDENTIALS["AWS_REGION"])
    for bucket in ("media", "results", "versioned"):
        client.create_bucket(Bucket=bucket)
    client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    return client


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return make_samples(tmp_path_factory.mktemp("samples"))


@pytest.fixture
def put(s3: S3Client) -> Callable[[str, bytes | Path], str]:
    """Put an object and return its URI."""

    def store(key: str, content: bytes | Path) -> str:
        body = content.read_bytes() if isinstance(content, Path) else content
        s3.put_object(Bucket="media", Key=key, Body=body)
        return f"s3://media/{key}"

    return store
