"""The options that commands about a cluster share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analysis_operator.cli.cluster import names
from analysis_operator.cli.cluster.connection import DEFAULT_SYSTEM
from analysis_operator.cli.cluster.printing import Document, Format, ListFormat

_WHERE = "Which cluster"

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", show_default=False, help="The AnalysisRequest.", autocompletion=names.requests),
]
BatchName = Annotated[
    str, typer.Argument(metavar="NAME", show_default=False, help="The AnalysisBatch.", autocompletion=names.batches)
]
Namespace = Annotated[
    str | None,
    typer.Option(
        "--namespace",
        "-n",
        help="Namespace. Default: that of the context.",
        rich_help_panel=_WHERE,
        autocompletion=names.namespaces,
    ),
]
Context = Annotated[
    str | None,
    typer.Option(help="Context of the kubeconfig.", rich_help_panel=_WHERE, autocompletion=names.contexts),
]
Kubeconfig = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, help="Path of the kubeconfig. Default: KUBECONFIG.", rich_help_panel=_WHERE
    ),
]
System = Annotated[
    str,
    typer.Option(
        "--system-namespace",
        envvar="GUARDIAN_SYSTEM_NAMESPACE",
        help="Namespace of the operator and the Analyzers.",
        rich_help_panel=_WHERE,
        autocompletion=names.namespaces,
    ),
]
Output = Annotated[Format, typer.Option("--output", "-o", help="For people, or for programs.")]
ListOutput = Annotated[ListFormat, typer.Option("--output", "-o", help="For people, or for programs.")]
Form = Annotated[Document, typer.Option("--output", "-o", help="For people, or for programs.")]

Everywhere = Annotated[bool, typer.Option("--all-namespaces", "-A", help="Of every namespace.")]
Wait = Annotated[bool, typer.Option("--wait", help="Follow it to its end.")]
Timeout = Annotated[float | None, typer.Option(min=0, help="Seconds to wait at most. Default: as long as it takes.")]

__all__ = [
    "DEFAULT_SYSTEM", "BatchName", "Context", "Everywhere", "Form", "Kubeconfig", "ListOutput", "Name", "Namespace",
    "Output", "System", "Timeout", "Wait",
]  # fmt: skip
