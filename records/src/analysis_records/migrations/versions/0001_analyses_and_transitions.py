"""One row for each AnalysisRequest, and how it got there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "analyses",
        sa.Column("uid", sa.Uuid(), primary_key=True),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source_uri", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("started_at", _TIME),
        sa.Column("finished_at", _TIME),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text()),
        sa.Column("score", sa.SmallInteger()),
        sa.Column("progress", sa.SmallInteger(), nullable=False),
        sa.Column("report_uri", sa.Text()),
        sa.Column("spec", JSONB(), nullable=False),
        sa.Column("status", JSONB(), nullable=False),
        sa.Column("resource_version", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("deleted_at", _TIME),
    )
    op.create_index("analyses_by_age", "analyses", ["namespace", sa.text("created_at DESC"), sa.text("uid DESC")])
    op.create_index("analyses_live", "analyses", ["uid"], postgresql_where=sa.text("deleted_at IS NULL"))
    op.create_table(
        "transitions",
        sa.Column("uid", sa.Uuid(), sa.ForeignKey("analyses.uid", ondelete="CASCADE"), primary_key=True),
        sa.Column("resource_version", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text()),
        sa.Column("score", sa.SmallInteger()),
    )


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("transitions")
    op.drop_table("analyses")
