"""Why a request waits, or how it ended: facts in, sentences out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from analysis_operator.analyzers.pods import pod_facts
from analysis_operator.api import AnalysisRequest, AnalysisState, AnalysisStatus, Analyzer, ConditionType
from analysis_operator.cli.cluster.advice import for_missing, for_reason
from analysis_operator.cli.cluster.nodes import Node, node_sentence
from analysis_operator.cli.table import age
from analysis_operator.errors import Reason
from analysis_operator.kube.objects import ANALYZER_LABEL

_MOST_EVENTS = 3
_PASSING = {Reason.RUNNING, Reason.REPORTING}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a request and of what it waits for. None: the caller may not read it."""

    request: AnalysisRequest
    now: datetime
    system: str
    """The namespace of the Analyzers."""
    analyzers: Mapping[str, Analyzer] | None = None
    pods: Sequence[Mapping[str, Any]] | None = None
    nodes: Sequence[Node] | None = None
    operators: int | None = None
    """Pods of the operator that are ready."""
    events: Sequence[Mapping[str, Any]] | None = None


@dataclass(slots=True)
class Answer:
    """Why, what is known about it, and what to do."""

    headline: str
    because: list[str] = field(default_factory=list)
    todo: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Return it for programs."""
        return {"why": self.headline, "because": self.because, "todo": self.todo}


def explain(facts: Facts) -> Answer:
    """Return why a request has not ended, or how it ended."""
    request = facts.request
    succeeded = request.status.condition(ConditionType.SUCCEEDED)
    reason, message = (succeeded.reason, succeeded.message) if succeeded else (Reason.PENDING, "")
    if request.status.finished:
        answer = _ended(request, reason, message)
    elif reason == Reason.PENDING:
        answer = _unseen(facts)
    else:
        answer = _under_way(facts, reason, message)
    if advice := for_reason(reason, name=request.metadata.name, system=facts.system):
        answer.todo = answer.todo or [advice]
    answer.because += _events(facts, answer)
    return Answer(answer.headline, _once(answer.because, but=answer.headline), _once(answer.todo))


def _ended(request: AnalysisRequest, reason: str, message: str) -> Answer:
    name, status = request.metadata.name, request.status
    answer = Answer(f"{name} has {'its' if status.verdict else 'no'} verdict ({reason}): {message}")
    for entry in status.analyses:
        if entry.cached_from is not None:
            answer.because.append(
                f"{entry.name}: the result of an earlier request, {entry.cached_from.name}, was adopted."
            )
        if entry.message not in message:
            answer.because.append(f"{entry.name}, {entry.verdict or entry.reason or entry.state}: {entry.message}")
        if entry.state is AnalysisState.FAILED and entry.reason != reason:
            answer.todo.append(for_reason(entry.reason, name=name, system=""))
    if status.verdict is not None and status.report_uri:
        answer.todo.insert(0, for_reason(Reason.COMPLETED, name=name, system=""))
    elif status.verdict is not None and not answer.todo:
        answer.todo.append("Nothing; there is no report.")
    callback = status.condition(ConditionType.CALLBACK_DELIVERED)
    if callback and callback.status == "False":
        answer.because.append(f"The state machine was not answered ({callback.reason}): {callback.message}")
    return answer


def _unseen(facts: Facts) -> Answer:
    answer = Answer(f"{facts.request.metadata.name} waits: the operator has not seen it yet.")
    created = facts.request.metadata.creation_timestamp
    if created:
        answer.because.append(f"It was made {age(created, facts.now)} ago.")
    if facts.operators == 0:
        answer.because.append(f"No pod of the operator in namespace {facts.system} is ready.")
        answer.todo.append(f"Look at its pods: kubectl describe pods -n {facts.system}")
    elif facts.operators:
        answer.because.append("The operator runs.")
    return answer


def _under_way(facts: Facts, reason: str, message: str) -> Answer:
    request = facts.request
    name, status = request.metadata.name, request.status
    if reason in _PASSING:
        answer = Answer(f"{name} is under way ({reason}), {status.progress} % done.")
    else:
        answer = Answer(f"{name} waits ({reason}): {message}")
    for analyzer in request.spec.analyzers:
        entry = status.analysis(analyzer)
        if entry is not None and entry.state.finished:
            continue
        if entry is not None:
            answer.because += _attempts(facts, entry)
        if reason != Reason.SUSPENDED and (entry is None or entry.state is AnalysisState.PENDING):
            _explain_pool(facts, analyzer, answer)
    if request.spec.deadline_seconds and request.metadata.creation_timestamp:
        end = request.metadata.creation_timestamp + timedelta(seconds=request.spec.deadline_seconds)
        answer.because.append(f"It ends at {end:%Y-%m-%d %H:%M:%S} UTC whatever happens (spec.deadlineSeconds).")
    return answer


def _attempts(facts: Facts, entry: AnalysisStatus) -> list[str]:
    """Return what became of the attempts of one analysis, and what it does now."""
    told = []
    if entry.state is AnalysisState.RUNNING:
        since = f" for {age(entry.started_at, facts.now)}" if entry.started_at else ""
        pod = f" in pod {entry.pod}" if entry.pod else ""
        told.append(f"{entry.name} runs{pod}{since}, {entry.progress} %: {entry.message}")
    if entry.attempts:
        most = facts.request.spec.max_attempts
        last = f": {entry.message}" if entry.message and entry.state is AnalysisState.PENDING else "."
        told.append(f"{entry.name}: {entry.attempts} of {most} attempts failed{last}")
    if entry.disruptions:
        times = "once" if entry.disruptions == 1 else f"{entry.disruptions} times"
        told.append(f"{entry.name} lost its pod, or the operator that followed it, {times}; that is no attempt.")
    if entry.retry_at and entry.retry_at > facts.now:
        told.append(f"{entry.name} is tried again in {age(facts.now, entry.retry_at)}.")
    return told


def _explain_pool(facts: Facts, name: str, answer: Answer) -> None:
    """Add what the pool of an analysis that waits says, and what its pods and the nodes say."""
    if facts.analyzers is None:
        answer.because.append(f"You may not read the Analyzers in namespace {facts.system}, so what {name} lacks "
                              "is not shown.")  # fmt: skip
        return
    analyzer = facts.analyzers.get(name)
    if analyzer is None:
        known = ", ".join(sorted(facts.analyzers)) or "none"
        answer.because.append(f"There is no Analyzer {name} in namespace {facts.system}; there are: {known}.")
        answer.todo.append(for_reason(Reason.ANALYZER_NOT_FOUND, name="", system=facts.system))
        return
    ready = analyzer.status.condition(ConditionType.READY)
    said = [ready.message] if ready and ready.status == "False" and ready.message else []
    problems = _pod_problems(facts, analyzer)
    answer.because.append(_pool_sentence(analyzer))
    answer.because += [f"Pool {name}: {message}" for message in said if message not in answer.headline]
    answer.because += [problem for problem in problems if not any(problem in message for message in said)]
    missing = [*said, *problems]
    lacks_node = any("has no node" in message for message in missing)
    if facts.nodes is not None and lacks_node:
        answer.because.append(node_sentence(analyzer, facts.nodes))
    if not analyzer.spec.paused:
        answer.todo += for_missing(missing, pool=name, system=facts.system)


def _pool_sentence(analyzer: Analyzer) -> str:
    spec, status = analyzer.spec, analyzer.status
    most = f"{spec.replicas} pods" if spec.replicas is not None else f"at most {spec.scaling.max_replicas} pods"
    return (
        f"Pool {analyzer.metadata.name}: {status.queued} queued, {status.running} running; "
        f"{status.ready_replicas} of {most} are ready, each for {spec.concurrency} at a time."
    )


def _pod_problems(facts: Facts, analyzer: Analyzer) -> list[str]:
    mine = [
        pod for pod in facts.pods or ()
        if (pod["metadata"].get("labels") or {}).get(ANALYZER_LABEL) == analyzer.metadata.name
    ]  # fmt: skip
    return [told.problem for told in (pod_facts(pod, analyzer.spec.port) for pod in mine) if told.problem]


def _events(facts: Facts, answer: Answer) -> list[str]:
    """Return the last warnings about the request that say something new."""
    told = " ".join([answer.headline, *answer.because])
    warnings = [event for event in facts.events or () if event.get("type") == "Warning"]
    warnings.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    texts = {str(event.get("message")): str(event.get("reason")) for event in warnings}
    new = [f"Event {reason}: {message}" for message, reason in texts.items() if message not in told]
    return new[-_MOST_EVENTS:]


def _once(sentences: Sequence[str], but: str = "") -> list[str]:
    return [sentence for sentence in dict.fromkeys(sentences) if sentence and sentence != but]
