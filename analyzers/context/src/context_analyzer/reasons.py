"""Why a part of the analysis was not done: each reason is a fact in the result, and has a sentence for a person."""

from __future__ import annotations

from enum import StrEnum

from analyzer_contract import Finding


class Reason(StrEnum):
    """The reason of a limit of this result. None of them loses what was found otherwise."""

    # Of the transcript
    TRANSCRIBER_MISSING = "TranscriberMissing"
    TRANSCRIBER_FORBIDDEN = "TranscriberForbidden"
    TRANSCRIBER_THROTTLED = "TranscriberThrottled"
    TRANSCRIBER_UNAVAILABLE = "TranscriberUnavailable"
    TRANSCRIPT_INVALID = "TranscriptInvalid"
    TRANSCRIPT_SUPPLIED = "TranscriptSupplied"
    VERSION_NOT_CURRENT = "VersionNotCurrent"
    NO_SPEECH = "NoSpeech"
    SPEECH_UNCLEAR = "SpeechUnclear"
    HEARD_IN_PART = "HeardInPart"
    UNSUPPORTED_LANGUAGE = "UnsupportedLanguage"
    # Of the language model
    MODEL_FORBIDDEN = "ModelForbidden"
    MODEL_THROTTLED = "ModelThrottled"
    MODEL_TIMEOUT = "ModelTimeout"
    MODEL_UNAVAILABLE = "ModelUnavailable"
    MODEL_REFUSED = "ModelRefused"
    MODEL_ANSWER_INVALID = "ModelAnswerInvalid"
    MODEL_ANSWER_UNGROUNDED = "ModelAnswerUngrounded"
    TRANSCRIPT_CUT = "TranscriptCut"


MESSAGES = {
    Reason.TRANSCRIBER_MISSING: (
        "There is no transcript: this installation has no transcriber (no model for speech in GUARDIAN_MODELS, and "
        "GUARDIAN_CONTEXT_TRANSCRIPTS is not set), and no transcript lies beside the recording."
    ),
    Reason.TRANSCRIBER_FORBIDDEN: (
        "There is no transcript: the analyzer may not use Amazon Transcribe, or Transcribe may not read the recording. "
        "Give its service account the rights."
    ),
    Reason.TRANSCRIBER_THROTTLED: "There is no transcript: Amazon Transcribe is asked too much at the moment.",
    Reason.TRANSCRIBER_UNAVAILABLE: "There is no transcript: Amazon Transcribe did not deliver one.",
    Reason.TRANSCRIPT_INVALID: "There is no transcript: what was delivered is none in the format of Amazon Transcribe.",
    Reason.TRANSCRIPT_SUPPLIED: (
        "The transcript was supplied together with the recording; nobody checked that it says what is heard."
    ),
    Reason.VERSION_NOT_CURRENT: (
        "There is no transcript: Amazon Transcribe reads the current version only, and this one is not current."
    ),
    Reason.NO_SPEECH: "Hardly anything is said in this recording: too little to judge.",
    Reason.SPEECH_UNCLEAR: "There is no transcript: somebody speaks, but the words could not be made out.",
    Reason.HEARD_IN_PART: "There was time to hear the beginning only; a longer timeoutSeconds gives more. Heard:",
    Reason.UNSUPPORTED_LANGUAGE: "The rules know English and Korean only, and this is another language.",
    Reason.MODEL_FORBIDDEN: (
        "The language model was not asked: the analyzer may not use it. Check the endpoint's key or, on AWS, the right "
        "bedrock:InvokeModel and the account's access to this model."
    ),
    Reason.MODEL_THROTTLED: "The language model did not read it: it is asked too much at the moment.",
    Reason.MODEL_TIMEOUT: "The language model did not answer in time.",
    Reason.MODEL_UNAVAILABLE: "The language model did not read it: there was no answer.",
    Reason.MODEL_REFUSED: "The language model refused to read it.",
    Reason.MODEL_ANSWER_INVALID: "The language model's answer was of no use, twice.",
    Reason.MODEL_ANSWER_UNGROUNDED: "The language model warned, and quoted no word that is said: it does not count.",
    Reason.TRANSCRIPT_CUT: "The call is long: the language model read its beginning and its end only.",
}
"""One sentence for each, in English; the report has its own words in each language."""


class NotDone(Exception):
    """A part of the analysis cannot be done; the message says why.

    Args:
        reason: one word for machines.
        detail: what the service said, if it said anything; for a person.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{MESSAGES[reason]} {detail}".strip())
        self.reason = reason
        self.detail = detail


def fact(limit: NotDone) -> Finding:
    """Return a limit as a finding that is no evidence: its kind is the reason."""
    return Finding(kind=limit.reason, start_seconds=0, end_seconds=0, score=0, message=str(limit)[:300])
