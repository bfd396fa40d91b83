"""What a file says of itself, in the words of one language; ``guardian provenance`` says it in the same."""

from __future__ import annotations

from collections.abc import Iterable

from analysis_operator.report import words
from analyzer_contract import Action, AnalysisReport, Credential, Credentials
from guardian_locales import Locale


def credentials_of(results: Iterable[AnalysisReport]) -> Credentials | None:
    """Return the content credentials of a recording: each analyzer that takes it reads the same."""
    found = (detector.credentials for result in results for detector in result.detectors)
    return next((credentials for credentials in found if credentials is not None), None)


def credential(said: Credential, locale: Locale) -> str:
    """Return who signed it, when, and with what it was made."""
    t = locale.report.provenance
    relation = t.relations.get(said.relation, said.relation) if said.relation else t.own
    parts = [t.signed.format(signer=said.signer or t.unnamed)]
    if said.signed_at is not None:
        parts.append(t.at.format(time=words.moment(said.signed_at, locale)))
    if said.maker:
        parts.append(t.made_with.format(maker=said.maker))
    return f"{relation}: {', '.join(parts)}"


def action(said: Action, locale: Locale) -> str:
    """Return what was done, from what, with which program, and when by the signer's own word."""
    t = locale.report.provenance
    parts = [t.actions.get(said.action.removeprefix("c2pa."), said.action)]
    parts += [t.sources.get(said.source, said.source)] if said.source else []
    parts += [part for part in (said.software, said.when) if part]
    return ", ".join(parts)
