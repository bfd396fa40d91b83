"""The commands of ``guardian``: `run` reconciles manifests here, `analyze` analyses files, `serve` is for curl.

`provenance` tells what files say of themselves, `app` serves the page for people and its API, `cost` reads the usage of
a cluster. The commands of `kubectl guardian`, which is the same program, are in cluster/. What a command does is
imported when it runs: help and completion, which need none of it, have to be quick.
"""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, TextIO

import structlog
import typer
from rich.console import Console

from analysis_operator.cli import AS_PLUGIN, database, models
from analysis_operator.cli.cluster.commands import register
from analysis_operator.cli.cost import cost
from analysis_operator.cli.output import Output, print_error
from analysis_operator.cli.provenance import provenance
from analysis_operator.cli.transcribe import transcribe
from analysis_operator.cli.verify import verify
from analysis_operator.cli.words import words
from analysis_operator.errors import OperatorError

EXIT_FAILED = 1
EXIT_USAGE = 2
_EXIT_INTERRUPTED = 130

app = typer.Typer(
    no_args_is_help=True,
    add_completion=not AS_PLUGIN,  # a shell cannot complete a name of two words
    pretty_exceptions_show_locals=False,
    help="Is this recording real, how sure are we, and where is the evidence?",
)

app.add_typer(models.app, name="models")
app.add_typer(database.app, name="database")

Out = Annotated[Path, typer.Option(help="Folder for reports, results and logs.", file_okay=False)]


@app.command()
def run(
    source: Annotated[
        Path,
        typer.Option("-f", "--filename", exists=True, help="YAML file of AnalysisRequests, or folder of such files."),
    ],
    media: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Folder with the recordings, under their S3 keys.")
    ] = None,
    out: Out = Path("out"),
) -> None:
    """Reconcile AnalysisRequests here, without a cluster.

    Exit code 0: each request got the outcome that its silverguardian.io/expect-... annotations state, or finished if
    it has none. 1: one did not. 2: a manifest is not valid.
    """
    from analysis_operator.cli import commands

    manifests = _or_exit_2(lambda: commands.load(source))
    _finish(commands.run(manifests, media, out, Console()), out)


@app.command()
def analyze(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILES", exists=True, show_default=False, help="Recordings, and folders of them."),
    ] = None,
    listed: Annotated[
        typer.FileBinaryRead | None,
        typer.Option("--list", help="File with one path a line; '-' reads standard input."),
    ] = None,
    output: Annotated[
        Output, typer.Option(help="jsonl: one JSON object a line, one line a file, and no reports.")
    ] = Output.TEXT,
    analyzers: Annotated[
        str,
        typer.Option(
            help="Which look at each file, with commas between them. Default: audio, video, and context where there is "
            "a model for speech."
        ),
    ] = "",
    out: Out = Path("out"),
) -> None:
    """Analyse recordings here, as many at a time as there are cores.

    Exit code 0: each has a verdict. 1: one has none; its line says why. 2: there is no such file. Files of a folder
    that are no recordings are named, and do not count.
    """
    from analysis_operator.cli import analyzing
    from analysis_operator.local.batch import files_of
    from analysis_operator.local.listening import default_analyzers
    from analysis_operator.local.pool import MODULES

    names = [name.strip() for name in analyzers.split(",")] if analyzers else _or_exit_2(default_analyzers)
    if unknown := [name for name in names if name not in MODULES]:
        raise typer.BadParameter(f"there is no analyzer {unknown[0]!r}: choose among {', '.join(MODULES)}")
    lines = listed.read().splitlines() if listed else []
    files = files_of([*(paths or []), *(Path(os.fsdecode(line)) for line in lines if line.strip())], without=out)
    if not files:
        raise typer.BadParameter("there are no files: name recordings, or folders of them")
    _finish(analyzing.analyze(files, list(dict.fromkeys(names)), out, output), out)


@app.command()
def serve(
    analyzer: Annotated[str, typer.Argument(help="The analyzer: audio, video or context.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port, reachable from this machine only.")] = 8000,
    media: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Folder to upload to s3://media/.")
    ] = None,
    out: Out = Path("out"),
) -> None:
    """Serve one analyzer with a local S3 server until Ctrl-C, to try its HTTP interface with curl."""
    from analysis_operator.cli import commands
    from analysis_operator.local.files import recordings_in
    from analysis_operator.local.pool import MODULES

    if analyzer not in MODULES:
        raise typer.BadParameter(f"there is no analyzer {analyzer!r}: choose {' or '.join(MODULES)}")
    _finish(commands.serve(analyzer, port, recordings_in(media) if media else [], out, Console()), out)


@app.command(name="app")
def serve_app(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port, reachable from this machine only.")] = 8080,
    sample: Annotated[
        Path | None,
        typer.Option("--try", exists=True, dir_okay=False, help="Send this recording through the API, then exit."),
    ] = None,
    out: Out = Path("out"),
) -> None:
    """Serve the page and the status API here until Ctrl-C, without a cluster.

    With --try it exits by itself. Exit code 0: every response was as documented, and there is a verdict.
    """
    from analysis_operator.cli import serving

    work = serving.serve_app(port, out, Console()) if sample is None else serving.try_app(sample, out, Console())
    _finish(work, out)


def _or_exit_1[**P](command: Callable[P, None]) -> Callable[P, None]:
    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except OperatorError as error:
            print_error(error)
            raise typer.Exit(EXIT_FAILED) from error

    return wrapped


app.command()(_or_exit_1(cost))
app.command()(words)
app.command()(verify)
app.command()(transcribe)
app.command()(provenance)
register(app)


def _or_exit_2[T](call: Callable[[], T]) -> T:
    try:
        return call()
    except OperatorError as error:
        print_error(error)
        raise typer.Exit(EXIT_USAGE) from error


def _log_to(file: TextIO) -> None:
    """Write the operator's log to a file, and not to the terminal."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=file),
    )


def _finish(work: Coroutine[None, None, bool], out: Path) -> None:
    """Run a command to its end, and exit with its code."""
    logs = out / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    try:
        with (logs / "operator.log").open("w", encoding="utf-8") as log:
            _log_to(log)
            succeeded = asyncio.run(_interruptible(work))
    except OperatorError as error:
        print_error(error)
        raise typer.Exit(EXIT_FAILED) from error
    except KeyboardInterrupt as error:
        print("Interrupted: every process has been stopped.", file=sys.stderr)
        raise typer.Exit(_EXIT_INTERRUPTED) from error
    except BrokenPipeError as error:  # the reader of the lines has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(EXIT_FAILED) from error
    if not succeeded:
        raise typer.Exit(EXIT_FAILED)


async def _interruptible(work: Coroutine[None, None, bool]) -> bool:
    """Cancel the work on SIGTERM as on Ctrl-C, so that every process is stopped."""
    loop, task = asyncio.get_running_loop(), asyncio.create_task(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
