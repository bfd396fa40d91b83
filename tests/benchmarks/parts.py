"""What a benchmark of the operator alone stands on: a real API server, a real S3 server, and scripted analyzers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.support.aws.s3 import S3Process
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.operator.process import Pods
from tests.support.operator.world import prepare
from tests.support.ports import free_port


class Parts(NamedTuple):
    """The servers, with the definitions and a bucket named media, and a folder for what is written."""

    folder: Path
    server: ApiServer
    s3: S3Process
    pods: Pods

    def pool_without_work(self) -> None:
        """Make one pod of four slots, and the object that it answers at once."""
        self.s3.put("media", "null", b"{}")
        self.pods.pool("scripted", port=free_port(), concurrency=4)


@contextmanager
def parts() -> Iterator[Parts]:
    """Start them; everything is gone afterwards."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("apiserver", "s3", "pods"):
            (folder / part).mkdir()
        with (
            ApiServer(folder / "apiserver") as server,
            S3Process(folder / "s3") as s3,
            Pods(server, folder / "pods", s3.environment()) as pods,
        ):
            prepare(server)
            s3.make_bucket("media")
            yield Parts(folder, server, s3, pods)
