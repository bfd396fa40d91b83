"""``guardian provenance``: what files say of themselves, checked. docs/provenance.md explains it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from analysis_operator.cli.output import log_to_stderr, print_error, print_text
from analysis_operator.report.statements import action, credential
from guardian_locales import DEFAULT, Locale, locales

if TYPE_CHECKING:
    from analyzer_contract import Credentials
    from analyzer_kit.provenance.asking import ProvenanceLine

_EXIT_FAILED = 1


class Output(StrEnum):
    """The form of what is printed."""

    TEXT = "text"
    JSON = "json"


def provenance(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILES", exists=True, dir_okay=False, help="Recordings of any kind.")
    ],
    trust: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="Folder of certificates, *.pem. Default: $GUARDIAN_TRUST, else none."
        ),
    ] = None,
    output: Annotated[Output, typer.Option(help="json: one JSON object a line, one line a file.")] = Output.TEXT,
) -> None:
    """Tell what files say of themselves: content credentials (C2PA), checked, and who vouches. Nothing is fetched.

    Exit code 0: each was read, whatever it says. 1: one was not; its line says why. 2: there is no such file or folder.
    """
    from analyzer_kit.analysis import Trust  # no other command needs it
    from analyzer_kit.provenance.asking import NotReady, ask

    named = os.environ.get("GUARDIAN_TRUST")
    folder = trust or (Path(named) if named else None)
    log_to_stderr()
    named_files = {str(file): file.resolve() for file in files}
    trusted = Trust(folder=str(folder.absolute()) if folder else None)
    try:
        complete = asyncio.run(_print(ask(named_files, trusted), output))
    except NotReady as error:
        print_error(error)
        raise typer.Exit(_EXIT_FAILED) from error
    if not complete:
        raise typer.Exit(_EXIT_FAILED)


async def _print(lines: AsyncIterator[ProvenanceLine], output: Output) -> bool:
    """Print the lines as they come, and return whether each file was read."""
    complete, console = True, Console()
    locale = next(locale for locale in locales() if locale.code == DEFAULT)
    async for line in lines:
        complete = complete and not line.reason
        if output is Output.JSON:
            print(line.model_dump_json(by_alias=True), flush=True)
        else:
            print_text(console, "\n".join(_text(line, locale)))
    return complete


def _text(line: ProvenanceLine, locale: Locale) -> Iterator[str]:
    yield line.path
    if line.reason:
        yield f"  Not read: {line.reason}. {line.message}"
    elif line.credentials is None:
        yield f"  {locale.report.provenance.none}"
    else:
        yield from _of(line.credentials, locale)
    if line.verdict:
        yield f"  {locale.meaning(line.verdict).title}."
    for finding in line.findings:
        yield f"  {locale.kinds[finding.kind].title}. {finding.message}"


def _of(credentials: Credentials, locale: Locale) -> Iterator[str]:
    words = locale.report.provenance
    yield f"  {words.states[credentials.state]}"
    if credentials.reasons:
        yield f"  {words.reasons}: {'; '.join(words.checks.get(reason, reason) for reason in credentials.reasons)}."
    for said in credentials.history:
        yield f"  {credential(said, locale)}"
        for done in said.actions:
            yield f"    - {action(done, locale)}"
