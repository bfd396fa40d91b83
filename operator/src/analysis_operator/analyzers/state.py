"""What the controller knows of one Analyzer, besides its pods. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from analysis_operator.analyzers.manifests import replicas_to_hand_over, revision
from analysis_operator.analyzers.usage import Meter
from analysis_operator.api import Analyzer
from analysis_operator.kube.objects import KubeObject


@dataclass(slots=True)
class AnalyzerState:
    """One Analyzer and its child objects.

    ``deployment`` is its Deployment's status as last observed, ``replicas`` what to hand over before the Deployment is
    applied without a size. ``revisions`` are those of the child objects as applied, by kind and name. ``in_sync``:
    nothing is left to apply. ``denied``: why one of them is refused. ``problem`` is what waiting requests show.
    ``removed``: the Analyzer was deleted.
    """

    analyzer: Analyzer
    meter: Meter
    deployment: KubeObject | None = None
    replicas: KubeObject | None = None
    revisions: dict[tuple[str, str], str] = field(default_factory=dict)
    in_sync: bool = False
    denied: str = ""
    problem: str = ""
    problem_not_before: float = 0.0
    apply_backoff: float = 0.0
    apply_not_before: float = 0.0
    write_not_before: float = 0.0
    event_not_before: dict[str, float] = field(default_factory=dict)
    removed: bool = False

    @property
    def name(self) -> str:
        """The name of the Analyzer and its pool."""
        return self.analyzer.metadata.name

    @property
    def scaled(self) -> bool:
        """Whether KEDA sizes the pool."""
        return self.analyzer.spec.replicas is None

    def observe(self, analyzer: Analyzer) -> bool:
        """Take a newer version of the Analyzer. Return False if this one is not newer."""
        new, old = analyzer.metadata, self.analyzer.metadata
        if int(new.resource_version) <= int(old.resource_version):
            return False
        if new.generation != old.generation:
            self.in_sync, self.apply_not_before, self.apply_backoff = False, 0.0, 0.0
        self.analyzer = analyzer
        return True

    def observe_child(self, child: KubeObject, *, deleted: bool) -> None:
        """Take a child object; if it is not as it was applied, everything is applied again."""
        if child["kind"] == "Deployment":
            self.deployment = None if deleted else {"status": child.get("status", {})}
            self.replicas = None if deleted else replicas_to_hand_over(child)
        applied = self.revisions.get((child["kind"], child["metadata"]["name"]))
        if deleted or applied not in {None, revision(child, scaled=self.scaled)}:
            self.in_sync = False

    def record_applied(self, child: KubeObject) -> None:
        """Record a child object as the API server returned it after it was applied."""
        self.revisions[child["kind"], child["metadata"]["name"]] = revision(child, scaled=self.scaled)
        if child["kind"] == "Deployment":
            self.replicas = replicas_to_hand_over(child)
