"""A real Prometheus, and promtool: Debian's, unpacked into the cache and never installed, so that no service starts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.paths import cache_dir
from tests.cluster.shell import command_env, exclusive, run, wait_until
from tests.support.ports import free_port

_INSTALLED = Path("/usr/bin")
_SCRAPE_SECONDS = 1


def program(name: str) -> Path:
    """Return ``prometheus`` or ``promtool``; the package is fetched if there is none (20 MB)."""
    if (installed := _INSTALLED / name).exists():
        return installed
    unpacked = cache_dir() / "prometheus"
    with exclusive(cache_dir() / "prometheus.lock"):
        if not unpacked.exists():
            _unpack(unpacked)
    return unpacked / "usr" / "bin" / name


def _unpack(target: Path) -> None:
    """Fetch and unpack the package beside the target, and move it there when it is whole."""
    with tempfile.TemporaryDirectory(dir=cache_dir()) as name:
        folder = Path(name)
        as_root = [] if os.geteuid() == 0 else ["sudo"]
        run(*as_root, "apt-get", "update", "-qq")
        run("apt-get", "download", "-qq", "prometheus", cwd=folder)
        (package,) = folder.glob("prometheus_*.deb")
        run("dpkg-deb", "--extract", package, folder / "unpacked")
        shutil.move(folder / "unpacked", target)


class Prometheus:
    """One server that scrapes each target every second, as a context manager.

    Args:
        folder: for its data.
        targets: addresses, by the name of their job.
        labels: that every series gets, as the Prometheus operator gives its own.
        rules: groups of rules.
    """

    def __init__(
        self, folder: Path, targets: dict[str, list[str]], labels: dict[str, str], rules: list[dict[str, Any]]
    ) -> None:
        self._folder = folder
        self._address = f"127.0.0.1:{free_port()}"
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "rules.yml").write_text(yaml.safe_dump({"groups": rules}))
        jobs = [
            {"job_name": job, "static_configs": [{"targets": listed, "labels": labels}]}
            for job, listed in targets.items()
        ]
        every = {"scrape_interval": f"{_SCRAPE_SECONDS}s", "evaluation_interval": f"{_SCRAPE_SECONDS}s"}
        config = {"global": every, "rule_files": ["rules.yml"], "scrape_configs": jobs}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))

    def __enter__(self) -> Prometheus:
        with (self._folder / "prometheus.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    program("prometheus"), f"--config.file={self._folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self._folder / 'data'}", f"--web.listen-address={self._address}",
                    "--enable-feature=exemplar-storage",
                ],
                env=command_env(), stdout=log, stderr=log,
            )  # fmt: skip
        wait_until(self._ready, "Prometheus to be ready")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series that an expression has now."""
        found: list[dict[str, Any]] = self._get("query", query=expression)["result"]
        return found

    def exemplars(self, name: str) -> list[dict[str, str]]:
        """Return the labels of the exemplars that the series of one name have had within an hour."""
        now = time.time()
        series = self._get("query_exemplars", query=name, start=str(now - 3600), end=str(now + 60))
        return [exemplar["labels"] for each in series for exemplar in each["exemplars"]]

    def rules(self) -> list[dict[str, Any]]:
        """Return every rule with its health and its state."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self._address}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _get(self, path: str, **query: str) -> Any:
        asked = f"{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(f"http://{self._address}/api/v1/{asked}", timeout=10) as answer:
            return json.load(answer)["data"]
