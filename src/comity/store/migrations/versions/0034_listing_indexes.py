"""Listings: one organisation's reports and one stage's cases, newest first, without sorting all of them."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each index by one column gives way to one that is already in the order of the page."""
    op.drop_index("ix_reports_organisation", table_name="reports")
    op.create_index("ix_reports_organisation_received_at", "reports", ["organisation", "received_at", "id"])
    op.drop_index("ix_cases_stage", table_name="cases")
    op.create_index("ix_cases_stage_opened_at", "cases", ["stage", "opened_at", "id"])
