"""Content credentials (C2PA): the part that the detectors of both analyzers share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from analyzer_contract import Credentials, CredentialState, DetectorReport, Finding, Verdict
from analyzer_kit.analysis import Trust
from analyzer_kit.detector import Detector, Reading
from analyzer_kit.provenance import library
from analyzer_kit.provenance.judging import DECLARED, statements_on
from analyzer_kit.provenance.statements import credentials_of
from analyzer_kit.provenance.store import Place, store_of
from analyzer_kit.provenance.trust import anchors_of

NAME = "Credentials"
CARD = "docs/cards/credentials.md"
LIMITATIONS = (
    "Content credentials (C2PA) can be removed, and most programs and messengers do: without them nothing follows.",
    "A revoked certificate is only noticed where the file itself carries the answer: nothing is fetched.",
)
_LONGEST = 300


class CredentialsReader:
    """Reads and checks the credentials of recordings.

    Args:
        trust: whom the installation trusts.

    Raises:
        Misconfigured: its folder of certificates cannot be used.
    """

    def __init__(self, trust: Trust) -> None:
        self._anchors = anchors_of(trust)

    def warm_up(self) -> None:
        """Have everything at hand that a confined child cannot get."""
        library.prepare()

    def read(self, recording: Path, places: Sequence[Place]) -> Credentials | None:
        """Return the credentials of a file, checked; None if it has none.

        Args:
            recording: the file.
            places: of it, as :func:`places_of` returns them.
        """
        store = store_of(recording, places)
        if store is None:
            return None
        if not store.embedded:
            return Credentials(state=CredentialState.REMOTE)
        if store.problem:
            return _unreadable(store.problem)
        try:
            answer = library.read_store(recording, self._anchors)
        except library.Unreadable as error:
            return _unreadable(str(error))
        return credentials_of(answer) if answer is not None else _unreadable("notFound")


def report_on[R: Reading](detector: Detector[R], credentials: Credentials | None, seconds: float) -> DetectorReport:
    """Return a detector's report on credentials.

    Args:
        detector: whose.
        credentials: of the recording.
        seconds: its length.
    """
    if credentials is None:
        return detector.report(0)
    findings = [
        Finding(kind=kind, start_seconds=0, end_seconds=round(seconds, 3), score=score, message=message[:_LONGEST])
        for kind, score, message in statements_on(credentials)
    ]
    score = max((finding.score for finding in findings), default=0)
    claim = Verdict.LIKELY_FAKE if score >= DECLARED else None
    return detector.report(score, findings, claim=claim).model_copy(update={"credentials": credentials})


def _unreadable(reason: str) -> Credentials:
    return Credentials(state=CredentialState.UNREADABLE, reasons=[reason])
