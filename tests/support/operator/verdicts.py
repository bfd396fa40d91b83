"""Sees every version of every request that the API server ever had, and so whether a verdict was written twice."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

from tests.cluster.shell import whole_lines


class VerdictWatch:
    """``kubectl get areq --watch`` in the background; use it as a context manager."""

    def __init__(self, kubectl: str, kubeconfig: Path, file: Path, namespace: str = "default") -> None:
        columns = (
            "custom-columns=N:.metadata.name,V:.status.verdict,R:.metadata.resourceVersion,"
            "S:.status.score,F:.status.finishedAt"
        )
        options = ("--kubeconfig", str(kubeconfig), "--namespace", namespace)
        self._command = [kubectl, *options, "get", "areq", "--watch", "--no-headers", "--output", columns]
        self._file = file

    def __enter__(self) -> VerdictWatch:
        with self._file.open("wb") as out:
            self._process = subprocess.Popen(self._command, stdout=out)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def written(self) -> Counter[str]:
        """Return how many versions of each request had a verdict; nothing else is written once there is one."""
        return Counter(name for name, verdict, _, _, _ in self._versions() if verdict != "<none>")

    def said(self) -> Counter[str]:
        """Return how many ends of each request were ever to be read: each with its verdict, score and time."""
        ends = {(name, verdict, score, at) for name, verdict, _, score, at in self._versions() if at != "<none>"}
        return Counter(name for name, *_ in ends)

    def _versions(self) -> set[tuple[str, ...]]:
        return {tuple(line.split()) for line in whole_lines(self._file)}
