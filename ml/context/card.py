"""The measured part of the context analyzer's evaluation card: errors of the rules, and what a call costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer_contract import SUSPICIOUS_FROM, DetectorReport
from context_analyzer.detectors.indicators import PATTERN, ScamIndicators
from context_analyzer.prompt import make_prompt
from context_analyzer.settings import DEFAULT_MODEL
from context_analyzer.transcript import Transcript, read_transcript
from ml.common.metrics import wilson
from ml.context.scripts import Call, transcribed

_SPLITS = {
    "development": "the rules were written on them",
    "held-out": "written before the rules, by the same author, and not tuned on",
    "hard": "written against the finished rules: frauds without the usual words, honest calls with them",
}
_LANGUAGES = {"en-US": "English", "ko-KR": "Korean"}

TRANSCRIBE_DOLLARS_A_MINUTE = 0.024
TRANSCRIBE_LEAST_SECONDS = 15
PRICES = {DEFAULT_MODEL: (0.10, 0.50), "global.anthropic.claude-sonnet-5-5": (2.0, 10.0)}
"""US dollars for a million tokens in and out. Assumptions: list prices of November 2026; yours may differ."""

_ANSWER_TOKENS = 800
"""Tokens of an answer with its reasoning. Assumed; the fields of the schema need some 200."""

_LETTERS_A_TOKEN, _TOKENS_A_SYLLABLE = 3.0, 1.5
"""Latin letters, and Hangul syllables. Assumed on the high side, since these models have no public tokenizer."""


@dataclass(frozen=True)
class Outcome:
    """The rules' answer for one call."""

    call: Call
    transcript: Transcript
    report: DetectorReport

    @property
    def accused(self) -> bool:
        """Whether the call is Suspicious."""
        return self.report.score >= SUSPICIOUS_FROM


def judge(call: Call) -> Outcome:
    """Return the rules' answer for a call."""
    transcript = read_transcript(transcribed(call))
    return Outcome(call, transcript, ScamIndicators().report_on(transcript))


def tokens(text: str) -> int:
    """Return an estimate of the number of tokens of a text."""
    wide = sum("\u1100" <= char <= "\uffdc" for char in text)
    return round((len(text) - wide) / _LETTERS_A_TOKEN + wide * _TOKENS_A_SYLLABLE)


def card(outcomes: Sequence[Outcome]) -> str:
    """Return the measured part of the card as Markdown, failures first."""
    return "\n\n".join([_failures(outcomes), _table(outcomes), _signs(outcomes), _costs(outcomes)])


def _share(hits: int, trials: int) -> str:
    low, high = wilson(hits, trials)
    return f"{hits} of {trials} ({low:.0%}–{high:.0%})"  # noqa: RUF001 - as in print


def _failures(outcomes: Sequence[Outcome]) -> str:
    lines = []
    for outcome in outcomes:
        call, report = outcome.call, outcome.report
        if outcome.accused is call.scam:
            continue
        kinds = ", ".join(dict.fromkeys(finding.kind for finding in report.findings if finding.kind != PATTERN))
        error = "missed" if call.scam else "wrongly accused"
        lines.append(f"- {call.name} ({call.split}): {error}, score {report.score}. Found: {kinds or '-'}.")
    return "### What fails\n\n" + ("\n".join(lines) or "Nothing of what is measured here.")


def _table(outcomes: Sequence[Outcome]) -> str:
    lines = [
        "### Rules alone\n",
        "Share with its 95 % interval (Wilson). The sets are small, and written by one author.\n",
        "| calls | language | frauds found (recall) | honest calls accused | frauds of those accused (precision) |",
        "|---|---|---|---|---|",
    ]
    for split in _SPLITS:
        for code, language in _LANGUAGES.items():
            some = [outcome for outcome in outcomes if (outcome.call.split, outcome.call.language) == (split, code)]
            scams = [outcome for outcome in some if outcome.call.scam]
            honest = [outcome for outcome in some if not outcome.call.scam]
            found = sum(outcome.accused for outcome in scams)
            wrong = sum(outcome.accused for outcome in honest)
            lines.append(
                f"| {split} | {language} | {_share(found, len(scams))} | {_share(wrong, len(honest))} "
                f"| {_share(found, found + wrong)} |"
            )
    legend = "\n".join(f"- {split}: {text}." for split, text in _SPLITS.items())
    return "\n".join(lines) + f"\n\n{legend}"


def _signs(outcomes: Sequence[Outcome]) -> str:
    lines = ["### Signs, over all calls\n", "| sign | in frauds | in honest calls |", "|---|---|---|"]
    kinds = sorted({finding.kind for outcome in outcomes for finding in outcome.report.findings})
    for kind in kinds:
        having = [outcome for outcome in outcomes if kind in {finding.kind for finding in outcome.report.findings}]
        scams = sum(outcome.call.scam for outcome in having)
        lines.append(f"| {kind} | {scams} | {len(having) - scams} |")
    total = sum(outcome.call.scam for outcome in outcomes)
    lines.append(f"\nOf {total} frauds and {len(outcomes) - total} honest calls.")
    return "\n".join(lines)


def _costs(outcomes: Sequence[Outcome]) -> str:
    lines = [
        "### What a call costs\n",
        f"Transcribe at ${TRANSCRIBE_DOLLARS_A_MINUTE} a minute, at least {TRANSCRIBE_LEAST_SECONDS} s. "
        "Tokens of the real prompt, estimated: "
        f"{_LETTERS_A_TOKEN:g} letters a token, {_TOKENS_A_SYLLABLE:g} tokens a Hangul syllable; {_ANSWER_TOKENS} of\n"
        "the answer. The prices are assumptions, stated in ml/context/card.py; the service logs the tokens that "
        "Bedrock counted.\n",
        "| call | length | tokens in | Transcribe | " + " | ".join(PRICES) + " |",
        "|---|---|---|---|" + "---|" * len(PRICES),
    ]
    for code, language in _LANGUAGES.items():
        transcripts = [outcome.transcript for outcome in outcomes if outcome.call.language == code]
        longest = max(transcripts, key=lambda transcript: transcript.seconds)
        prompt = make_prompt(longest)
        fixed, spoken = tokens(prompt.system), tokens(prompt.user)
        for seconds in (longest.seconds, 300.0, 1800.0):
            total = fixed + round(spoken * seconds / longest.seconds)
            transcription = TRANSCRIBE_DOLLARS_A_MINUTE * max(seconds, TRANSCRIBE_LEAST_SECONDS) / 60
            answers = [(total * into + _ANSWER_TOKENS * out) / 1e6 for into, out in PRICES.values()]
            cells = " | ".join(f"${dollars:.4f}" for dollars in answers)
            lines.append(f"| {language} | {seconds:.0f} s | {total:,} | ${transcription:.4f} | {cells} |")
    return "\n".join(lines)
