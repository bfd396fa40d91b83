"""The local cluster itself: two nodes, names, metrics, KEDA, signals and the audit log."""

import json
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.cluster import KEDA_NAMESPACE, Cluster, S3Server
from tests.cluster.shell import WITH_PATIENCE, wait_until, whole_lines
from tests.cluster.topology import PAUSE_IMAGE
from tests.support.aws.s3 import client_of
from tests.support.operator.deployment import Deployment

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.together("calm")


@contextmanager
def namespace_of(cluster: Cluster) -> Iterator[str]:
    """Make a namespace that goes at the end."""
    name = f"smoke-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    try:
        yield name
    finally:
        cluster.kubectl("delete", "namespace", name, "--wait=false")


def shell_image(cluster: Cluster) -> str:
    """Build an image with a shell, or return the one that was built already."""
    with tempfile.TemporaryDirectory() as folder:
        dockerfile = Path(folder) / "Dockerfile"
        dockerfile.write_text("FROM debian:trixie-slim\n")
        return cluster.build_image(dockerfile.parent, dockerfile, "smoke-shell:1")


def client(server: S3Server, access_key: str, secret_key: str) -> "S3Client":
    return client_of(server.endpoint_url, access_key, secret_key, server.region)


def start_pod(cluster: Cluster, namespace: str, workload: str, image: str = PAUSE_IMAGE, script: str = "") -> str:
    name = f"pod-{workload}"
    container = {"name": "main", "image": image, "imagePullPolicy": "Never"}
    command = {"command": ["sh", "-c", script], "resources": {"limits": {"cpu": "200m"}}} if script else {}
    tolerations = [{"key": "workload", "operator": "Equal", "value": "ml", "effect": "NoSchedule"}]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "nodeSelector": {"workload": workload},
            "tolerations": tolerations if workload == "ml" else [],
            "terminationGracePeriodSeconds": 1,
            "containers": [container | command],
        },
    }
    cluster.kubectl("apply", "--filename", "-", input=json.dumps(pod))
    cluster.kubectl("wait", "--namespace", namespace, "--for=condition=Ready", f"pod/{name}", WITH_PATIENCE)
    return name


def read_pod(cluster: Cluster, namespace: str, name: str) -> dict[str, object]:
    done = cluster.kubectl("get", "pod", name, "--namespace", namespace, "--output=json")
    status: dict[str, object] = json.loads(done.stdout)["status"]
    return status


CPU = {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "70"}}
PUSH = {"type": "external-push", "metadata": {"scalerAddress": "nobody.default.svc:9090"}}


def start_deployment(cluster: Cluster, namespace: str) -> None:
    labels = {"app": "target"}
    container = {"name": "main", "image": PAUSE_IMAGE, "imagePullPolicy": "Never",
                 "resources": {"requests": {"cpu": "10m"}}}  # fmt: skip
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "target", "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }
    cluster.kubectl("apply", "--filename", "-", input=json.dumps(deployment))
    cluster.kubectl("rollout", "status", "deployment/target", "--namespace", namespace, WITH_PATIENCE)


def create_scaled_object(
    cluster: Cluster, namespace: str, *triggers: dict[str, Any]
) -> subprocess.CompletedProcess[str]:
    scaled = {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "target", "namespace": namespace},
        "spec": {"scaleTargetRef": {"name": "target"}, "minReplicaCount": 0, "triggers": triggers},
    }
    return cluster.kubectl("create", "--filename", "-", input=json.dumps(scaled), check=False)


def test_each_workload_has_a_node(cluster: Cluster) -> None:
    with namespace_of(cluster) as namespace:
        addresses = {
            read_pod(cluster, namespace, start_pod(cluster, namespace, workload))["podIP"]
            for workload in ("system", "ml")
        }
        assert len(addresses) == 2


def test_a_killed_container_is_started_again(cluster: Cluster) -> None:
    with namespace_of(cluster) as namespace:
        name = start_pod(cluster, namespace, "ml")
        cluster.signal_container(namespace, name, signal.SIGKILL)

        def restarted() -> bool:
            statuses = read_pod(cluster, namespace, name)["containerStatuses"]
            assert isinstance(statuses, list)
            return bool(statuses[0]["restartCount"] == 1 and statuses[0]["ready"])

        wait_until(restarted, "the container to start again", interval=0.25)


def test_the_audit_log_tells_who_wrote_what(cluster: Cluster) -> None:
    with namespace_of(cluster) as namespace:
        entries = [json.loads(line) for line in whole_lines(cluster.audit_log)]
        ours = [entry for entry in entries if entry["objectRef"].get("name") == namespace]
        assert ("create", "kubernetes-admin") in {(entry["verb"], entry["user"]["username"]) for entry in ours}
        assert not {entry["verb"] for entry in entries} & {"get", "list", "watch"}


def test_a_second_s3_user_may_only_what_was_granted(cluster: Cluster) -> None:
    server, bucket = cluster.start_s3(), f"smoke-{uuid.uuid4().hex[:8]}"
    user = server.add_user("smoke", "smoke-secret")
    root = client(server, server.access_key, server.secret_key)
    other = client(server, user.access_key, user.secret_key)
    root.create_bucket(Bucket=bucket)
    root.put_object(Bucket=bucket, Key="open/a", Body=b"a")
    with pytest.raises(ClientError, match="AccessDenied"):
        other.get_object(Bucket=bucket, Key="open/a")
    grant = {
        "Effect": "Allow",
        "Principal": {"AWS": [user.access_key]},
        "Action": ["s3:GetObject"],
        "Resource": f"arn:aws:s3:::{bucket}/open/*",
    }
    root.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [grant]}))
    assert other.get_object(Bucket=bucket, Key="open/a")["Body"].read() == b"a"
    server.remove_user(user.access_key)


def test_a_pod_finds_services_by_name(cluster: Cluster) -> None:
    with namespace_of(cluster) as namespace:
        cluster.kubectl("create", "service", "clusterip", "silver-guardian", "--tcp=80", "--namespace", namespace)
        path = "--output=jsonpath={.spec.clusterIP}"
        address = cluster.kubectl("get", "service", "silver-guardian", "--namespace", namespace, path).stdout
        pod = start_pod(cluster, namespace, "ml", shell_image(cluster), "sleep 600")

        def resolved(name: str) -> str:
            lookup = cluster.kubectl("exec", pod, "--namespace", namespace, "--", "getent", "hosts", name, check=False)
            return lookup.stdout.partition(" ")[0]

        assert resolved("kubernetes.default.svc.cluster.local") == "10.96.0.1"
        assert resolved(f"silver-guardian.{namespace}.svc") == resolved("silver-guardian") == address
        assert not resolved(f"nobody.{namespace}.svc")


def test_the_cpu_that_a_pod_uses_is_measured(cluster: Cluster) -> None:
    with namespace_of(cluster) as namespace:
        pod = start_pod(cluster, namespace, "ml", shell_image(cluster), "while :; do :; done")

        def busy() -> bool:
            usage = cluster.kubectl("top", "pod", pod, "--namespace", namespace, "--no-headers", check=False)
            return usage.returncode == 0 and int(usage.stdout.split()[1].removesuffix("m")) > 20

        wait_until(busy, "metrics.k8s.io to show that the pod is busy", interval=1)


def test_keda_runs_on_the_system_node_only(cluster: Cluster, deployment: Deployment) -> None:
    listed = cluster.kubectl("get", "pods", "--namespace", KEDA_NAMESPACE, "--output=json")
    pods = json.loads(listed.stdout)["items"]
    system = cluster.kubectl(
        "get", "nodes", "--selector=workload=system", "--output=jsonpath={.items[*].metadata.name}"
    )
    assert {pod["spec"]["containers"][0]["name"] for pod in pods} == {
        "keda-operator",
        "keda-metrics-apiserver",
        "keda-admission-webhooks",
    }
    assert {pod["spec"]["nodeName"] for pod in pods} == {system.stdout}


def test_keda_refuses_to_scale_to_zero_by_cpu_alone(cluster: Cluster, deployment: Deployment) -> None:
    """CPU never wakes a Deployment up: the pools' ScaledObjects need a trigger beside it, and this is why."""
    with namespace_of(cluster) as namespace:
        start_deployment(cluster, namespace)
        # Not as a dry run: there the webhook leaves this check out.
        denied = create_scaled_object(cluster, namespace, CPU)
        assert denied.returncode != 0
        assert 'admission webhook "vscaledobject.kb.io" denied the request' in denied.stderr
        assert "only cpu/memory triggers AND minReplica is 0" in denied.stderr
        accepted = create_scaled_object(cluster, namespace, CPU, PUSH)
        assert accepted.returncode == 0, accepted.stderr
