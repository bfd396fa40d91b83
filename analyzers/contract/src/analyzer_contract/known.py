"""An earlier result that a job names, so that what would come out the same again is not analysed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from analyzer_contract.wire import Lenient, Sha256

Fingerprint = Annotated[
    str, Field(pattern=r"^[0-9a-f]{64}$", description="Of all that decides besides the object: code, models, settings.")
]


class Known(Lenient):
    """An earlier result of this analyzer: for which state of the object, and how it came about."""

    etag: str = Field(max_length=256)
    version_id: str | None = Field(default=None, max_length=1024)
    fingerprint: Fingerprint


class KnownContent(Lenient):
    """An earlier result of this analyzer for the same content, perhaps as another object, and how it came about.

    No part of :class:`Known`: an analyzer that does not know this field has to analyse, and not to compare ETags of two
    objects.
    """

    sha256: Sha256
    fingerprint: Fingerprint
