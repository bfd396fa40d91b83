"""Edit each field of a request and of an Analyzer: valid, invalid, and valid again, in each state of a request."""

from __future__ import annotations

import itertools
import json
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import httpx

from tests.faults.fields import Field, specs
from tests.faults.witness import Witness, condition
from tests.support.kubernetes.apiserver import TOKEN
from tests.support.operator.process import API, NAMESPACE, until
from tests.support.operator.world import World

Json = dict[str, Any]

_AT_A_TIME = 6
_END_SECONDS = 90
_KEPT_SECONDS = 30
_WORK_SECONDS = 4
_WRONG = 2
"""How many values that are refused each field is given."""
_WITHOUT_RESTART = ("spec.scaling.", "spec.replicas", "spec.paused")
"""What says how many pods there are, and whether they get work: the pods that there are stay as they are."""
_POOL, _LATER = "scripted", "later"


class _Which(NamedTuple):
    plural: str
    name: str
    namespace: str = "default"


class State(StrEnum):
    """Of the request whose field, or whose Analyzer's field, is edited."""

    PENDING = "Pending"
    RUNNING = "Running"
    FINISHED = "Finished"


@dataclass(frozen=True)
class Edited:
    """What became of the edits of one field."""

    kind: str
    field: str
    state: str
    taken: bool = False
    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.field}, {self.state}"


class Edits:
    """The edits on one operator; the pool `later` has no pod until the pending requests were edited."""

    def __init__(self, world: World, witness: Witness, tell: Callable[[Edited], None]) -> None:
        self._world = world
        self._witness = witness
        self._tell = tell
        self._numbers = itertools.count(1)
        itself = ssl._create_unverified_context()  # noqa: S323 - it signs for itself, on loopback
        headers = {"Authorization": f"Bearer {TOKEN}"}
        self._api = httpx.Client(
            base_url=f"{world.server.endpoint}/apis/{API}", verify=itself, trust_env=False, timeout=60, headers=headers
        )

    # ---- requests

    def requests(self, tried: Sequence[Field]) -> list[Edited]:
        """Edit these fields of requests."""
        pool = {"image": "scripted", "port": self._world.port, "concurrency": 8, "replicas": 0}
        meta = {"name": _LATER, "namespace": NAMESPACE}
        self._world.server.apply({"apiVersion": API, "kind": "Analyzer", "metadata": meta, "spec": pool})
        with ThreadPoolExecutor(_AT_A_TIME) as threads:
            waiting = list(threads.map(lambda field: self._edited(field, State.PENDING), tried))
            self._world.pods.add(_LATER, f"{_LATER}-0", self._world.port, 8)
            ended = list(threads.map(self._ended, waiting))
            for state in (State.RUNNING, State.FINISHED):
                ended += threads.map(lambda field: self._ended(self._edited(field, state)), tried)  # noqa: B023
        return ended

    def _edited(self, field: Field, state: State) -> tuple[str, Edited]:
        name = f"edit-{next(self._numbers)}"
        work = _WORK_SECONDS if state is State.RUNNING else 0
        spec = {
            "source": {"uri": self._world.put(name, seconds=work)},
            "analyzers": [_LATER if state is State.PENDING else _POOL],
            "callback": {"taskToken": self._witness.wait(name)},
        }
        right, wrong = self._values("analysisrequests", field, spec)
        self._world.ask(name, **self._asked(spec))
        self._until(state, name)
        taken, problems = self._edit(_Which("analysisrequests", name), right, wrong)
        return name, Edited("AnalysisRequest", str(field), state, taken, tuple(problems))

    @staticmethod
    def _asked(spec: Json) -> Json:
        return {"uri": spec["source"]["uri"], **{key: value for key, value in spec.items() if key != "source"}}

    def _until(self, state: State, name: str) -> None:
        if state is State.RUNNING:
            self._world.until_running(name)
        elif state is State.FINISHED:
            until(lambda: self._status(name).get("expiresAt"), f"{name} to be closed", timeout=_END_SECONDS)
        else:
            until(lambda: self._status(name).get("observedGeneration"), f"{name} to be seen")

    def _ended(self, edited: tuple[str, Edited]) -> Edited:
        """Wait for the end of an edited request, and add what is wrong with it."""
        name, before = edited
        problems = list(before.problems)
        try:
            until(lambda: self._status(name).get("expiresAt"), f"{name} to be closed", timeout=_END_SECONDS)
            until(lambda: not self._late(name), f"{name} to be seen as it is")
            with suppress(TimeoutError):  # the row comes after
                until(lambda: not self._judge(name, State(before.state)), f"{name} to be kept", timeout=_KEPT_SECONDS)
        except TimeoutError as error:
            problems.append(f"{error}: {json.dumps(self._status(name))[:300]}")
        else:
            problems += self._judge(name, State(before.state))
        result = Edited(before.kind, before.field, before.state, before.taken, tuple(problems))
        self._tell(result)
        return result

    def _late(self, name: str) -> bool:
        item = self._read("analysisrequests", name)
        return bool(item["status"].get("observedGeneration") != item["metadata"]["generation"])

    def _judge(self, name: str, state: State) -> list[str]:
        item = self._read("analysisrequests", name)
        cancelled = item["spec"]["cancel"] and state is not State.FINISHED
        wanted = ("Cancelled", None) if cancelled else ("Completed", "NoEvidence")
        found = condition(item, "Succeeded")["reason"], item["status"].get("verdict")
        problems = [] if found == wanted else [f"it ended as {found} instead of {wanted}"]
        attempts = item["status"]["analyses"][0].get("attempts", 0)
        problems += [f"{attempts} attempts"] if attempts > 1 else []
        for wrong in (self._witness.of_token(name, item, nobody_waited=False), self._witness.of_row(name, item)):
            problems += wrong
        return problems

    # ---- Analyzers

    def analyzers(self, tried: Sequence[Field]) -> list[Edited]:
        """Edit these fields of an Analyzer while one request of it runs and another is made."""
        return [self._pool(field) for field in tried]

    def _pool(self, field: Field) -> Edited:
        base = self._read("analyzers", _POOL, NAMESPACE)["spec"]
        before = self._template()
        right, wrong = self._values("analyzers", field, base)
        running = self._begun(_WORK_SECONDS)
        self._world.until_running(running)
        waiting: list[str] = []

        def beside() -> list[str]:
            """Return what is wrong while the other value holds."""
            until(self._pool_is_seen, f"{field} to be seen")
            waiting.append(self._begun(0))
            same = self._template() == before or not str(field).startswith(_WITHOUT_RESTART)
            return [] if same else ["its pods are made again"]

        taken, problems = self._edit(_Which("analyzers", _POOL, NAMESPACE), right, wrong, beside)
        until(self._pool_is_seen, f"{field} to be seen")
        if self._template() != before:
            problems.append("its pods are not as they were")
        for name in (running, *waiting):
            try:
                until(lambda: self._status(name).get("finishedAt"), f"{name} to finish", timeout=_END_SECONDS)  # noqa: B023
            except TimeoutError as error:
                problems.append(str(error))
            else:
                item = self._read("analysisrequests", name)
                reason = condition(item, "Succeeded")["reason"]
                problems += [] if reason == "Completed" else [f"a request of it ended as {reason}"]
        result = Edited("Analyzer", str(field), "a request waits, one runs", taken, tuple(problems))
        self._tell(result)
        return result

    def _begun(self, seconds: float) -> str:
        name = f"edit-{next(self._numbers)}"
        self._world.ask(name, self._world.put(name, seconds=seconds))
        return name

    def _pool_is_seen(self) -> bool:
        item = self._read("analyzers", _POOL, NAMESPACE)
        ready = condition(item, "Ready")
        seen = {item["status"].get("observedGeneration"), ready.get("observedGeneration")}
        return seen == {item["metadata"]["generation"]} and bool(ready["reason"])

    def _template(self) -> Json:
        template: Json = self._world.server.read.get("deployment", _POOL, NAMESPACE)["spec"]["template"]
        return template

    # ---- one object

    def _values(self, plural: str, field: Field, base: Json) -> tuple[list[Json], list[Json]]:
        """Return specs of new objects that the API server takes, and some that it refuses, with this field changed."""
        kind = {"analysisrequests": "AnalysisRequest", "analyzers": "Analyzer"}[plural]
        right: list[Json] = []
        wrong: list[Json] = []
        for spec in specs(field, base):
            body = {"apiVersion": API, "kind": kind, "metadata": {"name": "tried"}, "spec": spec}
            answer = self._api.post(f"/namespaces/{NAMESPACE}/{plural}", params={"dryRun": "All"}, json=body)
            (right if answer.is_success else wrong).append(spec)
        return right[:2], wrong[:_WRONG]

    def _edit(
        self, which: _Which, right: list[Json], wrong: list[Json], beside: Callable[[], list[str]] = list
    ) -> tuple[bool, list[str]]:
        """Write valid and invalid specs into an object, and its own again; return whether a valid one was taken."""
        problems = [f"no value for it is {what}" for what, found in (("valid", right), ("invalid", wrong)) if not found]
        taken, base = False, self._read(*which)["spec"]
        for spec in right:
            if self._replace(which, spec).is_success:
                taken = True
                problems += beside()
            for each in wrong:
                answer = self._replace(which, each)
                problems += [] if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY else [f"took {each}"]
            self._replace(which, base)
        return taken, problems

    def _replace(self, which: _Which, spec: Json) -> httpx.Response:
        while True:  # the operator writes, too
            item, path = self._read(*which), f"/namespaces/{which.namespace}/{which.plural}/{which.name}"
            answer = self._api.put(path, json=item | {"spec": spec})
            if answer.status_code != httpx.codes.CONFLICT:
                return answer

    def _read(self, plural: str, name: str, namespace: str = "default") -> Json:
        found: Json = self._world.server.read.get(plural.removesuffix("s"), name, namespace)
        return found

    def _status(self, name: str) -> Json:
        status: Json = self._read("analysisrequests", name).get("status", {})
        return status
