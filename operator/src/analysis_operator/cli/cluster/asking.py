"""`list`, `why`, `top` and `logs`: what is, without changing anything."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from analysis_operator.analyzers.pods import is_ready
from analysis_operator.cli.cluster.errors import NotAllowed, NotThere, Refused
from analysis_operator.cli.cluster.models import analyzers_of, request_of
from analysis_operator.cli.cluster.pools import Load
from analysis_operator.cli.cluster.printing import (
    Document,
    Lines,
    ListFormat,
    print_document,
    print_grid,
    print_objects,
    print_wrapped,
)
from analysis_operator.cli.cluster.rows import Sort, cells, chosen, row_of
from analysis_operator.cli.cluster.why import Answer, Facts, explain
from analysis_operator.cli.output import print_text, visible

if TYPE_CHECKING:
    from analysis_operator.cli.cluster.client import Cluster


async def show_list(
    cluster: Cluster, *, everywhere: bool, verdict: str, state: str, sort: Sort, output: ListFormat
) -> int:
    """Print the requests of a namespace, or of all."""
    rows = chosen(map(row_of, await cluster.requests(everywhere=everywhere)), verdict=verdict, state=state, sort=sort)
    if output not in {ListFormat.TABLE, ListFormat.WIDE}:
        print_objects([row.raw for row in rows], output)
        return 0
    if not rows:
        where = "in the cluster" if everywhere else f"in namespace {cluster.namespace}"
        which = " of this kind" if verdict or state else ""
        print_text(Lines(), f"There are no requests{which} {where}.")
        return 0
    table = cells(rows, datetime.now(UTC), namespaces=everywhere, wide=output is ListFormat.WIDE)
    numbers = [index for index, title in enumerate(table[0]) if title in {"SCORE", "PROGRESS"}]
    print_grid(Lines(), table, right=numbers)
    return 0


async def show_why(cluster: Cluster, name: str, output: Document) -> int:
    """Print why a request waits, or how it ended."""
    answer = explain(await _facts(cluster, name))
    if output is not Document.TABLE:
        print_document(answer.document(), output)
    else:
        _print_answer(answer)
    return 0


async def _facts(cluster: Cluster, name: str) -> Facts:
    raw = await cluster.request(name)
    request = request_of(raw)
    if request.status.finished:
        return Facts(request, datetime.now(UTC), cluster.system, events=await cluster.events(request.metadata.uid))
    pools, pods, nodes, operators, events = await asyncio.gather(
        cluster.analyzers(),
        cluster.pool_pods(),
        cluster.nodes(),
        cluster.operator_pods(),
        cluster.events(request.metadata.uid),
    )
    analyzers = analyzers_of(pools)
    return Facts(
        request,
        datetime.now(UTC),
        cluster.system,
        analyzers=None if analyzers is None else {analyzer.metadata.name: analyzer for analyzer in analyzers},
        pods=pods,
        nodes=nodes,
        operators=None if operators is None else sum(map(is_ready, operators)),
        events=events,
    )


def _print_answer(answer: Answer) -> None:
    console = Lines()
    print_wrapped(console, answer.headline, style="bold")
    for sentence in answer.because:
        print_wrapped(console, sentence, indent="  - ")
    if answer.todo:
        print_text(console, "What to do:")
        for sentence in answer.todo:
            print_wrapped(console, sentence, indent="  - ")


async def show_top(cluster: Cluster, output: Document, *, everywhere: bool) -> int:
    """Print the pools, who waits, and the verdicts of the last hour; of one namespace where no more is allowed."""
    pools = analyzers_of(await cluster.analyzers())
    where = ""
    try:
        requests = await cluster.requests(everywhere=everywhere)
    except NotAllowed:
        if not everywhere:
            raise
        where = f"You may not list requests everywhere: these are of namespace {cluster.namespace}."
        requests = await cluster.requests()
    load = Load(pools, [row_of(raw) for raw in requests], datetime.now(UTC))
    if output is not Document.TABLE:
        print_document(load.document(), output)
    else:
        _print_load(Lines(), load, cluster.system, where)
    return 0


def _print_load(console: Lines, load: Load, system: str, where: str) -> None:
    if load.pools is None:
        print_text(console, f"You may not read the Analyzers in namespace {system}.", "yellow")
    elif not load.pools:
        print_text(console, f"There are no Analyzers in namespace {system} (--system-namespace).", "yellow")
    else:
        print_grid(console, load.pool_cells(), right=range(1, 6))
    if where:
        print_text(console, f"\n{where}", "yellow")
    queue = [[name, str(waiting), str(running)] for name, waiting, running in load.queue()]
    print_text(console, "" if queue else "\nNothing waits and nothing runs.")
    if queue:
        print_grid(console, [["NAMESPACE", "WAITING", "RUNNING"], *queue], right=(1, 2))
    verdicts = [[name, str(count)] for name, count in load.verdicts().items()]
    print_text(console, "" if verdicts else "\nNothing ended in the last hour.")
    if verdicts:
        print_grid(console, [["LAST HOUR", "REQUESTS"], *verdicts], right=(1,))


async def show_logs(cluster: Cluster, name: str, *, follow: bool, everything: bool) -> int:
    """Print what the pods that worked on a request have logged about it."""
    request = request_of(await cluster.request(name))
    pods = list(dict.fromkeys(entry.pod for entry in request.status.analyses if entry.pod))
    if not pods:
        raise Refused(f"No pod has worked on {name} yet: kubectl guardian why {name}")
    uid = request.metadata.uid.encode()
    outcomes = await asyncio.gather(
        *(_print_log(cluster, pod, b"" if everything else uid, follow=follow) for pod in pods), return_exceptions=True
    )
    told = 0
    for pod, outcome in zip(pods, outcomes, strict=True):
        if isinstance(outcome, NotThere):
            print(visible(outcome), file=sys.stderr)
        elif isinstance(outcome, BaseException):
            raise outcome
        elif not outcome:
            print(f"Pod {visible(pod)} has logged nothing about {name}; --all shows all of its log.", file=sys.stderr)
        told += outcome if isinstance(outcome, int) else 0
    return 0 if told else 1


async def _print_log(cluster: Cluster, pod: str, about: bytes, *, follow: bool) -> int:
    told = 0
    async for line in cluster.log(pod, follow=follow):
        if about in line:
            told += 1
            print(f"[{visible(pod)}] {visible(line.decode(errors='backslashreplace').rstrip())}", flush=True)
    return told
