"""What the world outside says of a request: its row in PostgreSQL, and what its waiting task was told."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from typing import Any

import psycopg

from tests.faults.aws import token_of
from tests.support.operator.machines import StepFunctionsServer
from tests.support.records.postgres import Postgres

_BURIED = """
CREATE TABLE IF NOT EXISTS marked_deleted (uid uuid);
CREATE OR REPLACE FUNCTION note_burial() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO marked_deleted VALUES (NEW.uid); RETURN NEW; END';
CREATE OR REPLACE TRIGGER note_burial AFTER UPDATE ON analyses FOR EACH ROW
  WHEN (NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL) EXECUTE FUNCTION note_burial();
"""
_ROW = """
SELECT uid::text, resource_version::text, status, reason, deleted_at IS NOT NULL,
  uid IN (SELECT uid FROM marked_deleted) FROM analyses WHERE name = %s
"""
_HISTORY = "SELECT count(*) FROM transitions JOIN analyses USING (uid) WHERE name = %s AND transitions.reason = %s"
_ENDS = """
SELECT name, analyses.reason, analyses.verdict, (status->'analyses'->0->>'attempts')::int
  FROM analyses JOIN transitions USING (uid) WHERE finished_at IS NOT NULL AND transitions.reason = analyses.reason
"""


class Witness:
    """A database that remembers each time a row was marked as deleted, and tasks that wait."""

    def __init__(self, postgres: Postgres, machines: StepFunctionsServer) -> None:
        self._postgres = postgres
        self._machines = machines

    def prepared(self) -> bool:
        """Let the database note every deletion from now on; return False while it has no tables yet."""
        with self._postgres.connect() as connection:
            if connection.execute("SELECT to_regclass('transitions')").fetchone() == (None,):
                return False
            connection.execute(_BURIED)
        return True

    def wait(self, name: str) -> str:
        """Let a task wait for a request, and return its token."""
        self._machines.waiting.add(token_of(name))
        return token_of(name)

    def knows(self, name: str) -> bool:
        """Return whether the database has a request of this name, once it answers."""
        query = "SELECT 1 FROM analyses WHERE name = %s LIMIT 1"
        while True:
            try:
                with self._postgres.connect() as connection:
                    return connection.execute(query, [name]).fetchone() is not None
            except psycopg.OperationalError:
                time.sleep(1)

    def ends(self) -> dict[str, Counter[tuple[Any, ...]]]:
        """Return the ends in the database by name: each with reason, verdict and attempts, once for each row of it."""
        ends: dict[str, Counter[tuple[Any, ...]]] = defaultdict(Counter)
        with self._postgres.connect() as connection:
            for name, *end in connection.execute(_ENDS):
                ends[str(name)][tuple(end)] += 1
        return ends

    def answers(self, name: str) -> int:
        """Return how many answers a request's task took."""
        return len(self._machines.of(token_of(name)))

    def of_row(self, name: str, item: dict[str, Any] | None, *, needed: bool = True) -> list[str]:
        """Return what is wrong with the row of a request as it is now; None: it was deleted.

        Args:
            name: of the request.
            item: the request.
            needed: whether one that was deleted must have a row.
        """
        with self._postgres.connect() as connection:
            rows = connection.execute(_ROW, [name]).fetchall()
            if item is not None:
                reason = condition(item, "Succeeded")["reason"]
                ends = connection.execute(_HISTORY, [name, reason]).fetchone()
        if item is None:
            told = [bool(row[4]) for row in rows]
            right = told == [True] or (not told and not needed)
            return [] if right else [f"{len(told)} rows of a request that was deleted, {sum(told)} say so"]
        meta, status = item["metadata"], item.get("status")
        wanted = [(meta["uid"], meta["resourceVersion"], status, reason, False, False)]
        if rows != wanted:
            return [f"its rows are {_short(rows)} instead of {_short(wanted)}"]
        return [] if ends == (1,) else [f"its end is {ends} times in the history"]

    def of_token(self, name: str, item: dict[str, Any] | None, *, nobody_waited: bool) -> list[str]:
        """Return what is wrong with the answers to a request's task, and with what its status says of them."""
        answers = self._machines.of(token_of(name))
        if nobody_waited:
            return [f"{len(answers)} answers to a task that had timed out"] if answers else []
        if len(answers) != 1:
            return [f"its task was answered {len(answers)} times"]
        if item is None:
            error = answers[0].get("error")
            return [] if error == "Deleted" else [f"its task was told {error} instead of Deleted"]
        said, delivered = _answer_facts(answers[0]), condition(item, "CallbackDelivered")
        wanted = _end(item)
        problems = [f"its task was told {said} instead of {wanted}"] if said != wanted else []
        return problems if delivered["status"] == "True" else [*problems, f"CallbackDelivered is {delivered}"]


def _answer_facts(answer: dict[str, Any]) -> tuple[Any, ...]:
    if answer["action"] == "SendTaskFailure":
        return (answer["error"],)
    output = json.loads(answer["output"])
    return output["uid"], output["reason"], output["verdict"], output["score"]


def _end(item: dict[str, Any]) -> tuple[Any, ...]:
    succeeded, status = condition(item, "Succeeded"), item["status"]
    if succeeded["status"] != "True":
        return (succeeded["reason"],)
    return item["metadata"]["uid"], succeeded["reason"], status["verdict"], status["score"]


def condition(item: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return a condition of a request, or one that says nothing."""
    conditions = item.get("status", {}).get("conditions", [])
    unknown = {"status": "Unknown", "reason": ""}
    return next((entry for entry in conditions if entry["type"] == kind), unknown)


def _short(rows: list[Any]) -> str:
    return str([tuple(field for field in row if not isinstance(field, dict)) for row in rows])
