"""How well the rules tell phishing calls apart, and what a call costs: ``python -m evaluation.context``.

It writes the measured part of docs/cards/context.md, between its two marks.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer_contract import SUSPICIOUS_FROM, DetectorReport
from context_analyzer.indicators import PATTERN, report_indicators
from context_analyzer.prompt import make_prompt
from context_analyzer.settings import DEFAULT_MODEL
from context_analyzer.transcript import Transcript, read_transcript
from ml.common.paths import repo_root
from ml.context.scripts import Call, load_calls, transcribed

TARGET = repo_root() / "docs" / "cards" / "context.md"
_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"
_SPLITS = {
    "development": "the rules were written on them",
    "held-out": "written before the rules, by the same author, and not tuned on",
    "hard": "written against the finished rules: frauds without the usual words, honest calls with them",
}
_LANGUAGES = {"en-US": "English", "ko-KR": "Korean"}
_NORMAL_95 = 1.96

TRANSCRIBE_DOLLARS_A_MINUTE = 0.024
TRANSCRIBE_LEAST_SECONDS = 15
PRICES = {DEFAULT_MODEL: (0.10, 0.50), "global.anthropic.claude-sonnet-5-5": (2.0, 10.0)}
"""US dollars for a million tokens in and out; list prices of November 2026. Assumptions: look your own up."""

_ANSWER_TOKENS = 800
"""Of an answer with its thoughts. Assumed: the schema's fields need some 200."""

_LETTERS_A_TOKEN, _TOKENS_A_SYLLABLE = 3.0, 1.5
"""Latin letters, and Hangul syllables. Assumed on the high side: there is no public tokenizer of these models."""


@dataclass(frozen=True)
class Outcome:
    """What the rules say of one call."""

    call: Call
    transcript: Transcript
    report: DetectorReport

    @property
    def accused(self) -> bool:
        """Whether it is called Suspicious."""
        return self.report.score >= SUSPICIOUS_FROM


def judge(call: Call) -> Outcome:
    """One call, judged by the rules."""
    transcript = read_transcript(transcribed(call))
    return Outcome(call, transcript, report_indicators(transcript))


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, J. Am. Stat. Assoc. 22, 1927)."""
    if not trials:
        return 0.0, 1.0
    share, spread = hits / trials, _NORMAL_95**2 / trials
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def tokens(text: str) -> int:
    """About how many tokens a text has."""
    wide = sum("\u1100" <= char <= "\uffdc" for char in text)
    return round((len(text) - wide) / _LETTERS_A_TOKEN + wide * _TOKENS_A_SYLLABLE)


def card(outcomes: Sequence[Outcome]) -> str:
    """The Markdown: failures first."""
    return "\n\n".join([_failures(outcomes), _table(outcomes), _signs(outcomes), _costs(outcomes)])


def _share(hits: int, trials: int) -> str:
    low, high = wilson(hits, trials)
    return f"{hits} of {trials} ({low:.0%}–{high:.0%})"  # noqa: RUF001 - as in print


def _failures(outcomes: Sequence[Outcome]) -> str:
    lines = []
    for each in outcomes:
        if each.accused is each.call.scam:
            continue
        kinds = ", ".join(dict.fromkeys(found.kind for found in each.report.findings if found.kind != PATTERN))
        what = "missed" if each.call.scam else "wrongly accused"
        lines.append(
            f"- {each.call.name} ({each.call.split}): {what}, score {each.report.score}. Found: {kinds or '-'}."
        )
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
            some = [each for each in outcomes if each.call.split == split and each.call.language == code]
            scams = [each for each in some if each.call.scam]
            honest = [each for each in some if not each.call.scam]
            found = sum(each.accused for each in scams)
            wrong = sum(each.accused for each in honest)
            lines.append(
                f"| {split} | {language} | {_share(found, len(scams))} | {_share(wrong, len(honest))} "
                f"| {_share(found, found + wrong)} |"
            )
    told = "\n".join(f"- {split}: {text}." for split, text in _SPLITS.items())
    return "\n".join(lines) + f"\n\n{told}"


def _signs(outcomes: Sequence[Outcome]) -> str:
    lines = ["### Signs, over all calls\n", "| sign | in frauds | in honest calls |", "|---|---|---|"]
    kinds = sorted({found.kind for each in outcomes for found in each.report.findings})
    for kind in kinds:
        having = [each for each in outcomes if kind in {found.kind for found in each.report.findings}]
        scams = sum(each.call.scam for each in having)
        lines.append(f"| {kind} | {scams} | {len(having) - scams} |")
    totals = sum(each.call.scam for each in outcomes)
    lines.append(f"\nOf {totals} frauds and {len(outcomes) - totals} honest calls.")
    return "\n".join(lines)


def _costs(outcomes: Sequence[Outcome]) -> str:
    lines = [
        "### What a call costs\n",
        f"Transcribe at ${TRANSCRIBE_DOLLARS_A_MINUTE} a minute, at least {TRANSCRIBE_LEAST_SECONDS} s. "
        "Tokens of the real prompt, estimated: "
        f"{_LETTERS_A_TOKEN:g} letters a token, {_TOKENS_A_SYLLABLE:g} tokens a Hangul syllable; {_ANSWER_TOKENS} of\n"
        "the answer. The prices are assumptions, stated in evaluation/context.py; the service logs the tokens that "
        "Bedrock counted.\n",
        "| call | length | tokens in | Transcribe | " + " | ".join(PRICES) + " |",
        "|---|---|---|---|" + "---|" * len(PRICES),
    ]
    for code, language in _LANGUAGES.items():
        longest = max(
            (each for each in outcomes if each.call.language == code), key=lambda each: each.transcript.seconds
        )
        prompt = make_prompt(longest.transcript)
        fixed, spoken = tokens(prompt.system), tokens(prompt.user)
        for seconds in (longest.transcript.seconds, 300.0, 1800.0):
            total = fixed + round(spoken * seconds / longest.transcript.seconds)
            heard = TRANSCRIBE_DOLLARS_A_MINUTE * max(seconds, TRANSCRIBE_LEAST_SECONDS) / 60
            asked = [(total * into + _ANSWER_TOKENS * out) / 1e6 for into, out in PRICES.values()]
            cells = " | ".join(f"${each:.4f}" for each in asked)
            lines.append(f"| {language} | {seconds:.0f} s | {total:,} | ${heard:.4f} | {cells} |")
    return "\n".join(lines)


def main() -> int:
    """Writes the card, or with --check only compares; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if docs/cards/context.md says something else")
    asked = parser.parse_args()
    before = TARGET.read_text(encoding="utf-8")
    head, _, rest = before.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    after = f"{head}{_BEGIN}\n\n{card([judge(call) for call in load_calls()])}\n\n{_END}{tail}"
    if asked.check:
        return int(after != before)
    TARGET.write_text(after, encoding="utf-8")
    sys.stdout.write(f"{TARGET}: written\n")
    return 0
