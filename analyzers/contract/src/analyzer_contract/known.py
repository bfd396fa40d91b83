"""An earlier result that a job names, so that what would come out the same again is not analysed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from analyzer_contract.wire import Lenient

Fingerprint = Annotated[
    str, Field(pattern=r"^[0-9a-f]{64}$", description="Of all that decides besides the object: code, models, settings.")
]


class Known(Lenient):
    """An earlier result of this analyzer: for which state of the object, and how it came about."""

    etag: str = Field(max_length=256)
    version_id: str | None = Field(default=None, max_length=1024)
    fingerprint: Fingerprint
