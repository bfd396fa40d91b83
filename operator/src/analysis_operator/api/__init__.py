"""The custom resources of group silverguardian.io, as pydantic models; the CRDs are generated from here.

Names on the wire are camelCase. Times are RFC 3339 in UTC. There are no floats: the API conventions avoid them.
"""

from analysis_operator.api.analyzer import (
    Analyzer,
    AnalyzerSpec,
    AnalyzerStatus,
    EnvVar,
    Models,
    Quantities,
    Resources,
    Scaling,
    SecretKey,
    Toleration,
    Usage,
)
from analysis_operator.api.base import (
    API_VERSION,
    CONDITION_LIST,
    GROUP,
    VERSION,
    Condition,
    ConditionType,
    Matches,
    Metadata,
    Resource,
    rule,
)
from analysis_operator.api.request import (
    AnalysisRequest,
    AnalysisState,
    AnalysisStatus,
    Callback,
    PinnedSource,
    RequestSpec,
    RequestStatus,
    Source,
    StatusFinding,
)

__all__ = [
    "API_VERSION",
    "CONDITION_LIST",
    "GROUP",
    "VERSION",
    "AnalysisRequest",
    "AnalysisState",
    "AnalysisStatus",
    "Analyzer",
    "AnalyzerSpec",
    "AnalyzerStatus",
    "Callback",
    "Condition",
    "ConditionType",
    "EnvVar",
    "Matches",
    "Metadata",
    "Models",
    "PinnedSource",
    "Quantities",
    "RequestSpec",
    "RequestStatus",
    "Resource",
    "Resources",
    "Scaling",
    "SecretKey",
    "Source",
    "StatusFinding",
    "Toleration",
    "Usage",
    "rule",
]
