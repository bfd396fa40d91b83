"""A real S3 server for integration tests: versitygw over a folder, on the loopback address."""

from __future__ import annotations

import subprocess
import threading
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.cluster.builder import ensure_tools
from tests.cluster.shell import command_env, wait_until
from tests.support.ports import free_port

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACCESS_KEY = "integration"
SECRET_KEY = "integration-secret"
REGION = "us-east-1"
_MAKING = threading.Lock()
"""Clients are for several threads, but a session is not."""


@cache
def _session() -> boto3.session.Session:
    """Reading the rules of S3 takes a tenth of a second, so all clients have one session."""
    return boto3.session.Session()


def client_of(endpoint_url: str, access_key: str, secret_key: str, region: str) -> S3Client:
    """Return a client of a server other than Amazon's."""
    with _MAKING:
        return _session().client(
            "s3",
            endpoint_url=endpoint_url,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            region_name=region,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )


class S3Process:
    """One S3 server, as a context manager; it can be stopped and started again with what it holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._stack = ExitStack()
        self.endpoint_url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> S3Process:
        self._program = str(ensure_tools().path("versitygw"))
        for name in ("data", "versions"):
            (self._folder / name).mkdir(exist_ok=True)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self) -> None:
        """Start it and wait until it answers."""
        log = self._stack.enter_context((self._folder / "s3.log").open("ab"))
        keys = {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY}
        command = [
            self._program, "--port", f"127.0.0.1:{self._port}", "--region", REGION,
            "posix", "--versioning-dir", str(self._folder / "versions"), str(self._folder / "data"),
        ]  # fmt: skip
        self._process = subprocess.Popen(command, env=command_env(keys), stdout=log, stderr=log)
        self._stack.callback(self._process.wait)
        self._stack.callback(self._process.kill)
        wait_until(self._answers, "the S3 server to answer")

    def stop(self) -> None:
        """Kill it; its folder keeps what it holds."""
        self._process.kill()
        self._process.wait()

    def client(self) -> S3Client:
        """Return a client with all rights."""
        return client_of(self.endpoint_url, ACCESS_KEY, SECRET_KEY, REGION)

    def make_bucket(self, name: str) -> None:
        """Make a bucket."""
        self.client().create_bucket(Bucket=name)

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Put an object."""
        self.client().put_object(Bucket=bucket, Key=key, Body=body)

    def environment(self) -> dict[str, str]:
        """Return the variables that lead an AWS client here."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }

    def _answers(self) -> bool:
        try:
            self.client().list_buckets()
        except (BotoCoreError, ClientError):
            return False
        return True
