"""The pipeline's state machine in moto's interpreter, beside a world of the operator, with the rights of Terraform."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.cluster.paths import repo_root
from tests.support.aws.state_machine import ANALYZERS, create_definition, definition
from tests.support.kubernetes.apiserver import PIPELINE_GROUP, ApiServer
from tests.support.operator.process import until
from tests.support.operator.world import World

ROLE = "arn:aws:iam::123456789012:role/state-machine"


@dataclass
class Pipeline:
    """The state machine beside an API server with the operator and its three pools."""

    world: World
    client: Any
    faults: list[int] = field(default_factory=list)

    def put(self, key: str, **scripts: Any) -> dict[str, Any]:
        """Put an object with a script for each analyzer, and return the event that S3 sends about it."""
        self.world.put(key, **scripts)
        return {"detail": {"bucket": {"name": "media"}, "object": {"key": key}}}

    def start(self, name: str, event: dict[str, Any], way: str = "poll", **values: Any) -> str:
        """Deploy the state machine again, since moto remembers names, start it and return the execution's ARN."""
        server = self.world.server
        settings: dict[str, Any] = {
            "cluster_name": "test",
            "endpoint": server.endpoint,
            "certificate_authority": base64.b64encode(server.certificate).decode(),
            "namespace": "default",
            "poll_seconds": 1,
            "wait_seconds": 60,
        }
        for existing in self.client.list_state_machines()["stateMachines"]:
            self.client.delete_state_machine(stateMachineArn=existing["stateMachineArn"])
        settings |= values
        if way == "token":
            settings["create_state_machine_arn"] = self._deploy("pipeline-create", create_definition(**settings))
        machine = self._deploy("pipeline", definition(**settings))
        started = self.client.start_execution(stateMachineArn=machine, name=name, input=json.dumps(event))
        return str(started["executionArn"])

    def _deploy(self, name: str, text: str) -> str:
        machine = self.client.create_state_machine(name=name, definition=text, roleArn=ROLE)
        return str(machine["stateMachineArn"])

    def end(self, execution: str) -> dict[str, Any]:
        """Wait for an execution's end, and return its description, the output parsed."""
        until(lambda: self.describe(execution)["status"] != "RUNNING", f"{execution} to end")
        ended = self.describe(execution)
        return ended | {"output": json.loads(ended.get("output") or "null")}

    def describe(self, execution: str) -> dict[str, Any]:
        """Return what is known of an execution."""
        description: dict[str, Any] = self.client.describe_execution(executionArn=execution)
        return description

    def run(self, name: str, event: dict[str, Any], way: str = "poll", **values: Any) -> dict[str, Any]:
        """Start and wait."""
        return self.end(self.start(name, event, way, **values))

    def entered(self, execution: str) -> list[str]:
        """Return the states that an execution went through: each is a transition that is paid for."""
        return [state["name"] for state in self._details(execution, "stateEnteredEventDetails")]

    def errors(self, execution: str) -> list[str]:
        """Return the errors of an execution's calls, those that were tried again too."""
        return [failure["error"] for failure in self._details(execution, "taskFailedEventDetails")]

    def _details(self, execution: str, kind: str) -> list[dict[str, Any]]:
        history = self.client.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        return [event[kind] for event in history if kind in event]

    def requests(self, name: str) -> dict[str, Any]:
        """Return an execution's AnalysisRequests by analyzer."""
        names = {f"upload-{name}-{analyzer}" for analyzer in ANALYZERS}
        items = [item for item in self.world.server.read.list("analysisrequest") if item["metadata"]["name"] in names]
        return {item["spec"]["analyzers"][0]: item for item in items}


def grant_by_terraform(server: ApiServer) -> None:
    """Grant the pipeline's group exactly the rights that access.tf grants it."""
    text = (repo_root() / "terraform" / "access.tf").read_text()
    (rule,) = re.findall(r'resource "kubernetes_role_v1" "pipeline" \{.*?rule \{(.*?)\}', text, re.DOTALL)
    groups, resources, verbs = (json.loads(values) for values in re.findall(r"= (\[.*\])", rule))
    api, kind = "rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io"
    meta = {"name": "pipeline", "namespace": "default"}
    granted = {"apiGroups": groups, "resources": resources, "verbs": verbs}
    subject = {"kind": "Group", "name": PIPELINE_GROUP, "apiGroup": kind}
    role = {"kind": "Role", "name": "pipeline", "apiGroup": kind}
    server.apply(
        {"apiVersion": api, "kind": "Role", "metadata": meta, "rules": [granted]},
        {"apiVersion": api, "kind": "RoleBinding", "metadata": meta, "subjects": [subject], "roleRef": role},
    )
