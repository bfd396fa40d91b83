"""A real Kubernetes cluster for demo, tests and benchmarks: kind where Docker runs, else our own."""

import shutil
import subprocess

from tests.cluster.interface import KEDA_NAMESPACE, Cluster, ClusterStatus, S3Server, S3User

__all__ = ["KEDA_NAMESPACE", "Cluster", "ClusterStatus", "S3Server", "S3User", "find_cluster", "get_cluster"]


def find_cluster(name: str = "silver-guardian") -> Cluster:
    """Return the cluster of that name, running or not: on kind where a Docker daemon answers."""
    if _docker_answers():
        from tests.cluster.kind import KindCluster

        return KindCluster(name)
    from tests.cluster.local import LocalCluster

    return LocalCluster(name)


def get_cluster(name: str = "silver-guardian", *, reuse: bool = True) -> Cluster:
    """Return a running cluster: the one that runs, unless `reuse` is off, or a new one."""
    cluster = find_cluster(name)
    if not reuse:
        cluster.down()
    cluster.up()
    return cluster


def _docker_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    try:
        info = subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=10)
    except subprocess.TimeoutExpired:
        return False
    return info.returncode == 0
