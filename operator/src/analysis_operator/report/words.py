"""The page's words: what a verdict means and does not mean, in plain language."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer_contract import Verdict


@dataclass(frozen=True, slots=True)
class Meaning:
    """How one verdict is explained."""

    tone: str
    title: str
    means: str
    not_means: str
    advice: str


MEANINGS = {
    Verdict.LIKELY_FAKE: Meaning(
        "bad",
        "Likely fake",
        "At least one detector found strong evidence that this recording, or a part of it, was made or altered "
        "by a machine. Where it found it is listed below.",
        "It does not say who made it, or why. Detectors err: some real recordings look like this too.",
        "Do not act on what the recording asks for. Call the person back on a number that you already know.",
    ),
    Verdict.SUSPICIOUS: Meaning(
        "warn",
        "Suspicious",
        "A detector found something that a plain, unedited recording rarely shows, for example a stretch "
        "that was cut out or repeated. Where it found it is listed below.",
        "It does not say that the recording is false: editing, a bad line or a messenger app can leave such traces.",
        "Ask where the recording comes from, and check what it says in another way before you act on it.",
    ),
    Verdict.NO_EVIDENCE: Meaning(
        "calm",
        "No evidence found",
        "The detectors looked at the recording and found none of the traces that they know.",
        "It does not say that the recording is real. A new or careful forgery can leave no trace that is known here.",
        "If the recording asks for money, secrets or haste, check with the person all the same.",
    ),
    Verdict.INCONCLUSIVE: Meaning(
        "unsure",
        "Inconclusive",
        "The detectors cannot tell: the recording is outside what they were measured for, the signs are weak, "
        "or one of them could not look at it.",
        "It says neither that the recording is false nor that it is real.",
        "Try a longer or better copy of the recording, and check what it says in another way.",
    ),
}

NONE = Meaning(
    "unsure",
    "No verdict",
    "No detector could look at this recording. The reasons are listed below.",
    "It says nothing about the recording itself.",
    "Read the reasons, then ask again with a recording that can be analysed.",
)


def meaning(verdict: Verdict | None) -> Meaning:
    """Explain a verdict, or its absence."""
    return MEANINGS[verdict] if verdict is not None else NONE
