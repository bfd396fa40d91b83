"""The pipeline's state machine, rendered as Terraform renders it, and moto's interpreter to execute it.

moto has no `eks:call`, no JSONata without a Java bridge, and hands the parameters of Step Functions' own calls on under
names that boto3 does not take: all three are put right here. The call is a real HTTPS request.
"""

from __future__ import annotations

import base64
import json
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from jsonata import Jsonata
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from tests.cluster.paths import repo_root

FOLDER = repo_root() / "terraform" / "pipeline"
ANALYZERS = ("audio", "video", "context")

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_PARAMETERS = {"ClusterName", "CertificateAuthority", "Endpoint", "Method", "Path", "QueryParameters", "RequestBody"}
_ANSWER_SECONDS = 10


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


class Refused(Exception):
    """The API server's answer was an error: its status code and body. Or there was none: Unreachable, and why."""

    def __init__(self, code: int | str, body: str) -> None:
        super().__init__(f"{code}: {body}")
        self.code = code
        self.body = body


class EksCall(StateTaskServiceCallback):  # type: ignore[misc]  # it has no types
    """`arn:aws:states:::eks:call`: one HTTPS request to the API server, which must show the certificate given."""

    def __init__(self, token: str, faults: list[int]) -> None:
        super().__init__(supported_integration_patterns=set())
        self._token = token
        self._faults = faults

    def _get_supported_parameters(self) -> set[str] | None:
        return _PARAMETERS if self.resource.api_action == "call" and self.resource.condition is None else None

    def _normalise_parameters(self, *_: Any, **__: Any) -> None:
        pass

    def _normalise_response(self, *_: Any, **__: Any) -> None:
        pass

    def _eval_service_task(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
    ) -> None:
        if set(normalised_parameters) - _PARAMETERS:
            raise ValueError(f"eks:call takes nothing but {sorted(_PARAMETERS)}: {normalised_parameters}")
        if self._faults:
            raise Refused(self._faults.pop(), "The API server is not available.")
        env.stack.append(_request(self._token, normalised_parameters))

    def _from_error(self, env: Any, ex: Exception) -> Any:
        if not isinstance(ex, Refused):
            return super()._from_error(env=env, ex=ex)
        error = f"EKS.{ex.code}"
        details = TaskFailedEventDetails(error=error, cause=ex.body, resource="call", resourceType="eks")
        return FailureEvent(
            env=env,
            error_name=CustomErrorName(error),
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),
        )


def _request(token: str, arguments: dict[str, Any]) -> dict[str, Any]:
    context = ssl.create_default_context(cadata=base64.b64decode(arguments["CertificateAuthority"]).decode())
    query = urllib.parse.urlencode(arguments.get("QueryParameters", {}), doseq=True)
    body = json.dumps(arguments["RequestBody"]).encode() if "RequestBody" in arguments else None
    request = urllib.request.Request(  # noqa: S310 - the test's own server
        f"{arguments['Endpoint']}{arguments['Path']}?{query}",
        data=body,
        method=arguments["Method"],
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, context=context, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310
            return {"StatusCode": answer.status, "StatusText": answer.reason, "ResponseBody": json.load(answer)}
    except urllib.error.HTTPError as error:
        raise Refused(error.code, error.read().decode()) from error
    except OSError as error:
        raise Refused("Unreachable", str(error)) from error


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

    def service_for(service_name: str) -> Any:
        if service_name == "eks":
            return EksCall(token, faults)
        return state_task_service_factory.state_task_service_for(service_name)

    return service_for
