"""Records in a real PostgreSQL: replays, reordering, and what a reader sees."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from analysis_operator.cli import database
from analysis_records.__main__ import main
from analysis_records.database import driver_url, make_engine, transaction
from analysis_records.errors import DatabaseUnavailable, RecordsError, RowRefused, SchemaOutdated
from analysis_records.migrate import migrate, steps
from analysis_records.reader import Reader
from analysis_records.tables import metadata
from analysis_records.upsert import HISTORY, UPSERT, encoded
from analysis_records.writer import Writer
from tests.support.ports import free_port
from tests.support.records.rows import NOW, finished, row
from tests.support.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.integration

UID = row().uid
_TIMEOUTS = ("statement", "idle_in_transaction_session")


@pytest.fixture
async def writer(empty: str) -> AsyncIterator[Writer]:
    migrate(empty)
    store = Writer(empty)
    yield store
    await store.close()


@pytest.fixture
async def reader(empty: str) -> AsyncIterator[Reader]:
    store = Reader(empty)
    yield store
    await store.close()


def test_migrations_make_the_tables_that_the_code_knows_and_a_second_run_changes_nothing(empty: str) -> None:
    migrate(empty)
    migrate(empty)
    with create_engine(driver_url(empty)).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_no_step_of_a_migration_holds_up_others_for_long(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[str] = []

    def step(config: Config, _revision: str) -> None:
        shown = config.attributes["connection"].execute
        limits.extend(shown(text(f"SHOW {name}")).scalar() for name in ("lock_timeout", "statement_timeout"))

    monkeypatch.setattr("analysis_records.migrate.command.upgrade", step)
    migrate(empty)
    assert limits == ["5s", "10min"]


def test_processes_that_migrate_at_once_wait_for_each_other(empty: str) -> None:
    failures: list[Exception] = []

    def one() -> None:
        try:
            migrate(empty)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_role_that_may_change_no_tables_finds_that_there_is_nothing_to_migrate(empty: str) -> None:
    migrate(empty)
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS plain")
        connection.execute("CREATE ROLE plain LOGIN")
        connection.execute("GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO plain")
    migrate(empty.replace("guardian@", "plain@"))


def test_the_command_says_what_is_wrong_without_the_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["analysis_records", "migrate"])
    monkeypatch.setenv("GUARDIAN_DATABASE_URL", f"postgresql://me:hush@127.0.0.1:{free_port()}/none")
    assert main() == 1
    error = capsys.readouterr().err
    assert "refused" in error
    assert "hush" not in error


def test_guardian_database_migrate_makes_the_tables_or_says_why_not(empty: str) -> None:
    done = CliRunner().invoke(database.app, ["migrate"], env={"GUARDIAN_DATABASE_URL": empty})
    assert (done.exit_code, done.stdout) == (0, f"The tables are up to date: step {steps()[0]}.\n")
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT count(*) FROM analyses").fetchone() == (0,)
    nowhere = f"postgresql://me:hush@127.0.0.1:{free_port()}/none"
    refused = CliRunner().invoke(database.app, ["migrate"], env={"GUARDIAN_DATABASE_URL": nowhere})
    assert refused.exit_code == 1
    assert "refused" in refused.output
    assert "hush" not in refused.output


def test_it_is_postgresql_or_nothing() -> None:
    with pytest.raises(RecordsError, match="must with postgresql"):
        Writer("mysql://me:hush@host/name")
    with pytest.raises(RecordsError, match="cannot be read"):
        Writer("hush")


async def test_a_row_is_read_as_it_was_written(writer: Writer, reader: Reader) -> None:
    assert await writer.upsert([finished()]) == 1
    record = await reader.get("default", UID)
    assert record is not None
    assert (record.verdict, record.score, record.reason, record.revision) == ("Suspicious", 85, "Completed", 1)
    assert record.finished_at == NOW + timedelta(minutes=1)
    assert record.spec == {"source": {"uri": "s3://media/call.wav"}}
    assert await reader.get("another", UID) is None, "a namespace sees only its own"
    assert await reader.revision("default", UID) == 1
    assert await reader.revision("another", UID) is None


async def test_an_end_that_two_writers_write_at_once_is_once_in_the_history(
    writer: Writer, reader: Reader, empty: str
) -> None:
    await writer.upsert([row(version=10)])
    engine = make_engine(empty, connections=1)  # of an operator whose commit is late
    async with transaction(engine) as connection:
        await connection.execute(UPSERT, {"batch": encoded([finished(version=20)])})
        await connection.execute(HISTORY, {"uids": [UID], "times": [NOW]})
        later = asyncio.create_task(writer.upsert([finished(version=30, status={"conditions": ["newer"]})]))
        await _until_one_waits_for_a_lock(empty)
    assert await later == 1
    await engine.dispose()
    assert [step.reason for step in await reader.history("default", UID)] == ["Queued", "Completed"]


async def _until_one_waits_for_a_lock(database: str) -> None:
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with psycopg.connect(database, autocommit=True) as connection:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while connection.execute(waits).fetchone() == (0,):  # noqa: ASYNC110 - it has no event of its own
                await asyncio.sleep(0.01)


async def test_a_client_that_is_gone_in_a_transaction_keeps_no_row_locked(empty: str) -> None:
    engine = make_engine(empty, connections=1)
    async with transaction(engine) as connection:
        limits = [(await connection.execute(text(f"SHOW {name}_timeout"))).scalar_one() for name in _TIMEOUTS]
    await engine.dispose()
    assert limits == ["5s", "10s"]


async def test_only_what_was_deleted_long_ago_is_forgotten(writer: Writer, reader: Reader) -> None:
    old, young, there = (row(number) for number in (1, 2, 3))
    await writer.upsert([old, young, there])
    await writer.mark_deleted({old.uid: NOW - timedelta(days=31), young.uid: NOW - timedelta(days=29)})
    assert await writer.forget(NOW - timedelta(days=30)) == 1
    assert set(await reader.revisions([old.uid, young.uid, there.uid])) == {young.uid, there.uid}
    assert await reader.history("default", old.uid) == ()


async def test_a_replay_in_any_order_leaves_the_newest_state_and_adds_no_history(
    writer: Writer, reader: Reader
) -> None:
    states = [
        row(version=10),
        row(version=12, reason="Running", progress=40, status={"progress": 40}),
        row(version=14, reason="Running", progress=80, status={"progress": 80}),
        finished(version=20),
    ]
    for state in states:
        assert await writer.upsert([state]) == 1
    before = await reader.get("default", UID)
    history = await reader.history("default", UID)
    assert [(transition.reason, transition.verdict) for transition in history] == [
        ("Queued", None),
        ("Running", None),
        ("Completed", "Suspicious"),
    ]
    for state in [*reversed(states), *states]:
        assert await writer.upsert([state]) == 0
    assert await writer.upsert([*states, *states]) == 0
    assert await reader.get("default", UID) == before
    assert await reader.history("default", UID) == history
    assert before is not None
    assert before.revision == 4


async def test_the_revision_grows_only_with_a_real_change(writer: Writer, reader: Reader) -> None:
    await writer.upsert([row(version=10)])
    await writer.upsert([row(version=11)])
    first = await reader.get("default", UID)
    await writer.upsert([row(version=12, priority=5, spec={"priority": 5})])
    second = await reader.get("default", UID)
    assert first is not None
    assert second is not None
    assert (first.revision, first.resource_version) == (1, 11)
    assert (second.revision, second.priority) == (2, 5)
    assert second.updated_at > first.updated_at


CHANGED_ENDS: list[dict[str, Any]] = [
    {"verdict": "NoEvidence"},
    {"verdict": None},
    {"score": 3},
    {"finished_at": NOW + timedelta(hours=1)},
    {"finished_at": None, "reason": "Running"},
]


@pytest.mark.parametrize("change", CHANGED_ENDS, ids=str)
async def test_the_end_of_a_finished_row_never_changes(writer: Writer, reader: Reader, change: dict[str, Any]) -> None:
    await writer.upsert([finished(version=20)])
    before = await reader.get("default", UID)
    assert await writer.upsert([finished(version=30, **change)]) == 0
    assert await reader.get("default", UID) == before
    assert await writer.upsert([finished(version=40, status={"conditions": ["newer"]})]) == 1, "the rest may"


async def test_a_deletion_is_marked_once_and_the_record_stays(writer: Writer, reader: Reader) -> None:
    await writer.upsert([row(1), row(2)])
    assert await writer.live() == {row(1).uid: 10, row(2).uid: 10}
    await writer.mark_deleted({UID: NOW, row(99).uid: NOW})
    await writer.mark_deleted({UID: NOW + timedelta(hours=1)})
    record = await reader.get("default", UID)
    assert record is not None
    assert (record.deleted_at, record.revision) == (NOW, 2)
    assert await writer.live() == {row(2).uid: 10}


async def test_pages_have_every_record_once_newest_first_though_times_are_equal(writer: Writer, reader: Reader) -> None:
    await writer.upsert([row(number, created_at=NOW + timedelta(seconds=number // 3)) for number in range(1, 11)])
    await writer.upsert([row(50, namespace="another")])
    names, after = [], None
    while True:
        page = await reader.list("default", after, 4)
        names += [record.name for record in page.records]
        after = page.next
        if after is None:
            break
        await writer.upsert([row(100 + len(names))])  # a newer one does not shift the pages
    assert names == [f"call-{number}" for number in range(10, 0, -1)]
    assert (await reader.list("nobody", None, 4)).records == ()


async def test_text_that_postgresql_cannot_hold_is_written_all_the_same(writer: Writer, reader: Reader) -> None:
    hostile = "s3://media/a\0b\ud800\\u0000'; DROP TABLE analyses; --"
    await writer.upsert([row(source_uri=hostile, spec={"source": {"uri": hostile}, "k\0": [hostile]})])
    record = await reader.get("default", UID)
    assert record is not None
    assert record.source_uri == "s3://media/a\ufffdb?\\u0000'; DROP TABLE analyses; --"
    assert record.spec["source"]["uri"] == record.source_uri


async def test_a_value_without_a_place_is_refused_by_name(writer: Writer) -> None:
    with pytest.raises(RowRefused):
        await writer.upsert([row(uid="not-a-uuid")])


async def test_two_writers_of_the_same_rows_do_not_block_each_other(empty: str, writer: Writer, reader: Reader) -> None:
    other = Writer(empty)
    rows = [row(number, version) for version in (10, 11) for number in range(1, 100)]
    await asyncio.gather(
        *(
            store.upsert(part)
            for store in (writer, other)
            for part in (rows, list(reversed(rows)), rows[50:], rows[:150])
        )
    )
    await other.close()
    assert set((await writer.live()).values()) == {11}
    assert len(await reader.history("default", UID)) == 1


async def test_what_is_not_there_is_said_by_its_name(empty: str) -> None:
    missing, nowhere = Reader(empty), Reader(f"postgresql://guardian@127.0.0.1:{free_port()}/none")
    with pytest.raises(SchemaOutdated, match="guardian database migrate"):
        await missing.get("default", UID)
    with pytest.raises(DatabaseUnavailable):
        await nowhere.list("default", None, 1)
    await missing.close()
    await nowhere.close()
