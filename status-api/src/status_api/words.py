"""What the page says, from the files that the report is written from."""

from __future__ import annotations

import html
import json
from string import Template

from guardian_locales import locales, tone

_SECTIONS = {"name", "verdicts", "headlines", "kinds", "analyzers", "reasons", "advice", "phones", "shared", "page"}


def as_json() -> bytes:
    """Return the words of every language by its code, the default one first, each verdict with its tone."""
    words = {locale.code: locale.model_dump(mode="json", by_alias=True, include=_SECTIONS) for locale in locales()}
    for locale in locales():
        for verdict, meaning in words[locale.code]["verdicts"].items():
            meaning["tone"] = tone(verdict)
    return json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode()


def index(template: str) -> str:
    """Return the document with what it says itself: the switch of languages, and what to do without a script."""
    first, *others = locales()
    button = '    <button type="button" data-language="{0}" lang="{0}">{1}</button>'
    buttons = [button.format(locale.code, html.escape(locale.name)) for locale in locales()]
    without = [f'<span lang="{locale.code}">{html.escape(locale.page.no_script)}</span>' for locale in others]
    return Template(template).substitute(
        language=html.escape(" · ".join(locale.page.language for locale in locales())),
        buttons="\n".join(buttons),
        no_script=" ".join([html.escape(first.page.no_script), *without]),
    )
