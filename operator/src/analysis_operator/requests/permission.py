"""Decide whether a namespace may ask what a request asks. No I/O."""

from __future__ import annotations

from analysis_operator.api import AnalysisRequest
from analysis_operator.errors import Reason
from analysis_operator.requests.observation import Policy
from guardian_service.s3 import is_granted, is_plain


def refusal(request: AnalysisRequest, policy: Policy) -> tuple[str, str] | None:
    """Return the reason and the message why the installation does not allow this request, or None."""
    namespace, uri = request.metadata.namespace, request.spec.source.uri
    if not is_plain(uri):  # the API server refuses it, too, unless it is older than that rule
        return Reason.SOURCE_FORBIDDEN, (
            "spec.source.uri has . or .. between slashes, or a character that hides something. "
            "Create another request that names the object without."
        )
    prefixes = policy.grants.get(namespace, policy.grants.get("*", ()))
    if not is_granted(uri, prefixes):
        granted = ", ".join(prefixes) or "nothing"
        return Reason.SOURCE_FORBIDDEN, (
            f"Namespace {namespace} may not have {uri} analysed: it is granted {granted}. "
            "Ask the administrator of the installation to add a prefix to operator.grants."
        )
    if refused := policy.limits.refused(namespace, request.spec.analyzers):
        allowed = ", ".join(policy.limits.analyzers(namespace)) or "none"
        return Reason.ANALYZER_FORBIDDEN, (
            f"Namespace {namespace} may not ask {' or '.join(refused)}: it may ask {allowed}. "
            "Ask the administrator of the installation to add it to operator.limits."
        )
    return None
