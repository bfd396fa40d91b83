"""Analyzer: a pool of warm pods."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from analysis_operator.api.base import CONDITION_LIST, Condition, ConditionType, Matches, Metadata, Resource, rule


class SecretKey(Resource):
    """One key of a Secret in the operator's namespace."""

    name: str = Field(max_length=253, description="The Secret.")
    key: str = Field(max_length=253, description="The key in it.")


class EnvVar(Resource):
    """One environment variable: a value, or a key of a Secret."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                rule("has(self.value) != has(self.secretKey)", "give either value or secretKey, and not both")
            ]
        }
    )

    name: Annotated[str, Matches(r"^[A-Z][A-Z0-9_]{0,62}$", "name a variable in capitals, for example AWS_REGION")] = (
        Field(max_length=63, description="Its name.")
    )
    value: str | None = Field(default=None, max_length=2000, description="Its value.")
    secret_key: SecretKey | None = Field(default=None, description="The key of a Secret that holds its value.")


class Toleration(Resource):
    """A taint that the pods tolerate."""

    key: str = Field(max_length=253, description="The taint's key.")
    operator: Literal["Equal", "Exists"] = Field(default="Equal", description="How value is compared.")
    value: str = Field(default="", max_length=63, description="The taint's value.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = Field(
        default="NoSchedule", description="Its effect."
    )


class TopologySpread(Resource):
    """How the pool's pods are spread over the values of one label of their nodes."""

    topology_key: str = Field(
        min_length=1, max_length=253, description="The nodes' label, for example topology.kubernetes.io/zone."
    )
    max_skew: int = Field(default=1, ge=1, le=100, description="By how many pods its values may differ.")
    when_unsatisfiable: Literal["ScheduleAnyway", "DoNotSchedule"] = Field(
        default="ScheduleAnyway", description="What happens to a pod that would make the difference larger."
    )


class Quantities(Resource):
    """Amounts of CPU and memory, as Kubernetes writes them."""

    cpu: Annotated[str, Matches(r"^[0-9]+([.][0-9]+)?m?$", "write an amount of CPU as 500m or 2")] = Field(
        default="1", max_length=20, description="For example 500m or 2."
    )
    memory: Annotated[str, Matches(r"^[0-9]+(Mi|Gi)$", "write an amount of memory as 512Mi or 2Gi")] = Field(
        default="1Gi", max_length=20, description="For example 512Mi or 2Gi."
    )


class Resources(Resource):
    """The CPU and memory that one pod requests, and its limits."""

    requests: Quantities = Field(default=Quantities(cpu="500m", memory="512Mi"), description="Guaranteed.")
    limits: Quantities = Field(default=Quantities(cpu="2", memory="2Gi"), description="The maximum.")


class Models(Resource):
    """A folder of models with one subfolder for each analyzer: the content of an image, or of an existing volume."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                rule("has(self.image) != has(self.claim)", "give either image or claim, and not both")
            ]
        }
    )

    image: str | None = Field(default=None, min_length=1, max_length=500, description="An image that holds the folder.")
    claim: str | None = Field(
        default=None, min_length=1, max_length=253, description="A PersistentVolumeClaim that holds the folder."
    )


class Scaling(Resource):
    """How KEDA sizes the pool: by its backlog, and by the CPU usage of its pods."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                rule("self.minReplicas <= self.maxReplicas", "minReplicas cannot be more than maxReplicas")
            ]
        }
    )

    min_replicas: int = Field(default=0, ge=0, le=100, description="Pods when there is no work.")
    max_replicas: int = Field(default=5, ge=1, le=100, description="Pods at most.")
    cooldown_seconds: int = Field(
        default=300, ge=1, le=3600, description="Seconds with less work after which the pool gets smaller."
    )
    polling_interval_seconds: int = Field(
        default=5,
        ge=1,
        le=300,
        description="Seconds between polls of KEDA; new work is also pushed to it.",
    )
    cpu_utilization: int = Field(
        default=50,
        ge=1,
        le=1000,
        description="CPU of the pods, in percent of their request, above which KEDA adds pods.",
    )


class AnalyzerSpec(Resource):
    """A pool of warm pods that speak the analyzer contract, v1."""

    image: str = Field(min_length=1, max_length=500, description="The analyzer's image.")
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = Field(
        default="IfNotPresent", description="When the image is pulled."
    )
    port: int = Field(default=8000, ge=1024, le=65535, description="The port that serves the analyzer contract.")
    concurrency: int = Field(default=1, ge=1, le=64, description="Analyses at a time in one pod.")
    scaling: Scaling = Field(default=Scaling(), description="How KEDA sizes the pool.")
    replicas: int | None = Field(
        default=None, ge=0, le=100, description="A fixed number of pods, without KEDA; scaling is ignored."
    )
    paused: bool = Field(
        default=False,
        description="While it is true the pool begins no analysis, and counts as idle; what runs goes on to its end.",
    )
    resources: Resources = Field(default=Resources(), description="CPU and memory of one pod.")
    extended_resources: dict[str, Annotated[int, Field(ge=1, le=64)]] = Field(
        default={},
        max_length=4,
        description="Devices of one pod by the name of their resource, for example nvidia.com/gpu: 1.",
        json_schema_extra={
            "x-kubernetes-validations": [
                rule("self.all(name, name.contains('/'))", "name a device as DOMAIN/NAME, for example nvidia.com/gpu")
            ]
        },
    )
    node_selector: dict[str, str] = Field(
        default={"workload": "ml"}, description="Labels of the nodes that run the pods."
    )
    tolerations: list[Toleration] = Field(
        default=[Toleration(key="workload", value="ml")],
        max_length=10,
        description="Taints that the pods tolerate.",
    )
    topology_spread_constraints: list[TopologySpread] = Field(
        default=[],
        max_length=4,
        description="How the pods are spread over nodes and zones. Default: as the scheduler does by itself.",
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["topologyKey", "whenUnsatisfiable"],
        },
    )
    runtime_class_name: str | None = Field(
        default=None, min_length=1, max_length=253, description="A RuntimeClass, for example nvidia. Default: none."
    )
    priority_class_name: str | None = Field(
        default=None, min_length=1, max_length=253, description="A PriorityClass. Default: that of the cluster."
    )
    service_account_name: str | None = Field(
        default=None, max_length=253, description="An existing ServiceAccount. Default: the operator creates one."
    )
    models: Models | None = Field(
        default=None, description="Models, mounted read-only in the folder that GUARDIAN_MODELS names. Default: none."
    )
    trust_config_map: str | None = Field(
        default=None,
        min_length=1,
        max_length=253,
        description="A ConfigMap with certificates, *.pem, whose content credentials are trusted. Default: none.",
    )
    env: list[EnvVar] = Field(
        default=[],
        max_length=50,
        description="Environment variables, for example AWS_REGION.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )


class Usage(Resource):
    """What the pool has used, for its cost."""

    since: datetime = Field(description="When counting began.")
    until: datetime = Field(description="The time up to which usage is counted.")
    pod_seconds: int = Field(default=0, ge=0, description="Total seconds that pods of this pool were on a node.")
    busy_seconds: int = Field(default=0, ge=0, description="Total seconds that analyses ran.")
    node_seconds: int = Field(
        default=0, ge=0, description="Total seconds of nodes, each divided equally between the pods of all pools on it."
    )
    starts: int = Field(default=0, ge=0, description="How often the pool grew from zero pods.")


class AnalyzerStatus(Resource):
    """The state of the pool. Only the operator writes it."""

    observed_generation: int | None = Field(
        default=None, ge=0, description="The metadata.generation that this reflects."
    )
    replicas: int = Field(default=0, ge=0, description="Pods that exist.")
    ready_replicas: int = Field(default=0, ge=0, description="Pods that take work.")
    queued: int = Field(default=0, ge=0, description="Analyses that wait for a slot.")
    running: int = Field(default=0, ge=0, description="Analyses that run.")
    usage: Usage | None = Field(default=None, description="What the pool has used.")
    conditions: list[Condition] = Field(
        default=[], max_length=8, description="Ready and ScalingActive.", json_schema_extra=CONDITION_LIST
    )

    def condition(self, kind: ConditionType) -> Condition | None:
        """Return the condition of one type, or None."""
        return next((condition for condition in self.conditions if condition.type is kind), None)


class Analyzer(Resource):
    """An analyzer: one image, and the pool of warm pods that run it."""

    metadata: Metadata
    spec: AnalyzerSpec
    status: AnalyzerStatus = AnalyzerStatus()
