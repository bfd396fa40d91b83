"""What the matrix stands on: an operator, its pods, and every server that it calls, behind proxies."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.faults.api import ApiProxy
from tests.faults.aws import S3Proxy, StepFunctionsProxy
from tests.faults.database import DatabaseProxy
from tests.faults.kinds import Place
from tests.faults.proxy import Proxy
from tests.faults.runner import Matrix
from tests.faults.witness import Witness
from tests.support.aws.s3 import S3Process
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.operator.machines import StepFunctionsServer
from tests.support.operator.process import until
from tests.support.operator.verdicts import VerdictWatch
from tests.support.operator.world import World, close_world, open_world
from tests.support.records.postgres import Postgres


@contextlib.contextmanager
def proxied(
    server: ApiServer, s3: S3Process, postgres: Postgres, machines: StepFunctionsServer, folder: Path
) -> Iterator[tuple[World, dict[Place, Proxy], Path]]:
    """Start an operator behind proxies, with one pod: a script that crashes once does so in each pod.

    Yields:
        It, the proxy of each place, and the file that says how wrong the operator's clock is.
    """
    with contextlib.ExitStack() as stack:
        api = stack.enter_context(ApiProxy(server.endpoint))
        objects = stack.enter_context(S3Proxy(s3.endpoint_url))
        database = stack.enter_context(DatabaseProxy(postgres.port))
        tasks = stack.enter_context(StepFunctionsProxy(machines.endpoint_url))
        config = yaml.safe_load(server.operator_kubeconfig.read_text())
        config["clusters"][0]["cluster"] = {"server": f"http://127.0.0.1:{api.port}"}
        (folder / "proxied").write_text(yaml.safe_dump(config))
        (clock := folder / "clock").write_text("0")
        aws = s3.environment()
        world = open_world(
            server,
            s3,
            folder,
            concurrency=8,
            kubeconfig=folder / "proxied",
            of_pods=aws | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{objects.port}"},
            module="tests.support.operator.clocked",
            environment=aws | {"AWS_ENDPOINT_URL_SFN": f"http://127.0.0.1:{tasks.port}"},
            clock_file=clock,
            database_url=f"postgresql://guardian@127.0.0.1:{database.port}/postgres",
            resync_seconds=1,
        )
        stack.callback(close_world, world)
        places: dict[Place, Proxy] = {Place.WRITE: api, Place.EVENT: api, Place.HEAD: objects, Place.GET: objects}
        yield world, places | {Place.STATEMENT: database, Place.COMMIT: database, Place.ANSWER: tasks}, clock


@contextlib.contextmanager
def matrix(server: ApiServer, s3: S3Process, folder: Path) -> Iterator[Matrix]:
    """Start everything that cells are tried on."""
    with Postgres() as postgres, StepFunctionsServer() as machines:
        witness = Witness(postgres, machines)
        with proxied(server, s3, postgres, machines, folder) as (world, proxies, clock):
            until(witness.prepared, "the tables to be made")
            with VerdictWatch(server.kubectl_path, server.kubeconfig, folder / "watch") as watch:
                yield Matrix(world, proxies, watch, witness, clock)
