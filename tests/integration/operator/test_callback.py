"""State machines that wait: answered once, whatever happens to the operator, over a real API server."""

from __future__ import annotations

import base64
import json
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster.shell import WITH_PATIENCE, CommandError
from tests.support.operator.machines import StepFunctionsServer
from tests.support.operator.process import until

if TYPE_CHECKING:
    from tests.support.operator.world import World

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", autouse=True)
def machines() -> Iterator[StepFunctionsServer]:
    """Before `world`, whose operator takes over this environment."""
    with StepFunctionsServer() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_SFN", server.endpoint_url)
        patch.setenv("AWS_ACCESS_KEY_ID", "integration")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "integration-secret")
        patch.setenv("AWS_REGION", "us-east-1")
        yield server


def ask(world: World, machines: StepFunctionsServer, name: str, **script: Any) -> str:
    """Apply a request whose token waits, and return the token."""
    token = f"token-of-{name}/+="
    machines.waiting.add(token)
    world.ask(name, world.put(f"{name}.json", **script), callback={"taskToken": token})
    return token


def condition(world: World, name: str) -> tuple[str, str]:
    delivered = {entry["type"]: entry for entry in world.status(name)["conditions"]}.get("CallbackDelivered", {})
    return delivered.get("status", ""), delivered.get("reason", "")


def test_the_verdict_is_sent_once_for_three_writes(world: World, machines: StepFunctionsServer) -> None:
    token = ask(world, machines, "answered")
    world.server.kubectl("wait", "--for=condition=CallbackDelivered", "areq/answered", WITH_PATIENCE)
    (answer,) = machines.of(token)
    meta = world.server.read.get("analysisrequest", "answered")["metadata"]
    assert answer["action"] == "SendTaskSuccess"
    output = json.loads(answer["output"])
    assert (output["name"], output["namespace"], output["uid"]) == ("answered", "default", meta["uid"])
    status = world.status("answered")
    assert (output["verdict"], output["score"]) == (status["verdict"], status["score"])
    *progress, verdict, event, delivered = world.server.writes("operator", "answered")
    assert (verdict, event, delivered) == (update := "update analysisrequests/status", "create events", update)
    assert set(progress) <= {update}  # of work that takes longer than the first write waits: on a busy machine


def test_a_failure_is_sent_with_its_reason(world: World, machines: StepFunctionsServer) -> None:
    token = "token-of-missing"
    machines.waiting.add(token)
    world.ask("missing", "s3://media/nosuch.json", callback={"taskToken": token})
    until(lambda: machines.of(token), "the failure to be sent")
    (answer,) = machines.of(token)
    assert (answer["action"], answer["error"]) == ("SendTaskFailure", "SourceNotFound")


@pytest.mark.parametrize("taken", [True, False], ids=["after it was taken", "before it was taken"])
def test_an_operator_killed_while_it_answers_answers_once(
    world: World, machines: StepFunctionsServer, taken: bool
) -> None:
    name = f"killed-{'late' if taken else 'early'}"
    killed: list[int] = []

    def kill() -> None:
        if not killed:
            killed.append(world.operator.stop(signal.SIGKILL))

    machines.before_reply = kill
    machines.faults = ["lost"] if taken else ["InternalFailure"]
    token = ask(world, machines, name)
    until(lambda: killed, "the operator to be killed")
    machines.before_reply = lambda: None
    assert condition(world, name) == ("Unknown", "Pending")
    world.operator.start()
    until(lambda: condition(world, name)[0] == "True", "the callback to be recorded")
    assert condition(world, name)[1] == ("AlreadyAnswered" if taken else "Delivered")
    assert len(machines.of(token)) == 1


def test_a_token_replayed_in_a_second_request_is_named(world: World, machines: StepFunctionsServer) -> None:
    token = ask(world, machines, "first")
    until(lambda: machines.of(token), "the first to be sent")
    world.ask("second", world.put("second.json"), callback={"taskToken": token})
    until(lambda: condition(world, "second") == ("False", "TaskTimedOut"), "the second to say so")
    assert len(machines.of(token)) == 1
    assert world.reason("second") == "Completed", "the analysis is none the worse for it"
    until(lambda: "CallbackNotDelivered" in json.dumps(world.server.read.list("event")), "the event")
    assert token not in json.dumps(world.server.read.list("event"))
    assert token not in world.operator.log()


def test_throttling_passes(world: World, machines: StepFunctionsServer) -> None:
    machines.faults = ["ThrottlingException"] * 3
    token = ask(world, machines, "throttled")
    until(lambda: condition(world, "throttled") == ("True", "Delivered"), "the callback to be delivered")
    assert len(machines.of(token)) == 1


def test_the_machine_of_a_request_that_is_deleted_on_its_way_is_answered(
    world: World, machines: StepFunctionsServer
) -> None:
    token = ask(world, machines, "deleted", seconds=60)
    world.until_running("deleted")
    world.server.kubectl("delete", "areq/deleted")
    until(lambda: machines.of(token), "the deletion to be sent")
    assert machines.of(token)[0]["error"] == "Deleted"


def test_the_callback_is_explained_bounded_and_immutable(world: World, machines: StepFunctionsServer) -> None:
    assert "SendTaskSuccess" in world.server.kubectl("explain", "areq.spec.callback.taskToken").stdout
    uri = world.put("bounded.json")
    for wrong in ("", "x" * 2049):
        with pytest.raises(CommandError, match="taskToken"):
            world.ask("bounded", uri, callback={"taskToken": wrong})
    ask(world, machines, "fixed")  # and let the operator write all that it writes: each is a conflict for kubectl
    world.server.kubectl("wait", "--for=condition=CallbackDelivered", "areq/fixed", WITH_PATIENCE)
    for changed in ({"callback": {"taskToken": "another"}}, {}):
        with pytest.raises(CommandError, match=r"spec\.callback cannot change"):
            world.server.kubectl("replace", "-f", "-", stdin=json.dumps(_replaced(world, "fixed", changed)))


def _replaced(world: World, name: str, changed: dict[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = world.server.read.get("analysisrequest", name)
    del item["metadata"]["resourceVersion"]  # whatever the operator wrote meanwhile
    spec = {key: value for key, value in item["spec"].items() if key != "callback"}
    return item | {"spec": spec | changed}


def test_a_token_in_a_secret_is_read_once_the_operator_is_allowed_to(
    world: World, machines: StepFunctionsServer
) -> None:
    token = "token-in-a-secret/+="
    machines.waiting.add(token)
    data = {"token": base64.b64encode(token.encode()).decode()}
    world.server.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "waits"}, "data": data})
    callback = {"taskTokenSecret": {"name": "waits"}}
    with pytest.raises(CommandError, match="either taskToken or taskTokenSecret"):
        world.ask("both", "s3://media/a.json", callback={**callback, "taskToken": token})
    world.ask("hidden", world.put("hidden.json"), callback=callback)
    until(lambda: "may not read the Secret default/waits" in json.dumps(world.status("hidden")), "the reason")
    assert machines.of(token) == []
    rbac, meta = "rbac.authorization.k8s.io", {"name": "operator-reads-waits", "namespace": "default"}
    rules = [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["waits"], "verbs": ["get"]}]
    world.server.apply(
        {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": meta, "rules": rules},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": meta,
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": meta["name"]},
            "subjects": [{"kind": "User", "name": "operator", "apiGroup": rbac}],
        },
    )
    until(lambda: condition(world, "hidden") == ("True", "Delivered"), "the answer")
    assert len(machines.of(token)) == 1
    assert token not in json.dumps(world.server.read.get("analysisrequest", "hidden"))
    world.server.kubectl("delete", "role/operator-reads-waits", "rolebinding/operator-reads-waits", "-n", "default")
