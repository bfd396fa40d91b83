"""Ask files on this machine what they say of themselves, each in a confined child of its own: they may be hostile.

Others read the lines: within a ``schemaVersion`` fields are added, and none is renamed, removed or given another
meaning.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from pydantic import Field

from analyzer_contract import Credentials, Finding, Verdict, Wire
from analyzer_kit.analysis import Caps, Trust
from analyzer_kit.child.messages import ChildConfig, Task
from analyzer_kit.child.process import ChildProcess, ChildStartError, Template
from analyzer_kit.errors import AnalysisError

_MODULE = "analyzer_kit.provenance.alone"
_MEMORY = 512 * 1024 * 1024
_CPU_SECONDS, _CHILD_SECONDS, _WARM_UP_SECONDS = 60, 10.0, 60.0


class NotReady(Exception):
    """Nothing can be asked; the message says why."""


class ProvenanceLine(Wire):
    """What one file says of itself."""

    schema_version: Literal["v1"] = "v1"
    path: str = Field(description="As the file was named.")
    verdict: Verdict | None = Field(default=None, description="LikelyFake: a trusted maker declares it generated.")
    credentials: Credentials | None = Field(default=None, description="Null: the file has none.")
    findings: list[Finding] = Field(default_factory=list, description="What follows; with score 0 a fact.")
    reason: str = Field(default="", description="Why it could not be read, in one CamelCase word. Else empty.")
    message: str = Field(default="", description="The same in a sentence.")


async def ask(files: Mapping[str, Path], trust: Trust) -> AsyncIterator[ProvenanceLine]:
    """Yield a line for each file, one after the other.

    Args:
        files: by the names that their lines have; none may be a link.
        trust: whose credentials are trusted.

    Raises:
        NotReady: the trust list or this machine cannot be used.
    """
    template = Template(ChildConfig(module=_MODULE, memory_bytes=_MEMORY, caps=Caps(), trust=trust))
    try:
        await template.start(_WARM_UP_SECONDS)
        for name, file in files.items():
            yield await _line(template, name, file)
    except ChildStartError as error:
        raise NotReady(str(error)) from error
    finally:
        await template.end()


async def _line(template: Template, name: str, file: Path) -> ProvenanceLine:
    line, child = ProvenanceLine(path=name), ChildProcess(template)
    await child.start(_CHILD_SECONDS)
    try:
        with TemporaryDirectory(prefix="guardian-") as folder:
            task = Task(recording=str(file), plot=f"{folder}/none", cpu_seconds=_CPU_SECONDS)
            assessment = await child.run(task, lambda _stage, _share: None)
    except AnalysisError as error:
        return line.model_copy(update={"reason": str(error.reason), "message": error.message})
    finally:
        child.kill()
        await child.gone()
    credentials, *others = assessment.detectors
    findings = [finding for report in (credentials, *others) for finding in report.findings]
    update = {"verdict": credentials.claim, "credentials": credentials.credentials, "findings": findings}
    return line.model_copy(update=update)
