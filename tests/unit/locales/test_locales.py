"""The languages' files: one has what the others have, and everything in them is said somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from pydantic import ValidationError

import status_api
from analysis_operator.api import AnalysisRequest, AnalysisState, RequestStatus
from analysis_operator.errors import Reason
from analysis_operator.report import page as report_page
from analyzer_contract import FailureReason, Verdict
from guardian_locales import DEFAULT, Locale, loader, locales, read
from status_api import page as status_page
from tests.support.locales import FILES, locales_in

WEB = Path(status_api.__file__).parent / "web"
REPORT = Path(report_page.__file__).parent


def words(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def shape(value: Any) -> Any:
    """Return the keys and lengths of what a file holds, without the texts but with what they fill in."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items() if key != "times"}
    if isinstance(value, list):
        return [shape(part) for part in value]
    return sorted(re.findall(r"{(\w+)}", str(value)))


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []


def test_the_default_language_comes_first_and_each_has_a_file() -> None:
    default, *others = [locale.code for locale in locales()]
    assert default == DEFAULT == "en"
    assert "ko" in others
    assert others == sorted({file.stem for file in FILES} - {DEFAULT})
    assert len({locale.name for locale in locales()}) == len(FILES)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_language_lacks_a_word_that_another_has(file: Path) -> None:
    assert shape(words(file)) == shape(words(FILES[0]))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_word_is_written_twice_in_a_file(file: Path) -> None:
    def check(node: yaml.Node) -> None:
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value]
            assert sorted(keys) == sorted(set(keys))
            for _, value in node.value:
                check(value)

    document = yaml.compose(file.read_text(encoding="utf-8"))
    assert document is not None
    check(document)


@pytest.mark.parametrize("locale", locales(), ids=lambda locale: locale.code)
def test_every_verdict_state_and_reason_is_explained(locale: Locale) -> None:
    assert set(locale.verdicts) == {*Verdict, "none"}
    assert set(locale.report.states) == {state.value for state in AnalysisState}
    assert {
        *FailureReason,
        Reason.CANCELLED,
        Reason.TOO_MANY_DISRUPTIONS,
        Reason.ANALYZER_NOT_FOUND,
        Reason.ANALYZER_FORBIDDEN,
    } <= {*locale.reasons}
    assert [phone.number for phone in locale.phones] == [phone.number for phone in locales()[0].phones]


def test_no_word_is_left_in_english() -> None:
    english, korean = (words(Path(loader.__file__).parent / f"{code}.yaml") for code in ("en", "ko"))
    for text, of_english in zip(texts(korean), texts(english), strict=True):
        assert re.search("[가-힣]", text) or text == of_english or "{" in text, text
    titles = [part["title"] for key in ("verdicts", "kinds", "analyzers") for part in korean[key].values()]
    assert all(re.search("[가-힣]", title) for title in titles)


def test_every_word_of_the_report_is_used() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in [*REPORT.glob("*.j2"), *REPORT.glob("*.py")])
    fields = {*type(locales()[0].report).model_fields}
    used = {*re.findall(r"\bt\.(\w+)", code), *re.findall(r"\blocale\.report\.(\w+)", code)}
    assert fields - used == set()


def test_every_word_of_the_page_is_used() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in [*WEB.glob("*.js"), *WEB.glob("*.html")])
    texts = locales()[0].page.model_dump(by_alias=True)
    named = {*re.findall(r'data-t="(\w+)"', code), *re.findall(r"\b(?:own\(\)|page)\.(\w+)", code)}
    named |= {*re.findall(r'show\.working\("(\w+)"', code), "language", "noScript"}
    assert set(texts) - named == set()
    problems = {*re.findall(r'"(\w+)"', code), *re.findall(r"\b(\w+): session\.signIn", code)}
    assert set(texts["problems"]) - problems == set()


def test_every_word_that_both_say_is_used_by_both() -> None:
    templates = "".join(path.read_text(encoding="utf-8") for path in REPORT.glob("*.j2"))
    code = "".join(path.read_text(encoding="utf-8") for path in [*WEB.glob("*.js"), *WEB.glob("*.html")])
    for name, field in type(locales()[0].shared).model_fields.items():
        assert f"shared.{name}" in templates
        assert re.search(
            rf'data-w="{field.serialization_alias}"|shared\.{field.serialization_alias}\b|"{field.serialization_alias}"',
            code,
        )


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("title: Digital silence", "titel: Digital silence", "kinds.DigitalSilence.titel"),
        ("tag: Likely fake", "tag: ''", "verdicts.LikelyFake.tag"),
        ("  NoEvidence:", "  Genuine:", "verdicts.Genuine"),
        ("hint: Sound or video, up to {size}.", "hint: Sound or video.", "page.hint"),
        ("score: Score", "score: Score {score}", "report.score"),
        ('"{first} to {last}"', '"{start} to {last}"', "report.times.span"),
        ("{minutes:02d}", "{hours:02d}", "report.times.length"),
        ("name: English", "nome: English", "name"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    text = (Path(loader.__file__).parent / "en.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "en.yaml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ValidationError) as refused:
        read(tmp_path / "en.yaml")
    assert any(".".join(map(str, error["loc"])).startswith(place) for error in refused.value.errors())
    assert refused.value.__notes__ == ["in en.yaml"]


def test_a_verdict_must_be_explained(tmp_path: Path) -> None:
    document = words(FILES[0])
    del document["verdicts"]["Suspicious"]
    (tmp_path / "en.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(ValidationError, match="Suspicious: not explained"):
        read(tmp_path / "en.yaml")


def test_a_language_is_one_more_file(tmp_path: Path) -> None:
    for file in FILES:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    third = (tmp_path / "ko.yaml").read_text(encoding="utf-8").replace("name: 한국어", "name: Third")
    (tmp_path / "de.yaml").write_text(third, encoding="utf-8")
    codes = [DEFAULT, *sorted({"de", *(file.stem for file in FILES)} - {DEFAULT})]
    with locales_in(tmp_path):
        report = report_page.render(asked(), RequestStatus(), [])
        files = status_page._files()
    assert re.findall(r'<main class="page" id="(\w+)"', report) == codes
    assert re.findall(r'<label for="choose-(\w+)"', report) == codes
    assert ", ".join(f"#choose-{code}:checked ~ #{code}" for code in codes) + " {" in report
    page = files["index.html"].content.decode()
    assert re.findall(r'data-language="(\w+)"', page) == codes
    assert list(httpx.Response(200, content=files["words.json"].content).json()) == codes


def asked() -> AnalysisRequest:
    return AnalysisRequest.model_validate(
        {"metadata": {"name": "call", "uid": "0"}, "spec": {"source": {"uri": "s3://media/call.wav"}}}
    )
