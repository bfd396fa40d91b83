"""The pods of every pool as the watch has delivered them. Pure."""

from __future__ import annotations

from analysis_operator.analyzers.pods import Pod, pod_summary
from analysis_operator.kube.objects import ANALYZER_LABEL


def analyzer_of(pod: Pod) -> str:
    """Return the name of the Analyzer that a pod belongs to, or an empty string."""
    return str(pod["metadata"].get("labels", {}).get(ANALYZER_LABEL, ""))


def uid_of(pod: Pod) -> str:
    """Return the UID of a pod."""
    return str(pod["metadata"].get("uid"))


class PodView:
    """Pods by the name of their Analyzer, whether or not it has been observed yet.

    An Analyzer that is deleted and created again takes over the pods that still run: the watch does not deliver them a
    second time.
    """

    def __init__(self) -> None:
        self._pods: dict[str, dict[str, Pod]] = {}

    def of(self, analyzer: str) -> list[Pod]:
        """Return the pods of an Analyzer."""
        return list(self._pods.get(analyzer, {}).values())

    def uids(self) -> set[str]:
        """Return the UIDs of all pods."""
        return {uid_of(pod) for pods in self._pods.values() for pod in pods.values()}

    def observe(self, pod: Pod) -> Pod | None:
        """Take a pod into the view, unless the view has a newer version. Return the version before, if any."""
        pods, name, now = self._pods.setdefault(analyzer_of(pod), {}), pod["metadata"]["name"], pod_summary(pod)
        before = pods.get(name)
        if before is None or _version(before) <= _version(now):
            pods[name] = now
        return before

    def remove(self, pod: Pod) -> None:
        """Remove a deleted pod, but not another one of the same name."""
        analyzer, name = analyzer_of(pod), pod["metadata"]["name"]
        current = self._pods.get(analyzer, {}).get(name)
        if current is not None and uid_of(current) == uid_of(pod):
            self._remove(analyzer, name)

    def remove_missing(self, uids: set[str]) -> dict[str, set[str]]:
        """Remove the pods with these UIDs. Return the UIDs of the removed pods, by Analyzer."""
        removed: dict[str, set[str]] = {}
        for analyzer, pods in list(self._pods.items()):
            for name, pod in list(pods.items()):
                if uid_of(pod) in uids:
                    removed.setdefault(analyzer, set()).add(uid_of(pod))
                    self._remove(analyzer, name)
        return removed

    def _remove(self, analyzer: str, name: str) -> None:
        del self._pods[analyzer][name]
        if not self._pods[analyzer]:
            del self._pods[analyzer]


def _version(pod: Pod) -> int:
    return int(pod["metadata"]["resourceVersion"] or 0)
