"""Reading upstream's manifests, and changing in them what a test cluster needs otherwise."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from tests.cluster.topology import WORKLOAD_LABEL

type Manifest = dict[str, Any]


def read(text: str) -> list[Manifest]:
    """Return the objects of a YAML text."""
    return [document for document in yaml.safe_load_all(text) if document]


def as_list(objects: Iterable[Manifest]) -> str:
    """Return objects as one document for kubectl."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def deployments(objects: Iterable[Manifest]) -> Iterator[Manifest]:
    """Yield the Deployments."""
    return (one for one in objects if one["kind"] == "Deployment")


def containers(objects: Iterable[Manifest]) -> Iterator[Manifest]:
    """Yield the containers of the Deployments."""
    for deployment in deployments(objects):
        yield from deployment["spec"]["template"]["spec"]["containers"]


def keep_on_system(objects: Iterable[Manifest]) -> None:
    """Let the Deployments run on the system node only, and be asked every second whether they are ready."""
    for deployment in deployments(objects):
        deployment["spec"]["template"]["spec"].setdefault("nodeSelector", {})[WORKLOAD_LABEL] = "system"
    for container in containers(objects):
        # Upstream's first question comes after up to 20 s: a long time for a test to wait.
        container.get("readinessProbe", {}).update(initialDelaySeconds=0, periodSeconds=1)
        # On a busy machine a start takes longer than upstream allows.
        container.get("livenessProbe", {}).update(failureThreshold=60)


def use_loaded_images(objects: Iterable[Manifest], images: Mapping[str, str]) -> None:
    """Set the images of containers, by name, to ones that are loaded into the node and never pulled."""
    for container in containers(objects):
        container.update(image=images[container["name"]], imagePullPolicy="Never")


def set_argument(container: Manifest, name: str, value: str | None = None) -> None:
    """Set an argument of a container's program, in place of one of the same name."""
    drop_argument(container, name)
    container["args"].append(name if value is None else f"{name}={value}")


def drop_argument(container: Manifest, name: str) -> None:
    """Take an argument away from a container's program, whatever its value."""
    container["args"] = [one for one in container.get("args", []) if one.partition("=")[0] != name]
