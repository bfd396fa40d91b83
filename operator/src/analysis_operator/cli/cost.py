"""``guardian cost``: what the pools of a cluster used, what that costs, and what always-on nodes would cost."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer
import yaml
from pydantic import ValidationError
from rich.console import Console

from analysis_operator.api import GROUP, VERSION, Analyzer
from analysis_operator.cli import cost_planning as planning
from analysis_operator.cli.cost_model import (
    SHORT_HISTORY_HOURS,
    Assumptions,
    PoolCost,
    pool_cost,
    scenarios,
    total,
)
from analysis_operator.cli.cost_output import Figures
from analysis_operator.cli.cost_plan import DEFAULT_PRICES, DEFAULT_WORK, Prices, Work, per_day
from analysis_operator.errors import ApiUnavailable, Gone, OperatorError

if TYPE_CHECKING:
    from analysis_operator.kube.client import KubeApi

_CLUSTER, _PRICES = "Which cluster", "Assumptions"
_DEFAULT = Assumptions()


class CostUnknown(OperatorError):
    """There are no figures: no cluster, no rights, no Analyzers, or no usage yet."""


class Output(StrEnum):
    """The output format."""

    TABLE = "table"
    JSON = "json"


def cost(
    *,
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="Namespace of the Analyzers.", rich_help_panel=_CLUSTER)
    ] = "silver-guardian",
    kubeconfig: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Path of the kubeconfig.", rich_help_panel=_CLUSTER),
    ] = None,
    context: Annotated[str | None, typer.Option(help="Context of the kubeconfig.", rich_help_panel=_CLUSTER)] = None,
    on_demand_price: Annotated[
        float,
        typer.Option(min=0, callback=planning.finite, help="$ per hour of an on-demand node.", rich_help_panel=_PRICES),
    ] = _DEFAULT.on_demand_price,
    spot_price: Annotated[
        float, typer.Option(min=0, callback=planning.finite, help="$ per hour of a Spot node.", rich_help_panel=_PRICES)
    ] = _DEFAULT.spot_price,
    node_tail_minutes: Annotated[
        float,
        typer.Option(
            min=0, callback=planning.finite, help="Minutes until an empty node is removed.", rich_help_panel=_PRICES
        ),
    ] = _DEFAULT.node_tail_minutes,
    hours_per_day: Annotated[
        float,
        typer.Option(
            min=0,
            max=24,
            callback=planning.finite,
            help="Hours of a node per day, for the what-if.",
            rich_help_panel=_PRICES,
        ),
    ] = 4,
    what_if: Annotated[bool, typer.Option("--what-if", help="Only compare scenarios; needs no cluster.")] = False,
    plan: planning.Rate = None,
    cpu_seconds: planning.CpuSeconds = DEFAULT_WORK.cpu_seconds,
    wait_seconds: planning.WaitSeconds = DEFAULT_WORK.wait_seconds,
    analyzers_each: planning.Analyzers = DEFAULT_WORK.analyzers,
    recording_mb: planning.RecordingMb = DEFAULT_WORK.recording_mb,
    result_mb: planning.ResultMb = DEFAULT_WORK.result_mb,
    node_cores: planning.NodeCores = DEFAULT_PRICES.node_cores,
    s3_write_price: planning.S3Writes = DEFAULT_PRICES.s3_writes,
    s3_read_price: planning.S3Reads = DEFAULT_PRICES.s3_reads,
    s3_storage_price: planning.S3Storage = DEFAULT_PRICES.s3_storage,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people, or for programs.")] = Output.TABLE,
) -> None:
    """Show what the pools of a cluster used, what a month of that costs, and what always-on nodes would cost.

    Exit code 0: there are figures. 1: there are none; the output says why.
    """
    if (asked := per_day(plan or "")) is not None:
        work = Work(asked, cpu_seconds, wait_seconds, analyzers_each, recording_mb, result_mb)
        prices = Prices(spot_price, node_cores, s3_write_price, s3_read_price, s3_storage_price)
        return _print(planning.Planning(work, prices), output)
    assumptions = Assumptions(on_demand_price, spot_price, node_tail_minutes)
    pools: list[PoolCost] = []
    notes: list[str] = []
    if not what_if:
        analyzers = asyncio.run(_analyzers(namespace, _kubeconfig_paths(kubeconfig), context))
        pools, notes = _pool_costs(analyzers, namespace, assumptions)
    compared = scenarios(assumptions, hours_per_day, total(pools) if pools else None)
    return _print(Figures(namespace, pools, compared, assumptions, hours_per_day, notes), output)


def _print(figures: Figures | planning.Planning, output: Output) -> None:
    if output is Output.JSON:
        typer.echo(json.dumps(figures.document(), indent=2))
    else:
        figures.show(Console(highlight=False))


# ---- reading the cluster


async def _analyzers(namespace: str, source: str, context: str | None) -> list[Analyzer]:
    """Read the Analyzers of a namespace.

    Raises:
        CostUnknown: says what to do.
    """
    api = await _connect(source, context)
    try:
        path = f"apis/{GROUP}/{VERSION}/namespaces/{quote(namespace, safe='')}/analyzers"
        analyzers = [Analyzer.model_validate(raw) async for raw in api.list(path)]
    except Gone as error:
        raise CostUnknown(
            "Silver Guardian is not installed in this cluster: name another one with --context."
        ) from error
    except ApiUnavailable as error:
        raise CostUnknown(f"The Analyzers cannot be read: {error.__cause__ or error}") from error
    except ValidationError as error:
        raise CostUnknown("The Analyzers have another version than this command: update the command.") from error
    finally:
        await api.close()
    if not analyzers:
        raise CostUnknown(f"There are no Analyzers in namespace {namespace}: name another one with --namespace.")
    return analyzers


async def _connect(source: str, context: str | None) -> KubeApi:
    from kubernetes.aio import client, config

    from analysis_operator.kube.client import KubeApi

    configuration = client.Configuration()
    try:
        await config.load_kube_config(config_file=source, context=context, client_configuration=configuration)
    except (config.ConfigException, yaml.YAMLError, OSError, TypeError, ValueError, AttributeError) as error:
        # The client does not check the shape of the file: one that is not a mapping is a TypeError.
        why = " ".join(str(error).split()).rstrip(".")
        raise CostUnknown(f"The kubeconfig {source} cannot be used: {why}. --what-if needs none.") from error
    return KubeApi(client.ApiClient(configuration))


def _kubeconfig_paths(kubeconfig: Path | None) -> str:
    """Return the path of the kubeconfig as kubectl finds it, or several paths with colons between them."""
    source = str(kubeconfig or os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")
    if not any(Path(path).expanduser().is_file() for path in source.split(os.pathsep) if path):
        raise CostUnknown(f"No kubeconfig at {source}: name one with --kubeconfig. --what-if needs none.")
    return source


def _pool_costs(
    analyzers: Sequence[Analyzer], namespace: str, assumptions: Assumptions
) -> tuple[list[PoolCost], list[str]]:
    """Return the cost of each pool, and notes about the figures."""
    now = datetime.now(UTC)
    costs = {analyzer.metadata.name: pool_cost(analyzer, now, assumptions) for analyzer in analyzers}
    pools = [pool for pool in costs.values() if pool is not None]
    if not pools:
        raise CostUnknown(f"No usage was counted yet in namespace {namespace}: check that the operator runs there.")
    notes = [f"{name}: no usage was counted yet." for name, pool in costs.items() if pool is None]
    notes += [
        f"{pool.name}: observed for only {pool.observed_hours * 60:.0f} minutes. Less than {SHORT_HISTORY_HOURS:g} h "
        "cannot predict a month: its $/month is arithmetic, not a forecast."
        for pool in pools
        if pool.is_short
    ]
    return pools, notes
