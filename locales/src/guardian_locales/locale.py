"""One language: every sentence of the report and the page, and which of them a result gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from analyzer_contract import Verdict
from guardian_locales.judged import Judged
from guardian_locales.models import Analyzer, Kind, Meaning, Page, Phone, Report, Shared, Words
from guardian_locales.texts import Text


class Locale(Words):
    """One language."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
    """For the ``lang`` attribute."""
    name: Text
    """The language's own name."""
    verdicts: Mapping[Verdict | Literal["none"], Meaning]
    headlines: Mapping[str, Text]
    """Of what was found, in place of the verdict's title: by a finding's kind, or by the analyzer that decided."""
    kinds: Mapping[str, Kind]
    """By a finding's kind."""
    detectors: Mapping[str, Text]
    """Names of those that are not called after the one kind that they find."""
    analyzers: Mapping[str, Analyzer]
    reasons: Mapping[str, Text]
    """Why an analysis has no verdict."""
    advice: Mapping[str, Annotated[tuple[Text, ...], Field(min_length=1)]]
    """What to do about one kind of fraud: by the kind of the finding."""
    phones: tuple[Phone, ...]
    shared: Shared
    report: Report
    page: Page

    @field_validator("verdicts")
    @classmethod
    def _complete(cls, verdicts: Mapping[str, Meaning]) -> Mapping[str, Meaning]:
        if missing := {*Verdict, "none"} - {*verdicts}:
            raise ValueError(f"{', '.join(sorted(missing))}: not explained")
        return verdicts

    def meaning(self, verdict: Verdict | None) -> Meaning:
        """Return how a verdict, or its absence, is explained."""
        return self.verdicts[verdict or "none"]

    def headline(self, verdict: Verdict | None, analyses: Sequence[Judged]) -> str:
        """Return what kind of evidence there is, in a sentence; without any, the verdict's title.

        Args:
            verdict: of the request.
            analyses: of it; of those with its verdict the one with the highest score has decided.
        """
        decided = max((one for one in analyses if one.verdict is verdict), key=lambda one: one.score or 0, default=None)
        if verdict not in _EVIDENT or decided is None:
            return self.meaning(verdict).title
        strongest = max(decided.findings, key=lambda finding: finding.score, default=None)
        kind = strongest.kind if strongest else ""
        return self.headlines.get(kind) or self.headlines.get(decided.name) or self.meaning(verdict).title


_EVIDENT = {Verdict.LIKELY_FAKE, Verdict.SUSPICIOUS}
_TONES: Mapping[str | None, str] = {Verdict.LIKELY_FAKE: "bad", Verdict.SUSPICIOUS: "warn", Verdict.NO_EVIDENCE: "calm"}


def tone(verdict: str | None) -> str:
    """Return the name of a verdict's colour and sign in the style sheets of the report and the page."""
    return _TONES.get(verdict, "unsure")
