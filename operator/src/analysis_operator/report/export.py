"""The report's words as JSON, for the status API's page: ``python -m analysis_operator.report.export FILE``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analysis_operator.report.english import ENGLISH
from analysis_operator.report.korean import KOREAN
from analysis_operator.report.words import Words, tone

_LABELS = ("score", "gauge", "not_means", "todo", "phones", "evidence", "no_evidence", "analysis", "honest")


def exported() -> str:
    """Give what the page needs of every language; a verdict that is not there is called ``none``."""
    told = {words.code: _of(words) for words in (ENGLISH, KOREAN)}
    return json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _of(words: Words) -> dict[str, Any]:
    return {
        "name": words.name,
        "meanings": {
            str(verdict or "none"): asdict(meaning) | {"tone": tone(verdict)}
            for verdict, meaning in words.meanings.items()
        },
        "kinds": {name: asdict(kind) for name, kind in words.kinds.items()},
        "analyzers": dict(words.analyzers),
        "reasons": dict(words.reasons),
        "phones": words.phones,
        "limits": words.limits,
        "labels": {name: words.labels[name] for name in _LABELS},
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(exported(), encoding="utf-8")
