"""What follows from content credentials: one finding, and a claim only where a trusted maker declares it himself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from analyzer_contract import Credential, Credentials, CredentialState
from analyzer_contract.credentials import MOST_ACTIONS

GENERATED = {"trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"}
"""Digital source types of the IPTC for what a trained algorithm made, wholly or in part."""

_CAPTURED = {"digitalCapture", "computationalCapture"}
_UNTOUCHED = {"c2pa.created", "c2pa.published"}
_PARENT, _THEM = "parentOf", "content credentials (C2PA)"
DECLARED, LIKELY, FACT = 95, 75, 0
"""Scores: declared by a trusted maker; declared, by a signer who is not known, or of what the file was made from; a
fact. No detector's error is in these: they say who says it. Why 75 is Suspicious: docs/adr/0067."""


class Statement(NamedTuple):
    """One finding in the making."""

    kind: str
    score: int
    message: str


def statements_on(credentials: Credentials) -> list[Statement]:
    """Return what there is to say, the strongest first."""
    return sorted(_statements(credentials), key=lambda statement: -statement.score)


def _statements(credentials: Credentials) -> Iterator[Statement]:
    own = credentials.history[0] if credentials.history else Credential()
    by = f"signed by {own.signer or 'a signer without a name'}"
    match credentials.state:
        case CredentialState.REMOTE:
            yield Statement("CredentialsElsewhere", FACT, f"It names an address of {_THEM}: nothing is fetched.")
        case CredentialState.UNREADABLE:
            yield Statement("CredentialsUnreadable", FACT, f"Its {_THEM} cannot be read: {_why(credentials)}.")
        case CredentialState.INVALID:
            yield Statement("CredentialsBroken", FACT, f"Its {_THEM}, {by}, fail a check: {_why(credentials)}.")
        case CredentialState.VALID:
            yield _of_unknown(own, by)
        case CredentialState.TRUSTED:
            yield from _of_trusted(own, by, credentials.history[1:])


def _of_unknown(own: Credential, by: str) -> Statement:
    by = f"{by}, who is not on the trust list here"
    if _is_generated(own):
        return Statement("DeclaredGenerated", LIKELY, f"Its {_THEM}, {by}, declare it generated.")
    return Statement("ContentCredentials", FACT, f"It carries {_THEM}, {by}.")


def _of_trusted(own: Credential, by: str, sources: Sequence[Credential]) -> Iterator[Statement]:
    made = f" with {own.maker}" if own.maker else ""
    by = f"{by}, who is trusted here"
    if _is_generated(own):
        message = f"Its maker declares it generated, wholly or in part{made}: {_THEM}, {by}."
        yield Statement("DeclaredGenerated", DECLARED, message)
        return
    generated = [source for source in sources if _is_generated(source)]
    if any(source.relation == _PARENT and source.trusted for source in generated):
        message = f"It was made from what its maker declares generated: {_THEM}, {by}."
        yield Statement("MadeFromGenerated", LIKELY, message)
    elif generated:
        yield Statement("MadeFromGenerated", FACT, f"Something declared generated went into it: {_THEM}, {by}.")
    if _is_capture(own) and not sources:
        yield Statement("SignedCapture", FACT, f"Recorded{made} and unchanged since: {_THEM}, {by}.")
    else:
        yield Statement("ContentCredentials", FACT, f"Unchanged since it was signed{made}: {_THEM}, {by}.")


def _is_generated(credential: Credential) -> bool:
    return any(action.source in GENERATED for action in credential.actions)


def _is_capture(credential: Credential) -> bool:
    """Return whether a camera or recorder made it, and nothing else was done."""
    actions = credential.actions
    untouched = all(action.action in _UNTOUCHED and action.source in {"", *_CAPTURED} for action in actions)
    captured = any(action.action == "c2pa.created" and action.source in _CAPTURED for action in actions)
    return untouched and captured and len(actions) < MOST_ACTIONS  # else there may be more


def _why(credentials: Credentials) -> str:
    return ", ".join(credentials.reasons[:3]) or "no reason is given"
