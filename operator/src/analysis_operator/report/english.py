"""The page in English."""
# ruff: noqa: RUF001 - curly quotes, as in print

from __future__ import annotations

from datetime import UTC, datetime

from analysis_operator.report.english_kinds import KINDS
from analysis_operator.report.words import Meaning, Words, clock
from analyzer_contract import Verdict

_BACK = (
    "Call the person back yourself, on a number that you already know. Do not use a number from the call or message."
)
_PAID = "Have you already sent money? Call 112 or your bank at once and ask them to stop the payment."
_KEEP = "Keep the recording, the messages and the phone number. They are evidence."

_MEANINGS: dict[Verdict | None, Meaning] = {
    Verdict.LIKELY_FAKE: Meaning(
        "Likely fake",
        "Likely fake",
        "A detector that was measured for this found strong evidence that this recording, or a part of it, was made or "
        "altered by a machine.",
        "It does not say who made it, or why. Detectors err: now and then a real recording looks like this too.",
        (
            "Hang up, and do nothing that the recording asks for. Send no money, and tell no passwords or codes.",
            _BACK,
            _PAID,
            _KEEP,
        ),
    ),
    Verdict.SUSPICIOUS: Meaning(
        "Suspicious",
        "Suspicious",
        "We found something that a plain, unedited recording rarely shows, for example a stretch that was cut out or "
        "repeated, a silence that no room has, or words that are typical of a fraud.",
        "It does not say that the recording is false. Editing, a bad line or a messenger app can leave such traces.",
        (
            "Send no money, and tell no passwords or codes, until you have checked.",
            _BACK,
            _PAID,
            _KEEP,
        ),
    ),
    Verdict.NO_EVIDENCE: Meaning(
        "No evidence found",
        "No evidence",
        "We looked at the recording and found none of the traces that we know.",
        "It does not say that the recording is real. A new or careful forgery can leave no trace that is known here.",
        (
            "Does it ask for money, secrets or haste? Then check all the same, before you do anything.",
            _BACK,
            _PAID,
        ),
    ),
    Verdict.INCONCLUSIVE: Meaning(
        "Inconclusive",
        "Inconclusive",
        "We cannot tell. The recording is too short or too poor, it is outside what the detectors were measured for, "
        "or a part of it could not be looked at.",
        "It says neither that the recording is false nor that it is real.",
        (
            "Treat it as unchecked: send no money, and tell no passwords or codes.",
            _BACK,
            "Is there a longer or better copy? Have the original file analysed, not one forwarded by a messenger app.",
            _PAID,
        ),
    ),
    None: Meaning(
        "No verdict",
        "No verdict",
        "The recording could not be looked at. The reason is below.",
        "It says nothing about the recording itself, neither good nor bad.",
        (
            "Treat it as unchecked: send no money, and tell no passwords or codes.",
            _BACK,
            "Read the reason below, and have the recording analysed again once it is mended.",
            _PAID,
        ),
    ),
}

_REASONS = {
    "UnsupportedMedia": "This is not a recording that can be read: it is empty, or of an unknown format.",
    "CorruptMedia": "The recording is damaged or was cut off.",
    "MediaTooLarge": "The recording is too long or too large.",
    "NoAudioStream": "There is no sound in this recording, so there was nothing to listen to.",
    "NoVideoStream": "There is no picture in this recording, so there was nothing to look at.",
    "SourceNotFound": "The recording is not where it was said to be.",
    "SourceForbidden": "The recording may not be read.",
    "SourceChanged": "The recording was replaced while it was being analysed.",
    "SourceUnavailable": "The recording could not be fetched: the storage did not answer.",
    "ResultsUnavailable": "The results could not be stored.",
    "WorkerCrashed": "The analysis broke down.",
    "OutOfMemory": "The analysis needed more memory than it had.",
    "DeadlineExceeded": "The analysis took too long.",
    "InternalError": "The analysis broke down.",
    "TooManyDisruptions": "The analysis was interrupted too often.",
    "AnalyzerNotFound": "There is no such analysis in this installation.",
    "Cancelled": "The analysis was cancelled.",
}

_LIMITS = (
    "No analysis can prove that a recording is real. That nothing was found proves nothing.",
    "A good forgery that is new, or that was played over a phone line or sent through a messenger app, can pass.",
    "Honest editing, noise suppression and poor connections leave some of the same traces as a forgery.",
    "Sound and picture are searched for traces; only the analysis of the content judges what is said, by its words "
    "alone. None of them knows who sent it.",
)

_READING = (
    ("The verdict", "is the severest one of the analyses: one strong piece of evidence is enough."),
    (
        "The score",
        "says how strong the strongest evidence is. Below 50, real recordings look like this too; from 50 on they "
        "rarely do. It is not the probability that this recording is fake.",
    ),
    ("A place", "is a stretch of the recording, counted from its start. Listen to it or watch it yourself."),
    (
        "“Likely fake”",
        "is only said by a detector whose errors were measured for exactly this. Without one, the most that is said "
        "is “Suspicious”.",
    ),
)

_LABELS = {
    "report": "Report on {name}",
    "score": "Score",
    "of_100": "{score} of 100",
    "gauge": "Score {score} of 100. Evidence begins at 50.",
    "gauge_low": "0 nothing found",
    "gauge_line": "50 evidence begins",
    "gauge_high": "100",
    "not_means": "What this does not mean",
    "todo": "What to do now",
    "phones": "Who helps in Korea",
    "evidence": "What was found, and where",
    "no_evidence": "Why there is no verdict",
    "analysis": "{name} analysis",
    "timeline": "Score over time",
    "timeline_about": "From left to right is the recording from its start to its end. The higher the line, the "
    "stronger the evidence; dashed is 50, where evidence begins. The numbers lead to the list below.",
    "wave_alt": "The {name} of the recording over {length}, with the score drawn over it",
    "lane_alt": "{name}: highest score {score} of 100; {places}",
    "no_places": "no place stands out",
    "places": "{count} places",
    "place": "1 place",
    "whole": "The whole recording",
    "larger": "Show it larger",
    "quiet": "Looked for, and not found: {names}.",
    "unable": "Could not be judged here: {names}.",
    "said": "Verdict",
    "strong": "strong",
    "medium": "clear",
    "fact": "for information",
    "weak": "weak",
    "honest": "It can be harmless:",
    "measured": "Measured values",
    "more_findings": "{count} weaker places are in the JSON result.",
    "says": "In the analyzer’s words",
    "limits": "What this method cannot say",
    "own_limits": "What these detectors cannot tell ({count})",
    "reading": "How to read this page",
    "details": "The detectors and their versions",
    "detector_score": "Score",
    "percentile": "{percent} % of the reference recordings of people score lower",
    "model": "Model",
    "version": "Version",
    "weights": "Weights (SHA-256)",
    "no_weights": "None: it computes directly from the recording",
    "card": "How it was measured",
    "no_card": "No error rate was measured",
    "recording": "The recording",
    "object": "Where it lies",
    "etag": "Fingerprint (ETag)",
    "object_version": "Version",
    "size": "Size",
    "length": "Length",
    "sound": "Sound",
    "picture": "Picture",
    "asked": "Asked",
    "started": "Analysis started",
    "frames": "{count} frames",
    "rate": "{rate} frames a second",
    "hertz": "{rate} Hz",
    "channels": "{count} channels",
    "channel": "1 channel",
    "fusion": "How the score was made",
    "fusion_about": "The severest verdict counts, and the highest score. Scores are not added up: picture and sound of "
    "one file often show the same cause. An “inconclusive” number is no evidence, so it counts for 49 at most.",
    "fusion_blind": "One analysis failed. What was not looked at was not found clean: “No evidence” would become "
    "“Inconclusive”.",
    "who": "Analysis",
    "verdict": "Verdict",
    "own_score": "Its score",
    "counts": "Counts as",
    "together": "Together",
    "footer": "Made by Silver Guardian for request {uid}. The numbers behind this page lie beside it, as JSON.",
    "Succeeded": "Done",
    "Failed": "Could not be done",
    "Skipped": "Not needed",
    "Pending": "Waiting",
    "Running": "Running",
}


def _span(start: float, end: float) -> str:
    """Give where a finding lies; one time is enough for what is shorter than a tenth of a second."""
    first, last = clock(start), clock(end)
    return first if first == last else f"{first} to {last}"


def _moment(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


ENGLISH = Words(
    code="en",
    name="English",
    meanings=_MEANINGS,
    kinds=KINDS,
    detectors={
        "Tracks": "Sound and picture that do not belong together",
        "Provenance": "Traces in the file’s labels",
        "SceneCuts": "Changes of scene",
        "ScamIndicators": "Signs of a fraud, by rules",
        "ScamModel": "Signs of a fraud, by a language model",
        "Transcript": "The words",
    },
    analyzers={"audio": "Sound", "video": "Picture", "context": "Content"},
    reasons=_REASONS,
    phones=(
        ("112", "Police: emergencies, and to stop a payment"),
        ("1394", "Advice and reports on phone fraud, day and night"),
        ("1332", "Financial Supervisory Service: advice about your money"),
    ),
    limits=_LIMITS,
    reading=_READING,
    labels=_LABELS,
    span=_span,
    length=clock,
    moment=_moment,
)
