"""From the library's answer to what the wire has of it: bounded, and free of what a file could do with text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from analyzer_contract import Action, Credential, Credentials, CredentialState
from analyzer_contract.credentials import MOST_ACTIONS, MOST_CREDENTIALS

_LONGEST, _MOST_REASONS = 100, 10
_UNKNOWN_SIGNER, _EXPIRED = "signingCredential.untrusted", "signingCredential.expired"
_KNOWN_SIGNER = "signingCredential.trusted"
_EXCLUDED = "assertion.dataHash.additionalExclusionsPresent"
"""Part of the content may be changed without the signature noticing."""

_BOUND = ("assertion.dataHash.match", "assertion.bmffHash.match", "assertion.boxesHash.match")
_TIME = "timeStamp."
_KNOWN_CLOCK = "timeStamp.trusted"
_GOOD_TIMES = {_KNOWN_CLOCK, "timeStamp.validated"}

type _Json = Mapping[str, Any]


def credentials_of(answer: _Json) -> Credentials:
    """Return the credentials of a file by the library's answer."""
    codes = _codes(_of(_of(answer, "validation_results"), "activeManifest"))
    state = _state(str(answer.get("validation_state", "")), codes)
    trusted = state is CredentialState.TRUSTED
    reasons = [] if trusted else _reasons(answer, codes)
    return Credentials(
        state=state,
        reasons=[clean(reason) for reason in dict.fromkeys(reasons)][:_MOST_REASONS],
        history=list(_history(answer, trusted=trusted)),
    )


def clean(text: object) -> str:
    """Return a text from a file without control characters and changes of direction, cut."""
    if not isinstance(text, str | int | float):
        return ""
    flat = str(text)[: 4 * _LONGEST]
    return "".join(char for char in flat if char.isprintable())[:_LONGEST].strip()


def _state(said: str, codes: Mapping[str, Sequence[str]]) -> CredentialState:
    """Return what the checks came to; where anything is unusual, less than the library says."""
    if said not in {CredentialState.TRUSTED, CredentialState.VALID}:
        return CredentialState.INVALID
    every = [code for group in codes.values() for code in group]
    bound = any(code in _BOUND for code in codes["success"])
    if not bound:
        return CredentialState.INVALID
    odd = _EXCLUDED in every or any(_is_bad_time(code) for code in every)
    return CredentialState.TRUSTED if said == CredentialState.TRUSTED and not odd else CredentialState.VALID


def _is_bad_time(code: str) -> bool:
    return code.startswith(_TIME) and code not in _GOOD_TIMES


def _reasons(answer: _Json, codes: Mapping[str, Sequence[str]]) -> list[str]:
    """Return why it is not trusted; where nothing is wrong with the file's own, what is with those it was made from."""
    odd = [code for code in codes["informational"] if code == _EXCLUDED or _is_bad_time(code)]
    deltas = _list(_of(answer, "validation_results").get("ingredientDeltas"))
    later = [code for delta in deltas for code in _codes(_of(delta, "validationDeltas"))["failure"]]
    failed = codes["failure"]
    if _EXPIRED in failed:  # the library trusts no expired certificate: that says nothing about the list
        failed = [code for code in failed if code != _UNKNOWN_SIGNER]
    return [*failed, *odd] or later


class _Waiting(NamedTuple):
    """A credential that is to be told: its label, how it went in, whether it is believed, and what its checks said."""

    label: str
    relation: str
    known: bool
    checked: _Json


def _history(answer: _Json, *, trusted: bool) -> Iterator[Credential]:
    """Yield the file's own credential, then those that it was made from, the nearest first; each once."""
    manifests = _of(answer, "manifests")
    waiting = [_Waiting(str(answer.get("active_manifest", "")), "", trusted, _of(answer, "validation_results"))]
    seen: set[str] = set()
    while waiting and len(seen) < MOST_CREDENTIALS:
        label, relation, known, checked = waiting.pop(0)
        manifest = manifests.get(label)
        if label in seen or not isinstance(manifest, Mapping):
            continue
        seen.add(label)
        dated = _KNOWN_CLOCK in _codes(_of(checked, "activeManifest"))["success"]
        yield _credential(manifest, relation, trusted=known, dated=dated)
        for ingredient in _list(manifest.get("ingredients")):
            own = known and not relation and _is_trusted(ingredient, answer)
            label, relation = str(ingredient.get("active_manifest", "")), clean(ingredient.get("relationship"))
            waiting.append(_Waiting(label, relation, own, _of(ingredient, "validation_results")))


def _is_trusted(ingredient: _Json, answer: _Json) -> bool:
    """Return whether what a file was made from had a known signer, and nothing wrong when it was taken."""
    taken = _codes(_of(_of(ingredient, "validation_results"), "activeManifest"))
    wrong = set(taken["failure"]) - {_UNKNOWN_SIGNER}
    label = str(ingredient.get("active_manifest", ""))
    known = _KNOWN_SIGNER in taken["success"]
    for delta in _list(_of(answer, "validation_results").get("ingredientDeltas")):
        now = _of(delta, "validationDeltas")
        for status in _list(now.get("success")):
            known |= status.get("code") == _KNOWN_SIGNER and f"/{label}/" in str(status.get("url", ""))
    return known and not wrong


def _credential(manifest: _Json, relation: str, *, trusted: bool, dated: bool) -> Credential:
    signature = _of(manifest, "signature_info")
    names = [clean(signature.get(key)) for key in ("issuer", "common_name")]
    actions = (
        action
        for assertion in _list(manifest.get("assertions"))
        if str(assertion.get("label", "")).startswith("c2pa.actions")
        for action in _list(_of(assertion, "data").get("actions"))
    )
    return Credential(
        signer=", ".join(dict.fromkeys(filter(None, names)))[:_LONGEST],
        signed_at=_moment(signature.get("time")) if dated else None,
        maker=_program(next(iter(_list(manifest.get("claim_generator_info"))), manifest.get("claim_generator"))),
        title=clean(manifest.get("title")),
        relation=relation,
        trusted=trusted,
        actions=[_action(action) for action, _ in zip(actions, range(MOST_ACTIONS), strict=False)],
    )


def _action(action: _Json) -> Action:
    return Action(
        action=clean(action.get("action")),
        when=clean(action.get("when")),
        software=_program(action.get("softwareAgent")),
        source=clean(str(action.get("digitalSourceType") or "").rpartition("/")[2]),
    )


def _program(value: object) -> str:
    """Return the name of a program; version 1 of the format has a text, version 2 an object."""
    if isinstance(value, Mapping):
        return clean(f"{clean(value.get('name'))} {clean(value.get('version'))}")
    return clean(value)


def _moment(text: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _codes(results: _Json) -> dict[str, list[str]]:
    return {
        kind: [str(status.get("code", "")) for status in _list(results.get(kind))]
        for kind in ("success", "informational", "failure")
    }


def _of(value: _Json, key: str) -> _Json:
    inner = value.get(key)
    return inner if isinstance(inner, Mapping) else {}


def _list(value: object) -> list[_Json]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []
