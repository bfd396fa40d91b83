"""The local cluster itself: two nodes, Services, logs, exec, signals and the audit log."""

import json
import signal
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.cluster import Cluster, S3Server, get_cluster
from tests.cluster.shell import wait_until
from tests.cluster.topology import PAUSE_IMAGE
from tests.support.s3 import client_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    return get_cluster()


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    name = f"smoke-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


def client(server: S3Server, access_key: str, secret_key: str) -> "S3Client":
    return client_of(server.endpoint_url, access_key, secret_key, server.region)


def start_pod(cluster: Cluster, namespace: str, workload: str) -> str:
    name = f"pause-{workload}"
    tolerations = [{"key": "workload", "operator": "Equal", "value": "ml", "effect": "NoSchedule"}]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "nodeSelector": {"workload": workload},
            "tolerations": tolerations if workload == "ml" else [],
            "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "pause", "image": PAUSE_IMAGE, "imagePullPolicy": "Never"}],
        },
    }
    cluster.kubectl("apply", "--filename", "-", input=json.dumps(pod))
    cluster.kubectl("wait", "--namespace", namespace, "--for=condition=Ready", f"pod/{name}", "--timeout=60s")
    return name


def read_pod(cluster: Cluster, namespace: str, name: str) -> dict[str, object]:
    done = cluster.kubectl("get", "pod", name, "--namespace", namespace, "--output=json")
    found: dict[str, object] = json.loads(done.stdout)["status"]
    return found


def test_each_workload_has_a_node(cluster: Cluster, namespace: str) -> None:
    addresses = {
        read_pod(cluster, namespace, start_pod(cluster, namespace, workload))["podIP"] for workload in ("system", "ml")
    }
    assert len(addresses) == 2


def test_a_killed_container_is_started_again(cluster: Cluster, namespace: str) -> None:
    name = start_pod(cluster, namespace, "ml")
    cluster.signal_container(namespace, name, signal.SIGKILL)

    def restarted() -> bool:
        statuses = read_pod(cluster, namespace, name)["containerStatuses"]
        assert isinstance(statuses, list)
        return bool(statuses[0]["restartCount"] == 1 and statuses[0]["ready"])

    wait_until(restarted, "the container to start again", timeout=60, interval=0.25)


def test_the_audit_log_tells_who_wrote_what(cluster: Cluster, namespace: str) -> None:
    entries = [json.loads(line) for line in cluster.audit_log.read_text().splitlines()]
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
