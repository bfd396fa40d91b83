"""Analyzers and pods as the API server has them, API servers that apply or deny, and the controller over them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, cast

from analysis_operator.analyzers.controller import AnalyzerController
from analysis_operator.analyzers.kube_store import KubeAnalyzers
from analysis_operator.errors import Busy, Gone, Rejected
from analysis_operator.kube.client import KubeApi
from analysis_operator.kube.objects import ANALYZER_LABEL
from analysis_operator.requests.dispatcher import Dispatcher
from analysis_operator.requests.ports import Endpoint
from analysis_operator.scaling.keda import KedaController
from analysis_operator.scaling.kube_store import KubeScaledObjects
from analyzer_contract import AnalysisJob, Failure, Progress, Result

Json = dict[str, Any]


def analyzer(uid: str = "a", version: int = 1, generation: int = 1, **spec: Any) -> Json:
    """Return an Analyzer."""
    return {
        "metadata": {
            "name": "audio",
            "namespace": "guardian",
            "uid": uid,
            "resourceVersion": str(version),
            "generation": generation,
        },
        "spec": {"image": "audio:1", **spec},
    }


def pod(name: str = "audio-1", uid: str = "p", address: str = "10.0.0.1") -> Json:
    """Return a pod that is ready."""
    return {
        "metadata": {"name": name, "uid": uid, "labels": {ANALYZER_LABEL: "audio"}},
        "status": {"podIP": address, "conditions": [{"type": "Ready", "status": "True"}]},
    }


class Api:
    """Applies everything, and answers a status write with what `answer` gives."""

    def __init__(self) -> None:
        self.applied: list[Json] = []
        self.statuses: list[Json] = []
        self.created: list[Json] = []
        self.events: list[Json] = []
        self.answer: Callable[[Json], Json] = lambda status: analyzer(version=2) | {"status": status}

    async def create(self, manifest: Json) -> Json:
        self.created.append(manifest)
        return manifest

    async def get(self, manifest: Json) -> Json:
        raise Gone("none of this name")

    async def apply(self, manifest: Json) -> Json:
        self.applied.append(manifest)
        return manifest | {"metadata": manifest["metadata"] | {"uid": "c", "generation": 1}}

    async def call(self, _method: str, path: str, *, body: Json, **_: object) -> Json:
        if path.endswith("/events"):
            self.events.append(body)
            return body
        self.statuses.append(body["status"])
        return self.answer(body["status"])

    def concurrency(self) -> str:
        deployments = [child for child in self.applied if child["kind"] == "Deployment"]
        env: list[Mapping[str, str]] = deployments[-1]["spec"]["template"]["spec"]["containers"][0]["env"]
        return next(entry["value"] for entry in env if entry["name"] == "GUARDIAN_CONCURRENCY")


class Denying(Api):
    """Denies every Deployment."""

    async def apply(self, manifest: Json) -> Json:
        made = await super().apply(manifest)
        if manifest["kind"] == "Deployment":
            raise Rejected("denied by policy")
        return made


class Editing(Api):
    """Lets its user edit the Analyzer while its first Deployment is applied, which may then be refused."""

    def __init__(self, edit: Callable[[], None], *, refuses: bool) -> None:
        super().__init__()
        self._edit = edit
        self._refuses = refuses

    async def apply(self, manifest: Json) -> Json:
        first = not any(child["kind"] == "Deployment" for child in self.applied)
        made = await super().apply(manifest)
        if first and manifest["kind"] == "Deployment":
            self._edit()
            if self._refuses:
                raise Rejected("not like this")
        return made


class Taken(Api):
    """The operator's own objects have the names of the Analyzer's."""

    async def get(self, manifest: Json) -> Json:
        return manifest | {
            "metadata": {"name": "audio", "labels": {"app.kubernetes.io/name": "silver-guardian-operator"}}
        }


class NoRunner:
    """Every pod is busy, always."""

    async def run(self, endpoint: Endpoint, job: AnalysisJob) -> AsyncGenerator[Progress | Result | Failure]:
        raise Busy(60)
        yield

    async def cancel(self, endpoint: Endpoint, job: AnalysisJob) -> None:
        """Nothing to stop."""


def now() -> datetime:
    return datetime.now(UTC)


def controller_of(api: object, dispatcher: Dispatcher) -> AnalyzerController:
    """Return a controller that works by these."""
    kube = cast("KubeApi", api)
    keda = KedaController(KubeScaledObjects(kube, "guardian"), "scaler:9090", lambda _: 0.0, now)
    return AnalyzerController(KubeAnalyzers(kube, "operator-1"), keda, dispatcher, now)


class Scene:
    """A controller over one of these API servers; its pods take no work."""

    def __init__(self, api: Api | None = None) -> None:
        self.api = api or Api()
        self.dispatcher = Dispatcher(NoRunner(), now)
        self.controller = controller_of(self.api, self.dispatcher)


@asynccontextmanager
async def running(made: Scene) -> AsyncIterator[Scene]:
    """Run a scene's controller."""
    task = asyncio.create_task(made.controller.run())
    yield made
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
