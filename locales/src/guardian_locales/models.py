"""What a language's file holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AliasGenerator, BaseModel, ConfigDict, Field, StringConstraints, field_validator
from pydantic.alias_generators import to_camel

from analyzer_contract import CredentialState
from guardian_locales.texts import Duration, Moment, Text, filled


class Words(BaseModel):
    """Python and the files say ``not_means``, the page's script says ``notMeans``."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=AliasGenerator(serialization_alias=to_camel),
    )


class Meaning(Words):
    """How one verdict, or its absence, is explained."""

    title: Text
    tag: Text
    means: Text
    not_means: Text
    steps: Annotated[tuple[Text, ...], Field(min_length=1)]
    """What to do now, most urgent first."""


class Kind(Words):
    """How one kind of finding is explained."""

    title: Text
    what: Text
    honest: Text
    """How such a finding comes about without any deceit."""


class Analyzer(Words):
    """What an analyzer looks at, and what the page says while it runs."""

    title: Text
    running: Text


class Phone(Words):
    """A number to call, and who answers."""

    number: Annotated[str, StringConstraints(pattern=r"^[0-9]+$")]
    who: Text


class Shared(Words):
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
    advice: Annotated[str, filled("kind")]
    """Heads what to do about one kind of fraud."""


class Term(Words):
    """A word of the report, explained."""

    term: Text
    text: Text


class Times(Words):
    """How times are written."""

    length: Duration
    length_below_a_minute: Duration
    span: Annotated[str, filled("first", "last")]
    moment: Moment
    halves: tuple[Text, Text]
    """Of the day: before and after noon."""
    utc_offset_hours: Annotated[int, Field(ge=-12, le=14)]
    """A fixed offset needs no time zone data; Korea has no summer time."""


class Provenance(Words):
    """How what a file says of itself is told."""

    title: Text
    about: Text
    none: Text
    states: Mapping[CredentialState, Text]
    reasons: Text
    checks: Mapping[str, Text]
    """By C2PA's code for what a check came to, or ours; what is missing is shown as it is."""
    own: Text
    relations: Mapping[str, Text]
    """By C2PA's word for how something went into the file."""
    signed: Annotated[str, filled("signer")]
    unnamed: Text
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


class Talk(Words):
    """How the report shows what is said."""

    summary: Annotated[str, filled("count")]
    about: Text
    marked: Text
    turned: Annotated[str, filled("time", "kind")]
    helpers: Text


class Report(Words):
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


class Problem(Words):
    """What went wrong on the page, and the button that leads on."""

    title: Text
    text: Text
    action: Text


class TooLarge(Problem):
    """A problem whose text names the largest size."""

    text: Annotated[str, filled("size")]


class Problems(Words):
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


class Page(Words):
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
