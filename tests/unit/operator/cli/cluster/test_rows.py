"""What `kubectl guardian list` and `top` show, and how texts from a cluster are printed."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from analysis_operator.api import Analyzer
from analysis_operator.cli.cluster import storage
from analysis_operator.cli.cluster.errors import NoCluster, NotAllowed, Refused, plainly
from analysis_operator.cli.cluster.pools import Load
from analysis_operator.cli.cluster.printing import Format, print_grid, print_objects, print_wrapped
from analysis_operator.cli.cluster.rows import Row, Sort, cells, chosen, row_of
from analysis_operator.cli.output import print_text, visible
from analysis_operator.errors import ApiUnavailable, Forbidden
from guardian_service.s3 import is_plain

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
EVIL = "red\x1b[31m \u202egnp.exe\x07\r"


def row(name: str, reason: str = "Completed", verdict: str = "", score: int | None = None, **more: Any) -> Row:
    minutes = more.get("minutes", 0)
    ended = verdict != "" or more.get("ended", False)
    status: dict[str, Any] = {
        "conditions": [{"type": "Succeeded", "reason": reason}, {"type": "Finished", "status": str(ended)}],
        "progress": 100 if ended else 10,
    }
    if verdict:
        status |= {"verdict": verdict, "score": score}
    if ended:
        status["finishedAt"] = (NOW - timedelta(minutes=minutes)).isoformat()
    meta = {
        "name": name,
        "namespace": more.get("namespace", "default"),
        "creationTimestamp": (NOW - timedelta(minutes=minutes)).isoformat(),
    }
    return row_of({"metadata": meta, "spec": {"source": {"uri": "s3://media/x"}}, "status": status})


ROWS = [
    row("b-fake", verdict="LikelyFake", score=98, minutes=90),
    row("c-queued", "Queued", minutes=1),
    row("a-clean", verdict="NoEvidence", score=3, minutes=5),
    row("d-failed", "CorruptMedia", ended=True, minutes=2),
    row("e-running", "Running", minutes=3, namespace="bank"),
    row("f-suspended", "Suspended", minutes=4),
]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, "c d e f a b"),
        ({"sort": Sort.NAME}, "e a b c d f"),
        ({"sort": Sort.SCORE}, "b a e c d f"),
        ({"verdict": "likelyfake"}, "b"),
        ({"state": "waiting"}, "c f"),
        ({"state": "running"}, "e"),
        ({"state": "finished"}, "a b"),
        ({"state": "failed"}, "d"),
        ({"state": "queued"}, "c"),
        ({"state": "CorruptMedia", "verdict": "NoEvidence"}, ""),
    ],
)
def test_requests_are_filtered_and_sorted(options: dict[str, Any], names: str) -> None:
    assert [found.name[0] for found in chosen(ROWS, **options)] == names.split()


def test_a_row_has_what_is_known_and_a_request_without_a_status_waits() -> None:
    new = row_of({"metadata": {"name": "new", "namespace": "x"}, "spec": {"source": {"uri": "s3://m/x"}}})
    table = cells([ROWS[0], new], NOW, namespaces=True, wide=True)
    assert table[0] == ["NAMESPACE", "NAME", "VERDICT", "SCORE", "STATUS", "PROGRESS", "AGE", "SOURCE"]
    assert table[1] == ["default", "b-fake", "LikelyFake", "98", "Completed", "100 %", "90m", "s3://media/x"]
    assert table[2] == ["x", "new", "-", "-", "Pending", "0 %", "-", "s3://m/x"]
    assert new.waits


def test_top_counts_slots_the_queue_and_the_last_hour() -> None:
    status = {"readyReplicas": 3, "queued": 7, "running": 5}
    pool = Analyzer.model_validate(
        {"metadata": {"name": "audio"}, "spec": {"image": "x", "concurrency": 2}, "status": status}
    )
    load = Load([pool], ROWS, NOW)
    assert load.pool_cells()[1] == ["audio", "3", "5", "6", "5", "7", "Unknown"]
    assert load.queue() == [("default", 2, 0), ("bank", 0, 1)]
    assert load.verdicts() == {"CorruptMedia": 1, "NoEvidence": 1}
    assert Load(None, [], NOW).document() == {"pools": None, "queue": [], "lastHour": {}}


class TestUntrustedTexts:
    def printed(self, *, width: int = 60) -> tuple[Console, io.StringIO]:
        out = io.StringIO()
        return Console(file=out, width=width, force_terminal=False), out

    def test_control_characters_and_changes_of_direction_are_shown_as_what_they_are(self) -> None:
        assert visible(EVIL) == r"red\x1b[31m \u202egnp.exe\x07\r"
        assert visible("할머니 \U0001f468\u200d\U0001f469") == "할머니 \U0001f468\u200d\U0001f469"
        assert visible("\udcff\n") == r"\udcff\n"

    @pytest.mark.parametrize("way", ["text", "grid", "wrapped"])
    def test_no_way_to_print_lets_them_through(self, way: str) -> None:
        console, out = self.printed()
        if way == "text":
            print_text(console, f"{EVIL}\nsecond")
        elif way == "grid":
            print_grid(console, [["A"], [EVIL]])
        else:
            print_wrapped(console, EVIL)
        assert r"\x1b[31m" in out.getvalue()
        assert not set(out.getvalue()) & set("\x1b\u202e\x07\r")

    @pytest.mark.parametrize("form", [Format.JSON, Format.YAML, Format.NAME])
    def test_documents_are_ascii(self, form: Format, capsys: pytest.CaptureFixture[str]) -> None:
        print_objects([{"metadata": {"name": EVIL, "managedFields": [1]}}], form)
        out = capsys.readouterr().out
        assert out.isascii()
        assert "\x1b" not in out
        assert "managedFields" not in out
        if form is not Format.NAME:
            loaded = json.loads(out) if form is Format.JSON else yaml.safe_load(out)
            assert loaded["items"][0]["metadata"]["name"] == EVIL


def test_sentences_are_broken_at_the_width_and_tables_never() -> None:
    out = io.StringIO()
    console = Console(file=out, width=40)
    print_wrapped(console, "word " * 20, indent="  - ")
    assert max(map(len, out.getvalue().splitlines())) <= 40
    print_grid(console, [["NAME", "N"], ["x" * 60, "7"]], right=(1,))
    assert out.getvalue().splitlines()[-1] == f"{'x' * 60}   7"


@pytest.mark.parametrize(
    ("error", "becomes", "sentence"),
    [
        (Forbidden("GET apis/x: 403 nobody may list"), NotAllowed, "You may not do this here: nobody may list."),
        (ApiUnavailable("GET apis/x: 401 Unauthorized"), NoCluster, "The cluster does not answer: Unauthorized."),
    ],
)
def test_errors_are_plain(error: Exception, becomes: type[Exception], sentence: str) -> None:
    with pytest.raises(becomes) as raised, plainly():
        raise error
    assert str(raised.value).startswith(sentence)


class TestUploads:
    @pytest.mark.parametrize("recording", ["Call of Mum.wav", "s3://media/2026/11.01.mp3", "통화.m4a", "-", "x" * 90])
    def test_a_name_is_made_that_the_api_server_takes(self, recording: str) -> None:
        name = storage.name_for(recording)
        assert name == name.strip("-")
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert len(name) <= 60
        assert storage.name_for(recording) != name

    @pytest.mark.parametrize("file", ["..", "a b\u202e.wav", "통화 1.m4a", "x/../y.wav"])
    def test_a_target_hides_nothing_and_overwrites_nothing(self, file: str) -> None:
        uri = storage.target_for(Path(file), "s3://media/inbox/", "call-7")
        assert uri.startswith("s3://media/inbox/call-7/")
        assert is_plain(uri)

    def test_a_target_that_is_no_prefix_is_refused(self) -> None:
        for folder in ("media", "s3://media", "s3://media/inbox"):
            with pytest.raises(Refused):
                storage.target_for(Path("x.wav"), folder, "n")
