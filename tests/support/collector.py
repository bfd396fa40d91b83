"""OpenTelemetry's own collector: takes OTLP over HTTP, and writes the spans into a file, from which they are read."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.builder import OTELCOL, ensure_program
from tests.cluster.shell import command_env, wait_until, whole_lines
from tests.support.ports import free_port

_KINDS = {1: "internal", 2: "server", 3: "client"}


@dataclass(frozen=True, slots=True)
class Seen:
    """One span, as the collector wrote it."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    began: int
    ended: int
    attributes: dict[str, str]
    links: list[str]


class Collector:
    """One collector, as a context manager.

    Args:
        folder: for its configuration, its file and its log.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "spans.jsonl"
        self._address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self._address}"
        """What the variable ``OTEL_EXPORTER_OTLP_ENDPOINT`` says."""

    def __enter__(self) -> Collector:
        program = ensure_program(OTELCOL, "otelcol")
        config = self._folder / "collector.yaml"
        config.write_text(yaml.safe_dump(self._config()))
        with (self._folder / "collector.log").open("wb") as log:
            command = [str(program), f"--config=file:{config}"]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=command_env())
        try:
            wait_until(self._listens, "the collector to listen")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    @property
    def spans(self) -> list[Seen]:
        """Every span that it has taken and written so far."""
        return [span for line in whole_lines(self._file) for span in _spans(json.loads(line))]

    def of(self, trace_id: str) -> list[Seen]:
        """Return the spans of one trace."""
        return [span for span in self.spans if span.trace_id == trace_id]

    def _config(self) -> dict[str, Any]:
        return {
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": self._address}}}},
            "exporters": {"file": {"path": str(self._file), "flush_interval": "100ms"}},
            "service": {
                "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["file"]}},
                "telemetry": {"metrics": {"level": "none"}},
            },
        }

    def _listens(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"the collector has ended: {(self._folder / 'collector.log').read_text()}")
        host, _, port = self._address.partition(":")
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            return False
        return True


def tree(spans: list[Seen], parent_id: str = "") -> dict[str, dict[str, object]]:
    """Return spans as names below names, each with its service."""
    below = sorted((span for span in spans if span.parent_id == parent_id), key=lambda span: span.began)
    return {f"{span.service}: {span.name}": tree(spans, span.span_id) for span in below}  # type: ignore[misc]


def _spans(line: dict[str, Any]) -> Iterator[Seen]:
    for of_service in line["resourceSpans"]:
        about = _attributes(of_service["resource"])
        for scope in of_service["scopeSpans"]:
            for span in scope["spans"]:
                yield _seen(about["service.name"], span)


def _seen(service: str, span: dict[str, Any]) -> Seen:
    return Seen(
        service=service.removeprefix("silver-guardian-"),
        name=span["name"],
        kind=_KINDS[span["kind"]],
        trace_id=span["traceId"],
        span_id=span["spanId"],
        parent_id=span.get("parentSpanId", ""),
        began=int(span["startTimeUnixNano"]),
        ended=int(span["endTimeUnixNano"]),
        attributes=_attributes(span),
        links=[f"{link['traceId']}-{link['spanId']}" for link in span.get("links", ())],
    )


def _attributes(of: dict[str, Any]) -> dict[str, str]:
    return {each["key"]: each["value"].get("stringValue", "") for each in of.get("attributes", ())}
