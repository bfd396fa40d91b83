"""Decide whether a namespace may have a batch analysed. No I/O."""

from __future__ import annotations

from analysis_operator.api import AnalysisBatch
from analysis_operator.errors import Reason
from analysis_operator.requests.observation import Policy
from guardian_service.s3 import is_granted, is_plain


def prefixes(batch: AnalysisBatch, policy: Policy) -> tuple[str, ...]:
    """Return what the namespace of a batch is granted."""
    return policy.grants.get(batch.metadata.namespace, policy.grants.get("*", ()))


def refusal(batch: AnalysisBatch, policy: Policy) -> tuple[str, str] | None:
    """Return the reason and the message why the installation does not allow this batch, or None."""
    namespace, uri = batch.metadata.namespace, batch.spec.source.uri
    if policy.results_uri is None:
        return Reason.NO_RESULTS_BUCKET, (
            "The installation keeps no results, and those of a batch would have no place. "
            "Ask its administrator to set operator.resultsURI."
        )
    granted = prefixes(batch, policy)
    if not is_plain(uri) or not is_granted(uri, granted):
        return Reason.SOURCE_FORBIDDEN, (
            f"Namespace {namespace} may not have {uri} analysed: it is granted {', '.join(granted) or 'nothing'}. "
            "Ask the administrator of the installation to add a prefix to operator.grants."
        )
    if refused := policy.limits.refused(namespace, batch.spec.analyzers):
        allowed = ", ".join(policy.limits.analyzers(namespace)) or "none"
        return Reason.ANALYZER_FORBIDDEN, (
            f"Namespace {namespace} may not ask {' or '.join(refused)}: it may ask {allowed}. "
            "Ask the administrator of the installation to add it to operator.limits."
        )
    return None
