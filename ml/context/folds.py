"""Weights that did not meet what they judge: three times a third of the kinds of fraud and of the honest families."""

from __future__ import annotations

from collections.abc import Iterator

from context_analyzer.classifier.weights import Weights
from ml.context.templates import Script, scripts
from ml.context.train import CALLS_A_FAMILY, chosen_pieces, corpus, train

JUDGED = 20
"""Calls of each family that was left out."""

_KINDS = (
    ("Agency", "Delivery", "Prize", "Romance"),
    ("Loan", "BankDesk", "Investment", "Job"),
    ("Family", "Card", "Refund", "TechSupport"),
)


def folds(language: str) -> Iterator[tuple[Weights, list[Script]]]:
    """Return weights, and the scripts that were left out of their training."""
    for fold, kinds in enumerate(_KINDS):
        honest = [script for script in scripts(language) if not script.scam]
        out = {script.family for script in honest[fold :: len(_KINDS)]}
        out |= {script.family for script in scripts(language) if script.kind in kinds}
        some = corpus(language, CALLS_A_FAMILY[language] // 2, sorted(out))
        weights = train(some, chosen_pieces(some), language, heads=False)
        yield weights, [script for script in scripts(language) if script.family in out]
