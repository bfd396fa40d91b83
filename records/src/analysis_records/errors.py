"""What can go wrong with the database.

RecordsError
├── DatabaseUnavailable  it is down, slow, or full, or refuses the connection: the same call may work later
│   └── SchemaOutdated   its tables are missing or older than this code: they have to be migrated
└── RowRefused           a value that no column takes: the same call never works
"""

from __future__ import annotations


class RecordsError(Exception):
    """Base of all of them. Messages name no password and no value of a row."""


class DatabaseUnavailable(RecordsError):
    """The database did not answer in time, or refused."""


class SchemaOutdated(DatabaseUnavailable):
    """The tables are missing or too old."""


class RowRefused(RecordsError):
    """A row holds what the database cannot store."""
