"""What is left when the product is taken off as docs/upgrade.md says. It runs last: conftest.py sees to that."""

from __future__ import annotations

from tests.cluster import Cluster
from tests.cluster.packages import client_tools_folder
from tests.cluster.shell import wait_until
from tests.e2e.conftest import Media
from tests.support.analyzers.ask import Requests
from tests.support.operator.deployment import Deployment, apply_crds
from tests.support.operator.scripted_pools import ScriptedPools
from tests.support.web.documents import blocks, run_block

KINDS = (
    "all,leases,scaledobjects,hpa,poddisruptionbudgets,networkpolicies,roles,rolebindings,analyzers,serviceaccounts,"
    "configmaps"
)
KUBERNETES_OWN = {"serviceaccount/default", "configmap/kube-root-ca.crt"}
EVERYWHERE = "clusterroles,clusterrolebindings"


def test_it_leaves_nothing_but_requests_and_their_definitions_and_those_go_too(
    requests: Requests, media: Media, cluster: Cluster, deployment: Deployment, scripted_pools: ScriptedPools
) -> None:
    scripted_pools.make("departing", scaling={"minReplicas": 1})  # one that KEDA scales, with a pod
    status = requests.verdict_of("kept", media.script("null"), "departing")
    uninstall, delete_definitions = blocks("upgrade.md", "run-last")
    try:
        run_block(uninstall, client_tools_folder(), cluster.kubeconfig)
        wait_until(lambda: not left(deployment), "nothing to be left", detail=lambda: left(deployment))
        names = cluster.kubectl("get", EVERYWHERE, "--output=name").stdout.split()
        assert not [name for name in names if "silver-guardian" in name]
        assert requests.status("kept") == status
        run_block(delete_definitions, client_tools_folder(), cluster.kubeconfig)
        assert "silverguardian" not in cluster.kubectl("get", "crd", "--output=name").stdout
    finally:
        apply_crds(cluster)


def left(deployment: Deployment) -> set[str]:
    return set(deployment.kubectl("get", KINDS, "--output=name").split()) - KUBERNETES_OWN
