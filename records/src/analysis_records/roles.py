"""The role that reads records and can do nothing else: for the status API, which the internet reaches."""

from __future__ import annotations

from sqlalchemy import create_engine, exc, text

from analysis_records.address import Address, now
from analysis_records.database import connect_arguments, driver_url
from analysis_records.errors import DatabaseUnavailable, RecordsError
from analysis_records.tables import metadata

_LONGEST = 63


def make_reader(address: Address, name: str, password: str) -> None:
    """Make a role that may read the tables, or give the one that is there this password and these rights alone.

    Args:
        address: of the database, by a role that may make roles.
        name: of the reader.
        password: of the reader.

    Raises:
        RecordsError: the database refuses, or cannot be reached.
    """
    if not name or len(name) > _LONGEST or not password:
        raise RecordsError("name the role, in at most 63 characters, and give it a password")
    engine = create_engine(driver_url(now(address)), connect_args=connect_arguments())
    try:
        with engine.begin() as connection:
            preparer = engine.dialect.identifier_preparer
            role, tables = preparer.quote_identifier(name), ", ".join(map(preparer.quote, metadata.tables))
            known = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name}).first()
            # A statement that makes a role takes no parameters: the server itself quotes the password.
            quoted = connection.execute(text("SELECT quote_literal(:password)"), {"password": password}).scalar_one()
            verb = "ALTER" if known else "CREATE"
            rights = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
            connection.exec_driver_sql(f"{verb} ROLE {role} {rights} PASSWORD {_escaped(quoted)}")
            connection.exec_driver_sql(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
            connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {role}")
            connection.exec_driver_sql(f"GRANT SELECT ON {tables} TO {role}")
            connection.exec_driver_sql(f"ALTER ROLE {role} SET default_transaction_read_only = on")
    except exc.DBAPIError as error:
        raise DatabaseUnavailable(f"no role was made: {str(error.orig).partition(chr(10))[0]}") from None
    finally:
        engine.dispose()


def _escaped(statement: str) -> str:
    return statement.replace("%", "%%")
