"""AnalysisErasure: asks that an analysis be erased. It is deleted once that is done."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from analysis_operator.api.base import Matches, Metadata, Resource, rule
from analysis_operator.api.request import AnalyzerName, ObjectURI

_NAME = Matches(r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$", "name an AnalysisRequest of this namespace")
_UID = Matches(
    r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    "give the UID of the AnalysisRequest: kubectl get areq NAME -o jsonpath='{.metadata.uid}'",
)


class ErasureSpec(Resource):
    """Which analysis. It never changes."""

    model_config = ConfigDict(
        json_schema_extra={"x-kubernetes-validations": [rule("self == oldSelf", "create another AnalysisErasure")]}
    )

    name: Annotated[str, _NAME] = Field(
        max_length=253, description="The AnalysisRequest, in this namespace. It may be gone already."
    )
    uid: Annotated[str, _UID] = Field(max_length=36, description="Its UID.")
    source_uri: ObjectURI | None = Field(
        default=None,
        description="Its recording, which is erased if it is an upload of this namespace through the status API. "
        "Default: what the request says, if it is still there.",
    )
    analyzers: list[AnalyzerName] = Field(
        default=["audio", "video", "context"],
        min_length=1,
        max_length=8,
        description="Whose results are erased.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )


class AnalysisErasure(Resource):
    """Asks that an analysis be erased, with its recording, results, and record. It is gone once that is done."""

    metadata: Metadata
    spec: ErasureSpec
