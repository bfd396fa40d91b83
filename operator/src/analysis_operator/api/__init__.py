"""The custom resources of group silverguardian.io, as pydantic models; the CRDs are generated from here.

Names on the wire are camelCase. Times are RFC 3339 in UTC. There are no floats: the API conventions avoid them.
"""

from analysis_operator.api.analyzer import (
    Analyzer,
    AnalyzerSpec,
    AnalyzerStatus,
    EnvVar,
    Quantities,
    Resources,
    SecretKey,
    Toleration,
)
from analysis_operator.api.base import (
    API_VERSION,
    CONDITION_LIST,
    GROUP,
    NAME_PATTERN,
    VERSION,
    Condition,
    ConditionType,
    Metadata,
    Resource,
    rule,
)
from analysis_operator.api.request import (
    S3_URI_HINT,
    S3_URI_PATTERN,
    AnalysisRequest,
    AnalysisState,
    AnalysisStatus,
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
    "NAME_PATTERN",
    "S3_URI_HINT",
    "S3_URI_PATTERN",
    "VERSION",
    "AnalysisRequest",
    "AnalysisState",
    "AnalysisStatus",
    "Analyzer",
    "AnalyzerSpec",
    "AnalyzerStatus",
    "Condition",
    "ConditionType",
    "EnvVar",
    "Metadata",
    "PinnedSource",
    "Quantities",
    "RequestSpec",
    "RequestStatus",
    "Resource",
    "Resources",
    "SecretKey",
    "Source",
    "StatusFinding",
    "Toleration",
    "rule",
]
