"""`arn:aws:states:::eks:call` for moto's interpreter of state machines, which has none."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

_PARAMETERS = {"ClusterName", "CertificateAuthority", "Endpoint", "Method", "Path", "QueryParameters", "RequestBody"}
_ANSWER_SECONDS = 60


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
