"""The commands about a cluster, as typer shows them. What they do is imported when one runs: help has to be quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analysis_operator.cli.cluster import names
from analysis_operator.cli.cluster.connection import DEFAULT_SYSTEM, Target, perform
from analysis_operator.cli.cluster.options import (
    BatchName,
    Context,
    Everywhere,
    Form,
    Kubeconfig,
    ListOutput,
    Name,
    Namespace,
    Output,
    System,
    Timeout,
    Wait,
)
from analysis_operator.cli.cluster.printing import Document, Format, ListFormat
from analysis_operator.cli.cluster.rows import STATES, Sort

_PANEL = "Requests of a cluster (kubectl guardian)"
_VERDICTS = ("LikelyFake", "Suspicious", "NoEvidence", "Inconclusive")
_EXITS = "Exit code 0: done. 1: not; one sentence says why. 2: wrong arguments."


def _examples(*lines: str) -> str:
    """Return a help epilog."""
    return "Examples:\n\n" + "\n\n".join(f"kubectl guardian {line}" for line in lines)


def register(app: typer.Typer) -> None:
    """Add the commands to a program."""
    app.command(rich_help_panel=_PANEL, epilog=_examples(
        "submit s3://media/calls/1.wav --wait",
        "submit call.wav --to s3://media/inbox/ --analyzers audio,context",
        "submit call.wav --wait --timeout 300 && echo nothing was found",
    ))(submit)  # fmt: skip
    app.command("list", rich_help_panel=_PANEL, epilog=_examples(
        "list", "list -A --verdict LikelyFake --sort score", "list --state waiting -o name"
    ))(list_)  # fmt: skip
    app.command(rich_help_panel=_PANEL, epilog=_examples("batches", "batches -A -o wide"))(batches)
    app.command(rich_help_panel=_PANEL, epilog=_examples("batch november", "batch november --wait"))(batch)
    app.command(rich_help_panel=_PANEL, epilog=_examples("why call-7", "why call-7 -n bank -o json"))(why)
    app.command(rich_help_panel=_PANEL, epilog=_examples("top", "top -o json"))(top)
    app.command(rich_help_panel=_PANEL, epilog=_examples("logs call-7", "logs call-7 -f --all"))(logs)
    app.command(
        rich_help_panel=_PANEL, epilog=_examples("report call-7", "report call-7 --open", "report call-7 --out -")
    )(report)
    app.command(rich_help_panel=_PANEL, epilog=_examples("retry call-7", "retry call-7 -o name"))(retry)
    app.command(rich_help_panel=_PANEL, epilog=_examples("cancel call-7"))(cancel)
    app.command(rich_help_panel=_PANEL, epilog=_examples("suspend call-7"))(suspend)
    app.command(rich_help_panel=_PANEL, epilog=_examples("resume call-7"))(resume)


def submit(
    recording: Annotated[
        str,
        typer.Argument(metavar="FILE|S3URI", show_default=False, help="A file, or an object as s3://BUCKET/KEY."),
    ],
    *,
    name: Annotated[str | None, typer.Option(help="Name of the request. Default: made from the recording's.")] = None,
    to: Annotated[
        str | None,
        typer.Option(metavar="S3PREFIX", envvar="GUARDIAN_UPLOAD", help="Where a FILE goes: s3://BUCKET/PREFIX/."),
    ] = None,
    analyzers: Annotated[
        str,
        typer.Option(help="With commas between them. Default: audio and video.", autocompletion=names.analyzers),
    ] = "",
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Analyse it even if an earlier result could be adopted.")
    ] = False,
    wait: Wait = False,
    timeout: Timeout = None,
    output: Output = Format.TABLE,
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """Ask for an analysis of an S3 object, or of a file, which is uploaded with your own rights.

    Exit code 0: it is asked for. 1: it is not; one sentence says why. 2: wrong arguments. With --wait by verdict:
    0 NoEvidence, 10 LikelyFake, 11 Suspicious, 12 Inconclusive, 1 no verdict, 124 not within --timeout.
    """
    from analysis_operator.cli.cluster import submitting

    asked = [part.strip() for part in analyzers.split(",") if part.strip()]
    order = submitting.Order(
        recording=recording,
        name=name,
        folder=to,
        analyzers=asked,
        refresh=refresh,
        wait=wait,
        timeout=timeout,
        output=output,
    )
    perform(Target(namespace, context, kubeconfig), lambda cluster: submitting.submit(cluster, order))


def list_(
    *,
    everywhere: Everywhere = False,
    verdict: Annotated[
        str,
        typer.Option(help=f"Only with this verdict: {', '.join(_VERDICTS)}.", autocompletion=lambda: _VERDICTS),
    ] = "",
    state: Annotated[
        str,
        typer.Option(
            help=f"Only in this state: {', '.join(STATES)}, or a reason such as Queued.", autocompletion=lambda: STATES
        ),
    ] = "",
    sort: Annotated[Sort, typer.Option(help="Newest first, strongest evidence first, or by name.")] = Sort.AGE,
    output: ListOutput = ListFormat.TABLE,
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """List requests, with filters and an order."""
    from analysis_operator.cli.cluster.asking import show_list

    if verdict and verdict.lower() not in {known.lower() for known in _VERDICTS}:
        raise typer.BadParameter(f"there is no verdict {verdict!r}: choose among {', '.join(_VERDICTS)}")
    perform(
        Target(namespace, context, kubeconfig),
        lambda cluster: show_list(
            cluster, everywhere=everywhere, verdict=verdict, state=state, sort=sort, output=output
        ),
    )


def batches(
    *,
    everywhere: Everywhere = False,
    output: ListOutput = ListFormat.TABLE,
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """List batches, the newest first, with their progress."""
    from analysis_operator.cli.cluster.batches import show_batches

    perform(
        Target(namespace, context, kubeconfig),
        lambda cluster: show_batches(cluster, everywhere=everywhere, output=output),
    )


def batch(
    name: BatchName,
    *,
    wait: Wait = False,
    timeout: Timeout = None,
    output: Output = Format.TABLE,
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """Show how far a batch is, what was found, and what has no verdict; with --wait follow it to its end.

    Exit code 0: done. 1: not; one sentence says why. 2: wrong arguments. With --wait also 1: the batch has failed,
    124: it has not ended within --timeout.
    """
    from analysis_operator.cli.cluster.batches import show_batch

    perform(
        Target(namespace, context, kubeconfig),
        lambda cluster: show_batch(cluster, name, output, wait=wait, timeout=timeout),
    )


def why(
    name: Name,
    *,
    output: Form = Document.TABLE,
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    system: System = DEFAULT_SYSTEM,
) -> None:
    """Say what a request waits for, or why it failed, and what to do.

    It reads the request, its events, and, as far as you may, the Analyzers, their pods and the nodes.
    """
    from analysis_operator.cli.cluster.asking import show_why

    perform(Target(namespace, context, kubeconfig, system), lambda cluster: show_why(cluster, name, output))


def top(
    *,
    output: Form = Document.TABLE,
    namespace: Annotated[
        str | None,
        typer.Option(
            "--namespace",
            "-n",
            help="Requests of this namespace alone. Default: of all.",
            autocompletion=names.namespaces,
        ),
    ] = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    system: System = DEFAULT_SYSTEM,
) -> None:
    """Show the pools, the queue by namespace, and the verdicts of the last hour."""
    from analysis_operator.cli.cluster.asking import show_top

    perform(
        Target(namespace, context, kubeconfig, system),
        lambda cluster: show_top(cluster, output, everywhere=namespace is None),
    )


def logs(
    name: Name,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also lines about other requests.")] = False,
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    system: System = DEFAULT_SYSTEM,
) -> None:
    """Show what the pods that worked on a request have logged about it.

    Exit code 0: there are lines. 1: there are none, or no pod; one sentence says why.
    """
    from analysis_operator.cli.cluster.asking import show_logs

    perform(
        Target(namespace, context, kubeconfig, system),
        lambda cluster: show_logs(cluster, name, follow=follow, everything=everything),
    )


def report(
    name: Name,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where to save it; - is standard output. Default: NAME.html.")
    ] = None,
    in_browser: Annotated[bool, typer.Option("--open", help="Show it in the browser, too.")] = False,
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """Save the report of a request, read from S3 with your own rights and checked against the status."""
    from analysis_operator.cli.cluster import changing

    perform(
        Target(namespace, context, kubeconfig),
        lambda cluster: changing.report(cluster, name, out, in_browser=in_browser),
    )


def retry(
    name: Name,
    *,
    output: Output = Format.TABLE,
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """Make another request with the same spec, as NAME-2, NAME-3 and so on. Only of one that has ended."""
    from analysis_operator.cli.cluster import changing

    perform(Target(namespace, context, kubeconfig), lambda cluster: changing.retry(cluster, name, output))


def cancel(name: Name, *, namespace: Namespace = None, context: Context = None, kubeconfig: Kubeconfig = None) -> None:
    """Stop a request for good."""
    from analysis_operator.cli.cluster import changing

    perform(Target(namespace, context, kubeconfig), lambda cluster: changing.cancel(cluster, name))


def suspend(name: Name, *, namespace: Namespace = None, context: Context = None, kubeconfig: Kubeconfig = None) -> None:
    """Hold a request: nothing runs for it until it is resumed."""
    from analysis_operator.cli.cluster import changing

    perform(Target(namespace, context, kubeconfig), lambda cluster: changing.suspend(cluster, name, suspended=True))


def resume(name: Name, *, namespace: Namespace = None, context: Context = None, kubeconfig: Kubeconfig = None) -> None:
    """Let a suspended request go on."""
    from analysis_operator.cli.cluster import changing

    perform(Target(namespace, context, kubeconfig), lambda cluster: changing.suspend(cluster, name, suspended=False))
