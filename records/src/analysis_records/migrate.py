"""Brings the tables up to date. Any number of processes may do so at once: one migrates, the others wait for it."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, exc, text

from analysis_records.address import Address, now
from analysis_records.database import connect_arguments, driver_url
from analysis_records.errors import DatabaseUnavailable

_LOCK = 0x53494C564552  # "SILVER"
_LOCK_SECONDS = 60
_TABLE_LOCK_SECONDS = 5
"""Everybody else waits behind a step that waits for a table: it rather gives up, and is tried again."""
_STATEMENT_SECONDS = 600


def migrate(address: Address) -> None:
    """Make or upgrade the tables, in one transaction. On tables that are up to date it needs no right to change any.

    Raises:
        DatabaseUnavailable: it cannot be reached, refuses, another process has been migrating for a minute, or a step
            waited for a table for 5 s or took 10 minutes.
    """
    config = _config()
    engine = create_engine(driver_url(now(address)), connect_args=connect_arguments())
    try:
        with engine.begin() as connection:
            connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            connection.execute(text(f"SET LOCAL lock_timeout = '{_TABLE_LOCK_SECONDS}s'"))
            connection.execute(text(f"SET LOCAL statement_timeout = '{_STATEMENT_SECONDS}s'"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except exc.DBAPIError as error:
        raise DatabaseUnavailable(f"not migrated: {str(error.orig).partition(chr(10))[0]}") from error
    finally:
        engine.dispose()


def steps() -> list[str]:
    """Return the names of all steps, the newest first."""
    return [step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions()]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
