"""The Markdown pages: links resolve, the README stays short, decisions are numbered once and all listed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from analysis_operator.api import reference
from analysis_operator.errors import Reason
from analyzer_contract import FailureReason
from tests.cluster.paths import repo_root

ROOT = repo_root()
_LEFT_OUT = {"out", "node_modules", "venv"}
_FENCE = re.compile(r"^( *)(```|~~~).*?^ *\2 *$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^()\s]+(?:\([^()\s]*\))?)\)")
_DEFINITION = re.compile(r"^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,6} +(.*?)(?: +#+)? *$", re.MULTILINE)
_NAMED_PAGE = re.compile(r"\bdocs/[\w./-]+?\.md\b")
_NAMED_TEST = re.compile(r"`((?:tests/)[\w/]+\.py)?::(\w+)`")
_README_BYTES = 6 * 1024
_GLOSSARY_BARS = 4


def _files(*suffixes: str) -> Iterator[Path]:
    for folder, folders, names in ROOT.walk():
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _LEFT_OUT)
        yield from (folder / name for name in sorted(names) if name.endswith(suffixes))
    yield from (path for path in (ROOT / ".github").rglob("*") if path.name.endswith(suffixes))


PAGES = sorted(_files(".md"))


def _prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors that GitHub makes of a page's headings."""
    taken: Counter[str] = Counter()
    result = set()
    for title in _HEADING.findall(_prose(page)):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        result.add(f"{slug}-{taken[slug]}" if taken[slug] else slug)
        taken[slug] += 1
    return frozenset(result)


def broken_links(page: Path) -> list[str]:
    """The relative links of a page that lead nowhere."""
    text = _CODE.sub("", _prose(page))
    broken = []
    for link in [*_LINK.findall(text), *_DEFINITION.findall(text)]:
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        is_page = target.suffix == ".md" and target.is_file()
        if not target.exists() or (anchor and not (is_page and anchor in anchors(target))):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_and_anchor_resolves(page: Path) -> None:
    assert broken_links(page) == []


def test_a_broken_link_and_a_broken_anchor_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A `b`: c\n\n[one](#a-b-c) [two](#d) [three](gone.md) [four](https://example.org/x) `[x](y)`\n")
    assert broken_links(page) == ["#d", "gone.md"]


def test_every_page_that_a_file_names_is_there() -> None:
    suffixes = (".py", ".json", ".yaml", ".yml", ".tf", ".toml", ".sh", ".js", ".j2", "Makefile", "Dockerfile")
    missing = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in _files(*suffixes)
        for name in _NAMED_PAGE.findall(path.read_text(encoding="utf-8"))
        if not (ROOT / name).is_file()
    }
    assert missing == set()


def test_every_module_that_a_page_names_is_there() -> None:
    modules = [path.relative_to(ROOT).as_posix() for path in _files(".py", ".proto")]
    never = {"operator/__init__.py", "operator/operator.py"}
    missing = {
        f"{page.relative_to(ROOT)}: {name}"
        for page in PAGES
        for name in set(re.findall(r"`([\w./-]+\.(?:py|proto))`", _prose(page))) - never
        if not any(f"/{module}".endswith(f"/{name}") for module in modules)
    }
    assert missing == set()


def missing_tests(text: str) -> list[str]:
    """The tests that a text names and that are not there: `FILE::NAME`, or `::NAME` of the file named before."""
    missing, path = [], ""
    for named, test in _NAMED_TEST.findall(text):
        path = named or path
        file = ROOT / path
        defined = re.compile(rf"^ *(?:async )?def {test}\(", re.MULTILINE)
        if not file.is_file() or not defined.search(file.read_text(encoding="utf-8")):
            missing.append(f"{path}::{test}")
    return missing


def test_every_test_that_a_page_names_is_there() -> None:
    assert {page.name: missing for page in PAGES if (missing := missing_tests(_prose(page)))} == {}


def test_a_test_that_is_not_there_is_found() -> None:
    own = "tests/unit/test_docs.py"
    text = f"`{own}::test_the_readme_is_short`, `::test_gone`, `::missing_tests`, `tests/unit/gone.py::test_a`"
    assert missing_tests(text) == [f"{own}::test_gone", "tests/unit/gone.py::test_a"]


def test_every_attack_of_the_security_model_names_its_tests() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    tables = re.findall(r"^\| attack .*\| test \|\n\|[-|]+\n((?:\|.*\n)+)", page, re.MULTILINE)
    rows = [row for table in tables for row in table.splitlines()]
    assert len(tables) == page.count("what stops it")
    assert [row for row in rows if not _NAMED_TEST.search(row.split(" | ")[-1])] == []


def test_the_readme_is_short() -> None:
    assert (ROOT / "README.md").stat().st_size <= _README_BYTES


def test_the_reference_is_what_the_models_say() -> None:
    committed = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert committed == reference.render(), "run `make generate` and commit the result"


def test_every_name_of_the_glossary_is_in_the_code() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = [row.split("|") for row in page.splitlines() if row.startswith("|") and row.count("|") == _GLOSSARY_BARS]
    names = {name for row in rows for name in re.findall(r"`([^`]+)`", row[3])}
    sources = [path for path in _files(".py", ".yaml", ".json") if ROOT / "tests" not in path.parents]
    used = {word for path in sources for word in re.findall(r"\w+", str(path.relative_to(ROOT)))}
    used |= {word for path in sources for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}
    assert names
    assert [name for name in sorted(names) if not set(re.findall(r"\w+", name)) <= used] == []


class TestReasons:
    page = (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8")

    @pytest.mark.parametrize("reason", [*Reason, *FailureReason])
    def test_every_reason_is_explained(self, reason: str) -> None:
        # `Deleted` is only sent to Step Functions; the condition CallbackDelivered is named in the event.
        assert f"`{reason}`" in self.page or reason == Reason.DELETED

    def test_the_messages_about_what_is_missing_are_those_of_the_operator(self) -> None:
        table = self.page[self.page.index("| the message says |") : self.page.index("## Succeeded")]
        code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "operator" / "src").rglob("*.py"))
        quoted = [
            quote for row in table.splitlines()[2:] if row for quote in re.findall(r"`([^`]+)`", row.split("|")[1])
        ]
        missing = [quote for quote in quoted if quote.rpartition("… ")[2] not in code]
        assert quoted
        assert missing == []


class TestDecisions:
    folder = ROOT / "docs" / "adr"
    pages = sorted(path for path in (ROOT / "docs" / "adr").glob("*.md") if path.name != "README.md")

    def test_each_has_a_number_of_its_own_and_a_title_with_it(self) -> None:
        for page in self.pages:
            assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", page.name), page.name
            assert page.read_text(encoding="utf-8").startswith(f"# {page.name[:4]}. "), page.name
        assert [n for n, count in Counter(page.name[:4] for page in self.pages).items() if count > 1] == []

    def test_all_are_in_the_index_once_under_their_title(self) -> None:
        index = (self.folder / "README.md").read_text(encoding="utf-8")
        listed = re.findall(r"^- \[(.+)\]\((\d{4}-[a-z0-9-]+\.md)\)$", index, re.MULTILINE)
        titles = {
            page.name: page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for page in self.pages
        }
        assert sorted((name, title) for title, name in listed) == sorted(titles.items())
