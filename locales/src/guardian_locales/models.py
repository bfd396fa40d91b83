"""What a language's file holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AliasGenerator, BaseModel, ConfigDict, Field, StringConstraints, field_validator
from pydantic.alias_generators import to_camel

from analyzer_contract import CredentialState, Verdict
from guardian_locales.judged import Judged
from guardian_locales.texts import Duration, Moment, Text, filled


class _Words(BaseModel):
    """Python and the files say ``not_means``, the page's script says ``notMeans``."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=AliasGenerator(serialization_alias=to_camel),
    )


class Meaning(_Words):
    """How one verdict, or its absence, is explained."""

    title: Text
    tag: Text
    means: Text
    not_means: Text
    steps: Annotated[tuple[Text, ...], Field(min_length=1)]
    """What to do now, most urgent first."""


class Kind(_Words):
    """How one kind of finding is explained."""

    title: Text
    what: Text
    honest: Text
    """How such a finding comes about without any deceit."""


class Analyzer(_Words):
    """What an analyzer looks at, and what the page says while it runs."""

    title: Text
    running: Text


class Phone(_Words):
    """A number to call, and who answers."""

    number: Annotated[str, StringConstraints(pattern=r"^[0-9]+$")]
    who: Text


class Shared(_Words):
    """What both the report and the page say."""

    not_means: Text
    todo: Text
    phones: Text
    evidence: Text
    no_evidence: Text
    analysis: Annotated[str, filled("name")]
    examined_whole: Annotated[str, filled("name")]
    examined_part: Annotated[str, filled("name", "share")]
    honest: Text


class Term(_Words):
    """A word of the report, explained."""

    term: Text
    text: Text


class Times(_Words):
    """How times are written."""

    length: Duration
    length_below_a_minute: Duration
    span: Annotated[str, filled("first", "last")]
    moment: Moment
    halves: tuple[Text, Text]
    """Of the day: before and after noon."""
    utc_offset_hours: Annotated[int, Field(ge=-12, le=14)]
    """A fixed offset needs no time zone data; Korea has no summer time."""


class Provenance(_Words):
    """How what a file says of itself is told."""

    title: Text
    about: Text
    none: Text
    states: Mapping[CredentialState, Text]
    reasons: Text
    own: Text
    relations: Mapping[str, Text]
    """By C2PA's word for how something went into the file."""
    signed: Annotated[str, filled("signer")]
    nobody: Text
    at: Annotated[str, filled("time")]
    made_with: Annotated[str, filled("maker")]
    actions: Mapping[str, Text]
    """By C2PA's action, without its prefix; what is missing is shown as it is."""
    sources: Mapping[str, Text]
    """By the last part of the IPTC's digital source type."""

    @field_validator("states")
    @classmethod
    def _complete(cls, states: Mapping[CredentialState, Text]) -> Mapping[CredentialState, Text]:
        if missing := {*CredentialState} - {*states}:
            raise ValueError(f"{', '.join(sorted(missing))}: not explained")
        return states


class Talk(_Words):
    """How the report shows what is said."""

    summary: Annotated[str, filled("count")]
    about: Text
    marked: Text
    turned: Annotated[str, filled("time", "kind")]
    advice: Annotated[str, filled("kind")]
    helpers: Text


class Report(_Words):
    """What only the report says."""

    talk: Talk
    provenance: Provenance
    report: Annotated[str, filled("name")]
    score: Text
    of_100: Annotated[str, filled("score")]
    gauge: Annotated[str, filled("score")]
    gauge_low: Text
    gauge_line: Text
    gauge_high: Text
    timeline: Text
    timeline_about: Text
    wave_alt: Annotated[str, filled("name", "length")]
    lane_alt: Annotated[str, filled("name", "score", "places")]
    no_places: Text
    places: Annotated[str, filled("count")]
    place: Text
    whole: Text
    larger: Text
    quiet: Annotated[str, filled("names")]
    unable: Annotated[str, filled("names")]
    said: Text
    strong: Text
    medium: Text
    fact: Text
    weak: Text
    measured: Text
    more_findings: Annotated[str, filled("count")]
    says: Text
    own_limits: Annotated[str, filled("count")]
    details: Text
    detector_score: Text
    percentile: Annotated[str, filled("percent")]
    model: Text
    version: Text
    cached: Annotated[str, filled("time")]
    result_hash: Text
    weights: Text
    no_weights: Text
    card: Text
    no_card: Text
    recording: Text
    object: Text
    etag: Text
    object_version: Text
    size: Text
    length: Text
    sound: Text
    picture: Text
    asked: Text
    started: Text
    frames: Annotated[str, filled("count")]
    rate: Annotated[str, filled("rate")]
    hertz: Annotated[str, filled("rate")]
    channels: Annotated[str, filled("count")]
    channel: Text
    fusion: Text
    fusion_about: Text
    fusion_blind: Text
    who: Text
    verdict: Text
    own_score: Text
    counts: Text
    together: Text
    footer: Annotated[str, filled("uid")]
    limits_title: Text
    limits: tuple[Text, ...]
    """What no detector can say, whichever ran."""
    reading_title: Text
    reading: tuple[Term, ...]
    states: Mapping[str, Text]
    times: Times


class Problem(_Words):
    """What went wrong on the page, and the button that leads on."""

    title: Text
    text: Text
    action: Text


class TooLarge(Problem):
    """A problem whose text names the largest size."""

    text: Annotated[str, filled("size")]


class Problems(_Words):
    """By the names that the page's script gives them."""

    too_large: TooLarge
    wrong_type: Problem
    empty: Problem
    offline: Problem
    session: Problem
    link: Problem
    no_tenant: Problem
    unknown: Problem
    busy: Problem
    broken: Problem
    stopped: Problem


class Page(_Words):
    """What only the page says."""

    language: Text
    no_script: Text
    start_title: Text
    start_lead: Text
    choose: Text
    drop: Text
    hint: Annotated[str, filled("size")]
    know_title: Text
    know: tuple[Text, ...]
    sending: Text
    sent: Annotated[str, filled("percent")]
    checking: Text
    waiting: Text
    running: Text
    done: Annotated[str, filled("percent")]
    keep_calm: Text
    no_connection: Text
    cancel: Text
    report: Text
    again: Text
    erase: Text
    erase_sure: Text
    score_of: Annotated[str, filled("score")]
    span: Annotated[str, filled("from", "to")]
    nothing: Text
    footer: Text
    signed_in: Annotated[str, filled("name")]
    sign_out: Text
    problems: Problems


class Locale(_Words):
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
