"""Connections, bounded in time, and errors of our own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event, exc, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from analysis_records.address import Address, now
from analysis_records.errors import DatabaseUnavailable, RecordsError, RowRefused, SchemaOutdated

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 5
_GRACE_SECONDS = 3.0
"""The server ends a statement that takes too long. If the server is silent, this side gives up this much later.

Psycopg then tries for ten seconds to have the statement ended: an answer that does not come is an error after 23 s.
"""
_IDLE_SECONDS = 10
"""A client whose machine is gone in the middle of a transaction keeps its rows locked for so long, and no longer."""
_LIMITS = text(
    "SELECT set_config('statement_timeout', :statement, true),"
    " set_config('idle_in_transaction_session_timeout', :idle, true)"
)
_UNDEFINED = {"42P01", "42703"}  # undefined_table, undefined_column
_DATA = {"22", "23"}  # classes: data exception, integrity constraint violation


def driver_url(url: str) -> URL:
    """Return the URL with the driver that this package uses: ``postgresql://USER:PASSWORD@HOST:PORT/DATABASE``.

    Raises:
        RecordsError: the URL does not name a PostgreSQL database.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:  # its message repeats the URL, with the password
        raise RecordsError("the database's URL cannot be read: write postgresql://USER:PASSWORD@HOST/NAME") from None
    if parsed.get_backend_name() not in {"postgresql", "postgres"}:
        raise RecordsError(f"the database's URL begins with {parsed.drivername}://, and must with postgresql://")
    return parsed.set(drivername="postgresql+psycopg")


def connect_arguments() -> dict[str, Any]:
    """Return the arguments of every connection: time limits, and no prepared statements, for the sake of poolers."""
    return {
        "connect_timeout": CONNECT_SECONDS,
        "prepare_threshold": None,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
        "application_name": "silver-guardian",
    }


def make_engine(address: Address, connections: int) -> AsyncEngine:
    """Return an engine that opens at most `connections` connections, the first one at its first use.

    Raises:
        RecordsError: the URL does not name a PostgreSQL database.
    """
    engine = create_async_engine(
        driver_url(now(address)),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args=connect_arguments(),
    )

    @event.listens_for(engine.sync_engine, "do_connect")
    def with_the_newest_password(dialect: Any, _record: Any, _given: Any, parameters: dict[str, Any]) -> None:  # noqa: ANN401 - SQLAlchemy's own
        if not isinstance(address, str):
            parameters.update(dialect.create_connect_args(driver_url(address()))[1])

    return engine


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Yield a connection in a transaction, with a time limit that holds even if the server or the network is silent.

    Raises:
        DatabaseUnavailable, SchemaOutdated, RowRefused.
    """
    try:
        async with asyncio.timeout(CONNECT_SECONDS + STATEMENT_SECONDS + _GRACE_SECONDS), engine.begin() as connection:
            await connection.execute(_LIMITS, {"statement": f"{STATEMENT_SECONDS}s", "idle": f"{_IDLE_SECONDS}s"})
            yield connection
    except TimeoutError as error:  # of asyncio, or of the pool
        raise DatabaseUnavailable("the database does not answer in time") from error
    except exc.DBAPIError as error:
        raise _records_error(error) from error
    except exc.SQLAlchemyError as error:
        raise DatabaseUnavailable(f"no connection to the database ({type(error).__name__})") from error
    except OSError as error:
        raise DatabaseUnavailable(f"the database cannot be reached: {error.strerror or error}") from error


def _records_error(error: exc.DBAPIError) -> RecordsError:
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state in _UNDEFINED:
        return SchemaOutdated("the database's tables are missing or too old: run guardian database migrate")
    first = str(error.orig).partition("\n")[0]
    if state[:2] in _DATA:
        return RowRefused(f"the database cannot store a value (SQLSTATE {state})")
    return DatabaseUnavailable(f"the database refused: {first}" if state else f"no connection: {first}")
