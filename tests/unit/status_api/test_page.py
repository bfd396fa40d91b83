"""The page's files: what is made of the languages is served as the static ones are."""

from __future__ import annotations

import re

import pytest

from guardian_locales import locales, tone
from status_api.errors import Unavailable
from status_api.page import Provider
from tests.support.web.status_api import make_api


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", "text/html"), ("/app/words.json", "application/json"), ("/app/show.js", "text/javascript")],
)
async def test_a_file_that_has_not_changed_is_not_sent_again(path: str, kind: str) -> None:
    async with make_api().client(None) as client:
        answer = await client.get(path)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].partition(";")[0] == kind
        assert answer.headers["Cache-Control"] == "no-cache"
        again = await client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("away", [False, True])
async def test_where_people_sign_in_a_link_signs_nobody_in_not_even_while_the_provider_is_away(away: bool) -> None:
    async def provider() -> Provider:
        if away:
            raise Unavailable("away")
        return Provider("https://id/authorize", "https://id/token", "page", "openid")

    async with make_api(sign_in=provider).client(None) as client:
        config = (await client.get("/app/config.json")).json()
    assert (config["tokenLinks"], config["signIn"] is None) == (False, away)
    async with make_api().client(None) as client:
        assert (await client.get("/app/config.json")).json()["tokenLinks"] is True


async def test_the_words_are_those_of_the_languages_files() -> None:
    async with make_api().client(None) as client:
        words = (await client.get("/app/words.json")).json()
    assert [*words] == [locale.code for locale in locales()]
    for locale in locales():
        said = words[locale.code]
        assert {*said} == {
            "name",
            "verdicts",
            "headlines",
            "kinds",
            "analyzers",
            "reasons",
            "advice",
            "phones",
            "shared",
            "page",
        }
        for verdict, meaning in locale.verdicts.items():
            shown = said["verdicts"][verdict]
            assert (shown["notMeans"], shown["steps"]) == (meaning.not_means, [*meaning.steps])
            assert shown["tone"] == tone(verdict)


async def test_the_document_offers_every_language() -> None:
    async with make_api().client(None) as client:
        document = (await client.get("/")).text
    names = re.findall(r'<button type="button" data-language="(\w+)" lang="\1">(.*?)</button>', document)
    assert names == [(locale.code, locale.name) for locale in locales()]
    assert all(locale.page.no_script in document for locale in locales())
    assert "$" not in document
