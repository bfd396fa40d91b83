"""Find the cluster and the namespace as kubectl does, and connect."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from analysis_operator.cli.cluster.errors import ClusterError, NoCluster, TooLate
from analysis_operator.cli.output import print_error
from analysis_operator.errors import OperatorError

if TYPE_CHECKING:
    from analysis_operator.cli.cluster.client import Cluster

EXIT_FAILED = 1
EXIT_LATE = 124
EXIT_INTERRUPTED = 130
DEFAULT_SYSTEM = "silver-guardian"


@dataclass(frozen=True, slots=True)
class Target:
    """Which cluster, and where in it. ``namespace`` None: that of the context. ``system``: where the Analyzers live."""

    namespace: str | None
    context: str | None
    kubeconfig: Path | None
    system: str = DEFAULT_SYSTEM


def perform(target: Target, work: Callable[[Cluster], Awaitable[int]]) -> None:
    """Do something with a cluster and exit with its code; an error is one sentence on standard error."""
    try:
        code = asyncio.run(_perform(target, work))
    except OperatorError as error:
        print_error(error)
        raise typer.Exit(EXIT_LATE if isinstance(error, TooLate) else EXIT_FAILED) from error
    except KeyboardInterrupt as error:
        print("Interrupted: what was asked of the cluster goes on there.", file=sys.stderr)
        raise typer.Exit(EXIT_INTERRUPTED) from error
    except BrokenPipeError as error:  # the reader of the lines has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(EXIT_FAILED) from error
    if code:
        raise typer.Exit(code)


async def _perform(target: Target, work: Callable[[Cluster], Awaitable[int]]) -> int:
    cluster = await connect(target)
    try:
        return await work(cluster)
    finally:
        await cluster.close()


async def connect(target: Target) -> Cluster:
    """Return a client of the cluster that kubectl would take, from within a pod too.

    Raises:
        NoCluster: no kubeconfig names one.
    """
    from kubernetes.aio import client, config

    from analysis_operator.cli.cluster.client import Cluster
    from analysis_operator.kube.client import KubeApi

    source = _source(target)
    configuration = client.Configuration()
    with _usable(source):
        if not _any_file(source):
            return Cluster(KubeApi(client.ApiClient(_in_pod(source, configuration))), _pod_namespace(target), target)
        contexts, current = config.list_kube_config_contexts(source)
        named = {entry["name"]: entry["context"] for entry in contexts}
        chosen = target.context or current["name"]
        await config.load_kube_config(config_file=source, context=chosen, client_configuration=configuration)
        namespace = target.namespace or named.get(chosen, {}).get("namespace") or "default"
    return Cluster(KubeApi(client.ApiClient(configuration)), namespace, target)


def contexts_of(target: Target) -> list[str]:
    """Return the names of the kubeconfig's contexts. Raises NoCluster if it is none."""
    from kubernetes.aio import config

    source = _source(target)
    with _usable(source):
        return [str(entry["name"]) for entry in config.list_kube_config_contexts(source)[0]]


def _source(target: Target) -> str:
    return str(target.kubeconfig or os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")


@contextmanager
def _usable(source: str) -> Iterator[None]:
    import yaml
    from kubernetes.aio import config

    try:
        yield
    except ClusterError:
        raise
    except (config.ConfigException, yaml.YAMLError, OSError, TypeError, ValueError, AttributeError, KeyError) as error:
        # The client does not check the shape of the file: one that is not a mapping is a TypeError.
        why = " ".join(str(error).split()).rstrip(".")
        raise NoCluster(f"The kubeconfig {source} cannot be used: {why}.") from error


def _any_file(source: str) -> bool:
    return any(Path(path).expanduser().is_file() for path in source.split(os.pathsep) if path)


_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


def _in_pod[C](source: str, configuration: C) -> C:
    from kubernetes.aio import config

    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException as error:
        raise NoCluster(f"No kubeconfig at {source}: name one with --kubeconfig, or in KUBECONFIG.") from error
    return configuration


def _pod_namespace(target: Target) -> str:
    return target.namespace or _POD_NAMESPACE.read_text(encoding="utf-8").strip()
