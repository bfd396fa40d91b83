"""The pipeline's state machine, rendered as Terraform renders it, and moto's interpreter to execute it.

moto has no `eks:call`, no JSONata without a Java bridge, and hands the parameters of Step Functions' own calls on under
names that boto3 does not take: all three are put right here. The call is a real HTTPS request.

Importing the interpreter takes seconds, so that is left to the tests that run it.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from jsonata import Jsonata

from tests.cluster.paths import repo_root

FOLDER = repo_root() / "terraform" / "pipeline"
ANALYZERS = ("audio", "video", "context")

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def template(name: str, **values: object) -> str:
    """Render one template as Terraform's `templatefile` does. Raises KeyError for a variable without a value."""
    text = (FOLDER / name).read_text()
    if "%{" in text:
        raise ValueError(f"{name} uses directives: only ${{variables}} are rendered here")
    return _VARIABLE.sub(lambda match: str(values[match[1]]), text)


def definition(create_state_machine_arn: str | None = None, **values: object) -> str:
    """Return the state machine as pipeline.tf deploys it; with the one that makes its requests it waits for tokens."""
    create = "create_by_call.asl.json" if create_state_machine_arn is None else "create_by_token.asl.json"
    shared = {**values, "create_state_machine_arn": create_state_machine_arn, "retry": template("retry.asl.json")}
    branches = {
        name: template("branch.asl.json", **shared, analyzer=name, create=template(create, **shared, analyzer=name))
        for name in ANALYZERS
    }
    if "function_arn" in values:
        branches["context"] = template("ask_function.asl.json", **values, analyzer="context")
    return template("state_machine.asl.json", **values, branches=",\n".join(branches.values()))


def create_definition(**values: object) -> str:
    """Return the state machine that makes one request with a task token."""
    return template("create_request.asl.json", **values, retry=template("retry.asl.json"))


def event_pattern(media_bucket: str, prefixes: Sequence[str]) -> str:
    """Return the pattern of the events that start the state machine, as pipeline.tf deploys it."""
    keys = json.dumps([{"prefix": prefix} for prefix in prefixes])
    return template("upload_event.json", media_bucket=media_bucket, keys=keys)


def evaluate(expression: str) -> Any:
    """Evaluate a JSONata expression; undefined is None."""
    return Jsonata(expression).evaluate(None)


def declarations(bindings: dict[str, Any]) -> str:
    """Bind variables in JSONata, with strings quoted as JSON quotes them."""
    return "".join(f"{name}:={json.dumps(value, default=str)};" for name, value in bindings.items())


def as_boto_writes_them(task: Any, parameters: dict[str, Any], *_: Any, **__: Any) -> None:
    """Rename the parameters of Step Functions' own calls as boto3 takes them: StateMachineArn, stateMachineArn.

    And name an execution that has no name, as Step Functions does.
    """
    if task._get_boto_service_name() == "stepfunctions":
        for name in list(parameters):
            parameters[name[0].lower() + name[1:]] = parameters.pop(name)
        if task._get_boto_service_action() == "start_execution":
            parameters.setdefault("name", str(uuid.uuid4()))


class Function:
    """What Lambda hands to a function about an invocation."""

    aws_request_id = "invocation-1"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def invoke(_task: Any, env: Any, *, normalised_parameters: dict[str, Any], **_: Any) -> None:
    """Run `lambda:invoke` of the context analyzer's own handler, in this process."""
    from context_analyzer.lambda_handler import handler

    payload = normalised_parameters["Payload"]
    env.stack.append({"StatusCode": 200, "Payload": handler(json.loads(payload), Function())})


def patches(token: str, faults: list[int]) -> list[tuple[str, Any]]:
    """Return what to put where in moto, as `monkeypatch.setattr` takes it."""
    parser = "moto.stepfunctions.parser.asl"
    service = f"{parser}.component.state.exec.state_task.service.state_task_service"
    factory = f"{parser}.component.state.exec.state_task.state_task_factory.state_task_service_for"
    return [
        (f"{parser}.jsonata.jsonata._eval_jsonata", evaluate),
        (f"{parser}.eval.states.encode_jsonata_variable_declarations", declarations),
        (f"{parser}.eval.variable_store.encode_jsonata_variable_declarations", declarations),
        (factory, _service_for(token, faults)),
        (f"{service}_lambda.StateTaskServiceLambda._eval_service_task", invoke),
        (f"{service}.StateTaskService._normalise_parameters", as_boto_writes_them),
    ]


def _service_for(token: str, faults: list[int]) -> Callable[[str], Any]:
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_factory

    from tests.support.aws.eks_call import EksCall

    def service_for(service_name: str) -> Any:
        if service_name == "eks":
            return EksCall(token, faults)
        return state_task_service_factory.state_task_service_for(service_name)

    return service_for
