"""``python -m ml.context.train``: put the corpus together, train the classifier, and write its weights.

Needs scikit-learn (``uv sync --group words``). The same corpus and versions give the same weights.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from context_analyzer.classifier.text import Ids, clean, pieces, spoken, windows
from context_analyzer.classifier.weights import FOLDER, Manifest, Weights
from ml.context.dialogues import SHARED, Made, calls
from ml.context.templates import HONEST, Script, scripts
from ml.context.texts import ROBOCALLS, Text, campaigns, texts

VERSION = "0.1.0"
_SCRIPTS = "ml/context/corpus of this project (Apache-2.0)"
_TRAINED_ON = {
    "ko": _SCRIPTS,
    "en": f"{_SCRIPTS}, and real robocalls of the FTC's Project Point of No Entry (wspr-ncsu/robocall-audio-dataset, "
    "public domain)",
}
ROBOCALL_KIND = "Robocall"
"""Only whether it is fraud is learnt from robocalls: their kinds are not labelled."""

THRESHOLDS = {"ko": 0.45, "en": 1.1}
UNDECIDED = {"ko": 0.1, "en": 0.0}
STAGES = ("Contact", "IdentityClaim", "Incident", "Isolation", "AssetCheck", "Demand", "Handover")
SEED = "train"
CALLS_A_FAMILY = {"ko": 16, "en": 24}
"""In Korean there are so many families that fewer calls of each are as many windows."""

_CONTENT = 0.25
"""Share of a window's words that belong to a fraud's own lines: below it a window of a fraud says nothing."""

_LEAST_WINDOWS, _LEAST_FAMILIES, _MOST_PIECES = 3, 2, 45_000
_STRENGTH = 0.3
"""C of scikit-learn: small, so that no single piece gets a large weight."""
_HEAD_STRENGTH = 0.1
_KIND_STRENGTH = 2.0
_ROBOCALLS_COUNT = 3.0
"""All campaigns together count for so many scripts: else their tidy English would be what tells fraud."""
_SCALE = 0.1
"""The value of a piece that occurs: a window has some hundreds."""

_TWO_VIEWS = {"ko": True, "en": False}
"""Whether what tells fraud is the mean of two fits: all pieces count alike in one, and in the other a piece counts for
more if more families have it (docs/adr/0098). In English that was not measured."""

_MOST_FAMILIES, _USUAL_FAMILIES, _DOUBT = 12, 5, 0.01
"""With so many families the value grows no more; with so many it is what it would be; what is added to a share."""


@dataclass(frozen=True)
class Window:
    """One window of a call, to train on.

    Attributes:
        ids: its pieces, each once.
        family: of the script.
        kind: of fraud, or HONEST.
        stages: those that fill a quarter of it.
        weight: of its family, among others.
    """

    ids: Ids
    family: str
    kind: str
    stages: frozenset[str]
    weight: float = 1.0


def related(script: Script) -> list[Script]:
    """Return the scripts of the same kind."""
    return [other for other in scripts(script.language) if other.kind == script.kind and other is not script]


def made_windows(made: Made) -> Iterable[Window]:
    """Return the windows of a call; those of a fraud in which nothing of it is said are left out."""
    call = spoken([clean(turn.text) for turn in made.turns], made.script.language)
    found = pieces(call)
    stages = [made.turns[number].stage for number in call.turns]
    for first, after in windows(call):
        inside = (found.words >= first) & (found.words < after)
        said = stages[first:after]
        shares = {stage: said.count(stage) / len(said) for stage in STAGES}
        if made.script.scam and sum(shares[stage] for stage in STAGES[1:]) < _CONTENT:
            continue
        if said.count(SHARED) / len(said) > 1 - _CONTENT:  # of an honest call: a fraud's are left out, too
            continue
        seen = frozenset(stage for stage, share in shares.items() if share >= _CONTENT)
        yield Window(np.unique(found.ids[inside]), made.script.family, made.script.kind, seen)


def corpus(language: str, count: int, leave_out: Sequence[str] = ()) -> list[Window]:
    """Return the windows of all families but some."""
    return [
        window
        for script in scripts(language)
        if script.family not in leave_out
        for made in calls(script, count, SEED, [other for other in related(script) if other.family not in leave_out])
        for window in made_windows(made)
    ]


def robocalls(groups: Sequence[Sequence[Text]]) -> list[Window]:
    """Return the windows of real robocalls; each campaign is a family."""
    return [
        Window(ids, f"robocall-{group[0].name}", ROBOCALL_KIND, frozenset(), _ROBOCALLS_COUNT / len(groups))
        for group in groups
        for call in group
        for ids in text_windows(call.turns, "en")
    ]


def text_windows(turns: Sequence[str], language: str) -> list[Ids]:
    """Return the pieces of each window of a call."""
    call = spoken([clean(turn) for turn in turns], language)
    found = pieces(call)
    return [np.unique(found.ids[(found.words >= first) & (found.words < after)]) for first, after in windows(call)]


def chosen_pieces(some: Sequence[Window]) -> Ids:
    """Return the pieces that tell fraud from the rest, of those that occur in several families."""
    families = {name: number for number, name in enumerate(sorted({window.family for window in some}))}
    sizes = [len(window.ids) for window in some]
    ids, place, count = np.unique(np.concatenate([w.ids for w in some]), return_inverse=True, return_counts=True)
    family = np.repeat([families[window.family] for window in some], sizes)
    scam = np.repeat([window.kind != HONEST for window in some], sizes)
    spread = np.bincount(np.unique(place * len(families) + family) // len(families), minlength=len(ids))
    frauds = sum(window.kind != HONEST for window in some)
    positive = np.bincount(place, scam, len(ids))
    difference = np.abs(np.sqrt(positive / frauds) - np.sqrt((count - positive) / (len(some) - frauds)))
    difference[(count < _LEAST_WINDOWS) | (spread < _LEAST_FAMILIES)] = -1
    best = np.argsort(-difference, kind="stable")[:_MOST_PIECES]
    chosen: Ids = np.sort(ids[best[difference[best] >= 0]])
    return chosen


def train(some: Sequence[Window], ids: Ids, language: str, *, heads: bool = True) -> Weights:
    """Return the weights that tell fraud, kinds and stages apart.

    Args:
        some: the windows.
        ids: the pieces that count.
        language: of the calls.
        heads: whether kinds and stages are learnt, too.
    """
    from scipy.sparse import csr_matrix  # of the group `words`
    from sklearn.linear_model import LogisticRegression

    rows = [_places(window.ids, ids) for window in some]
    ends, places = np.cumsum([0, *map(len, rows)]), np.concatenate(rows)
    alike = np.full(len(ids), _SCALE)
    views = [alike, _SCALE * _values(some, rows, len(ids))] if _TWO_VIEWS[language] else [alike]
    matrix = csr_matrix((alike[places], places, ends), (len(rows), len(ids)))
    of_kind = np.array([window.kind for window in some])
    kinds = sorted({*of_kind.tolist()} - {HONEST, ROBOCALL_KIND})

    def fit(
        target: npt.NDArray[np.bool_],
        use: npt.NDArray[np.bool_],
        strength: float,
        values: npt.NDArray[np.float64] = alike,
    ) -> npt.NDArray[np.float64]:
        weight = _balanced(target[use], [w for w, used in zip(some, use, strict=True) if used])
        model = LogisticRegression(C=strength, solver="liblinear", random_state=0, max_iter=300)
        model.fit(csr_matrix((values[places], places, ends), matrix.shape)[use], target[use], weight)
        return np.append(model.coef_[0] * values, model.intercept_)

    every = np.ones(len(rows), bool)
    columns = [np.mean([fit(of_kind != HONEST, every, _STRENGTH, values) for values in views], axis=0)]
    if heads:
        known = np.isin(of_kind, kinds)
        which = LogisticRegression(C=_KIND_STRENGTH, class_weight="balanced", max_iter=60)
        which.fit(matrix[known], of_kind[known])
        columns += [np.append(row * _SCALE, start) for row, start in zip(which.coef_, which.intercept_, strict=True)]
        columns += [
            fit(np.array([stage in window.stages for window in some]), of_kind != ROBOCALL_KIND, _HEAD_STRENGTH)
            for stage in STAGES
        ]
    weights = np.array(columns, np.float32).T
    manifest = Manifest(
        version=VERSION,
        language=language,
        file=f"{language}.npz",
        sha256="",
        licence="Apache-2.0",
        trained_on=_TRAINED_ON[language],
        threshold=THRESHOLDS[language],
        undecided=UNDECIDED[language],
        kinds=tuple(kinds) if heads else ("Any",),
        stages=STAGES if heads else (),
    )
    if not heads:
        weights = np.hstack([weights, np.zeros_like(weights)])
    return Weights(manifest, ids, weights[:-1], weights[-1])


def _places(ids: Ids, vocabulary: Ids) -> npt.NDArray[np.int64]:
    place = np.minimum(np.searchsorted(vocabulary, ids), len(vocabulary) - 1)
    known: npt.NDArray[np.int64] = place[vocabulary[place] == ids].astype(np.int64)
    return known


def _values(some: Sequence[Window], rows: Sequence[npt.NDArray[np.int64]], count: int) -> npt.NDArray[np.float64]:
    """Return what it counts that each of so many pieces occurs.

    It counts for more if more families have it, and if frauds and honest calls differ in it: what one script alone says
    costs more to learn than what many say, and is learnt less.
    """
    own: dict[tuple[bool, str], list[npt.NDArray[np.int64]]] = defaultdict(list)
    for window, row in zip(some, rows, strict=True):
        own[window.kind != HONEST, window.family].append(row)
    having = np.zeros((2, count))
    for (scam, _), places in own.items():
        having[int(scam), np.unique(np.concatenate(places))] += 1
    frauds = sum(scam for scam, _ in own)
    shares = having / [[len(own) - frauds], [frauds]] + _DOUBT
    difference = np.abs(np.log(shares[1] / shares[0]))
    known = np.minimum(having.sum(axis=0), _MOST_FAMILIES) / _USUAL_FAMILIES
    values: npt.NDArray[np.float64] = np.sqrt(known * difference / difference.mean())
    return values


def _balanced(target: npt.NDArray[np.bool_], some: Sequence[Window]) -> npt.NDArray[np.float64]:
    """Return weights by which each family counts alike, and both answers do."""
    _, place, count = np.unique([window.family for window in some], return_inverse=True, return_counts=True)
    weight = np.array([window.weight for window in some]) / count[place]
    for answer in (True, False):
        weight[target == answer] *= len(target) / 2 / weight[target == answer].sum()
    return weight


def save(language: str, some: Sequence[Window]) -> None:
    """Train on all of it, and write the weights with their manifest."""
    weights = train(some, chosen_pieces(some), language)
    scales = (np.abs(weights.columns).max(axis=0) / 127).astype(np.float32)
    target = io.BytesIO()
    columns = np.rint(weights.columns / scales).astype(np.int8)
    np.savez_compressed(target, ids=weights.ids, columns=columns, scales=scales, bias=weights.bias)
    content = target.getvalue()
    manifest = weights.manifest.model_copy(update={"sha256": hashlib.sha256(content).hexdigest()})
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / manifest.file).write_bytes(content)
    text = json.dumps(manifest.model_dump(), indent=2, ensure_ascii=False)
    (FOLDER / f"{language}.json").write_text(f"{text}\n", encoding="utf-8")
    sys.stdout.write(f"{language}: {len(some)} windows, {len(weights.ids)} pieces, {len(content)} bytes\n")


def training_windows(language: str, count: int, leave_out: Sequence[str] = ()) -> list[Window]:
    """Return all that a language is trained on: the corpus, and in English robocalls, where they lie beside."""
    some = corpus(language, count, leave_out)
    return some + robocalls(campaigns(texts(ROBOCALLS))) if language == "en" else some


def main() -> int:
    """Train and save; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ml.context.train", description=__doc__)
    parser.add_argument("language", nargs="*", default=["ko", "en"])
    for language in parser.parse_args().language:
        save(language, training_windows(language, CALLS_A_FAMILY[language]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
