"""Find a namespace's unfinished requests, however many have finished."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NAME = "analyses_unfinished"


def upgrade() -> None:
    """Make the index."""
    open_rows = sa.text("finished_at IS NULL AND deleted_at IS NULL")
    op.create_index(_NAME, "analyses", ["namespace"], postgresql_where=open_rows)


def downgrade() -> None:
    """Drop it."""
    op.drop_index(_NAME, "analyses")
