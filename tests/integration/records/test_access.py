"""Who reaches the database, and with what: roles, passwords that change, and a server that is not the right one."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from analysis_operator.cli import database
from analysis_records.__main__ import main
from analysis_records.address import UrlFile
from analysis_records.errors import DatabaseUnavailable, RecordsError
from analysis_records.migrate import migrate
from analysis_records.reader import Reader
from analysis_records.roles import make_reader
from analysis_records.writer import Writer
from tests.support.records.postgres import Postgres
from tests.support.records.rows import row

pytestmark = pytest.mark.integration

READER = "status"


@pytest.fixture
def guarded(empty: str, postgres: Postgres) -> Iterator[str]:
    """A database with one row, whose reader has to show a password."""
    migrate(empty)
    make_reader(empty, READER, "first % 'one'")
    rules = Path(postgres.setting("hba_file"))
    before = rules.read_text()
    rules.write_text(f"host all {READER} 127.0.0.1/32 scram-sha-256\n{before}")
    postgres.reload()
    yield empty
    rules.write_text(before)
    postgres.reload()


def as_reader(url: str, password: str) -> str:
    return url.replace("guardian@", f"{READER}:{password}@")


FIRST, SECOND = "first%20%25%20'one'", "second"


async def test_the_reader_reads_and_can_do_nothing_else(guarded: str) -> None:
    writer, reader = Writer(guarded), Reader(as_reader(guarded, FIRST))
    await writer.upsert([row()])
    assert (await reader.get("default", row().uid)) is not None
    attacks = (
        "UPDATE analyses SET verdict = 'NoEvidence'",
        "DELETE FROM analyses",
        "INSERT INTO transitions VALUES (gen_random_uuid(), 1, now(), 'Completed', 'NoEvidence', 0)",
        "DROP TABLE analyses",
        "CREATE TABLE mine (a int)",
        "ALTER ROLE guardian PASSWORD 'mine'",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY analyses TO PROGRAM 'id'",
    )
    for attack in attacks:
        with psycopg.connect(as_reader(guarded, FIRST), autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(attack)
    thief = Writer(as_reader(guarded, FIRST))
    with pytest.raises(DatabaseUnavailable, match="refused"):
        await thief.upsert([row(version=99, verdict="NoEvidence")])
    for each in (writer, reader, thief):
        await each.close()


def test_the_pods_own_command_makes_it_by_a_password_that_no_argument_shows(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(empty)
    (tmp_path / "url").write_text(empty)
    monkeypatch.setenv("GUARDIAN_DATABASE_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setattr("sys.argv", ["analysis_records", "reader", READER])
    monkeypatch.setattr("sys.stdin", io.StringIO("third\n"))
    assert main() == 0
    with psycopg.connect(as_reader(empty, "third")) as connection:
        assert connection.execute("SELECT count(*) FROM analyses").fetchone() == (0,)
    monkeypatch.setattr("sys.argv", ["analysis_records", "reader"])
    assert main() == 2


async def test_a_changed_password_costs_no_read_once_the_file_has_it(guarded: str, tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(as_reader(guarded, FIRST) + "\n")
    reader = Reader(UrlFile(file), connections=1)
    assert await reader.revision("default", row().uid) is None
    done = CliRunner().invoke(
        database.app, ["reader", READER], env={"GUARDIAN_DATABASE_URL": guarded, "GUARDIAN_READER_PASSWORD": SECOND}
    )
    assert (done.exit_code, SECOND in done.output) == (0, False)
    assert await reader.revision("default", row().uid) is None, "what is connected stays so"
    with psycopg.connect(guarded, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [READER])
    with pytest.raises(DatabaseUnavailable) as refused:
        await reader.revision("default", row().uid)
    assert "first" not in str(refused.value)
    file.write_text(as_reader(guarded, SECOND))
    assert await reader.revision("default", row().uid) is None
    file.unlink()
    assert await reader.revision("default", row().uid) is None, "a connection that is there needs no file"
    await reader.close()


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="cannot be read"):
        Reader(UrlFile(tmp_path / "none"))


def test_a_role_without_a_password_is_not_made(empty: str) -> None:
    with pytest.raises(RecordsError, match="password"):
        make_reader(empty, READER, "")


def certificate(folder: Path, name: str, signer: str | None = None) -> Path:
    """Make a key and a certificate for a name; one without a signer signs itself."""
    signed: list[str | Path] = ["-CA", folder / f"{signer}.crt", "-CAkey", folder / f"{signer}.key"] if signer else []
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    files: list[str | Path] = ["-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt"]
    subprocess.run([*command, *files, *signed], check=True, capture_output=True)
    return folder / f"{name}.crt"


@pytest.fixture
def encrypted(empty: str, postgres: Postgres, tmp_path: Path) -> Iterator[str]:
    """A database on a server that shows a certificate for localhost."""
    authority = certificate(tmp_path, "authority")
    certificate(tmp_path, "localhost", "authority")
    data = Path(postgres.setting("data_directory"))
    postgres.place(tmp_path / "localhost.crt", data / "server.crt")
    postgres.place(tmp_path / "localhost.key", data / "server.key")
    with postgres.connect() as connection:
        connection.execute("ALTER SYSTEM SET ssl = on")
    postgres.reload()
    migrate(empty)
    yield f"{empty}?sslrootcert={authority}"
    with postgres.connect() as connection:
        connection.execute("ALTER SYSTEM RESET ssl")
    postgres.reload()


async def test_a_server_that_is_not_the_right_one_gets_no_password(
    encrypted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")  # as the chart has it
    named = encrypted.replace("127.0.0.1", "localhost")
    stranger = certificate(tmp_path, "stranger")
    good, other_name = Reader(named), Reader(encrypted)
    other_authority = Reader(named.partition("?")[0] + f"?sslrootcert={stranger}")
    assert await good.revision("default", row().uid) is None
    for wrong in (other_name, other_authority):
        with pytest.raises(DatabaseUnavailable, match="certificate"):
            await wrong.revision("default", row().uid)
    for each in (good, other_name, other_authority):
        await each.close()
