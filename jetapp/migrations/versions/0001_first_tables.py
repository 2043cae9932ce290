"""first tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.types


revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", models.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=160), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("table_name", sa.String(length=60), nullable=False),
        sa.Column("row_id", sa.String(length=60), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_at"), ["at"], unique=False)
        batch_op.create_index("ix_audit_entry_row", ["table_name", "row_id"], unique=False)

    op.create_table(
        "feed_state",
        sa.Column("url", sa.String(length=300), nullable=False),
        sa.Column("etag", sa.String(length=200), nullable=False),
        sa.Column("last_modified", sa.String(length=60), nullable=False),
        sa.Column("asked_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("read_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("seen", sa.JSON(), nullable=False),
        sa.Column("missing", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_feed_state")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("until", models.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("done_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "prefecture",
        sa.Column("code", sa.String(length=2), nullable=False),
        sa.Column("name_ja", sa.String(length=20), nullable=False),
        sa.Column("name_en", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_prefecture")),
        info={"reference": True},
    )
    op.create_table(
        "safety_check",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("title_en", sa.String(length=200), nullable=False),
        sa.Column("title_ja", sa.String(length=200), nullable=False),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("proposed", "running", "closed", "declined", name="checkstate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.Column("event_at", models.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.String(length=120), nullable=False),
        sa.Column("proposed_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("opened_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=120), nullable=False),
        sa.Column("withdrawn_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("token_expires_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_safety_check")),
        sa.UniqueConstraint("key", name=op.f("uq_safety_check_key")),
    )
    with op.batch_alter_table("safety_check", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_safety_check_state"), ["state"], unique=False)

    op.create_table(
        "sender",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.Enum("sms", "email", name="channel", native_enum=False, length=32), nullable=False),
        sa.Column("address", sa.String(length=120), nullable=False),
        sa.Column("segments_per_second", sa.Double(), nullable=False),
        sa.Column("next_free_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("slow_until", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("paused_reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sender")),
        sa.UniqueConstraint("channel", name=op.f("uq_sender_channel")),
    )
    op.create_table(
        "trigger_rule",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("type_group", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("changed_by", sa.String(length=120), nullable=False),
        sa.Column("changed_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trigger_rule")),
        sa.UniqueConstraint("type_group", "kind", "value", name=op.f("uq_trigger_rule_type_group_kind_value")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column(
            "created_at",
            models.types.UtcDateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.Column("signed_in_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("email", name=op.f("uq_user_account_email")),
    )
    op.create_table(
        "check_area",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("check_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("round_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("area", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("rank", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("coarse", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["check_id"], ["safety_check.id"], name=op.f("fk_check_area_check_id_safety_check"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_area")),
        sa.UniqueConstraint("check_id", "round_number", "area", name=op.f("uq_check_area_check_id_round_number_area")),
    )
    op.create_table(
        "check_round",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("check_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("series", sa.String(length=200), nullable=False),
        sa.Column("event_at", models.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_at", models.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.Column("asked", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("waves_done", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("withdrawn_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["check_id"], ["safety_check.id"], name=op.f("fk_check_round_check_id_safety_check"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_round")),
        sa.UniqueConstraint("check_id", "number", name=op.f("uq_check_round_check_id_number")),
    )
    op.create_table(
        "disaster_key",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("check_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["check_id"], ["safety_check.id"], name=op.f("fk_disaster_key_check_id_safety_check"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disaster_key")),
        sa.UniqueConstraint("key", "drill", name=op.f("uq_disaster_key_key_drill")),
    )
    with op.batch_alter_table("disaster_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_disaster_key_check_id"), ["check_id"], unique=False)

    op.create_table(
        "host",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=5), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("prefecture", "designated_city", name="hostkind", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("name_ja", sa.String(length=40), nullable=False),
        sa.Column("name_en", sa.String(length=60), nullable=False),
        sa.Column("prefecture_code", sa.String(length=2), nullable=False),
        sa.ForeignKeyConstraint(
            ["prefecture_code"], ["prefecture.code"], name=op.f("fk_host_prefecture_code_prefecture")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_host")),
        sa.UniqueConstraint("code", name=op.f("uq_host_code")),
        info={"reference": True},
    )
    op.create_table(
        "municipality",
        sa.Column("code", sa.String(length=5), nullable=False),
        sa.Column("prefecture_code", sa.String(length=2), nullable=False),
        sa.Column("name_ja", sa.String(length=40), nullable=False),
        sa.Column("name_en", sa.String(length=60), nullable=False),
        sa.Column("designated_city", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["prefecture_code"], ["prefecture.code"], name=op.f("fk_municipality_prefecture_code_prefecture")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_municipality")),
        info={"reference": True},
    )
    with op.batch_alter_table("municipality", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_municipality_prefecture_code"), ["prefecture_code"], unique=False)

    op.create_table(
        "telegram",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("identity", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("type", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("info_type", sa.String(length=12), nullable=False),
        sa.Column("event_id", sa.String(length=120), nullable=False),
        sa.Column("serial", sa.String(length=20), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("reported_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("received_at", models.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("unknown_codes", sa.JSON(), nullable=False),
        sa.Column("check_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["check_id"], ["safety_check.id"], name=op.f("fk_telegram_check_id_safety_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_telegram")),
        sa.UniqueConstraint("digest", name=op.f("uq_telegram_digest")),
    )
    with op.batch_alter_table("telegram", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_telegram_check_id"), ["check_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_telegram_identity"), ["identity"], unique=False)
        batch_op.create_index(batch_op.f("ix_telegram_reported_at"), ["reported_at"], unique=False)

    op.create_table(
        "contracting_organisation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("host_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "prefecture",
                "municipality",
                "school_corporation",
                name="organisationkind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name_ja", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("municipality_code", sa.String(length=5), nullable=True),
        sa.Column("coastal", sa.Boolean(), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("night_phone", sa.String(length=20), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.ForeignKeyConstraint(["host_id"], ["host.id"], name=op.f("fk_contracting_organisation_host_id_host")),
        sa.ForeignKeyConstraint(
            ["municipality_code"],
            ["municipality.code"],
            name=op.f("fk_contracting_organisation_municipality_code_municipality"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracting_organisation")),
        sa.UniqueConstraint("code", name=op.f("uq_contracting_organisation_code")),
    )
    with op.batch_alter_table("contracting_organisation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contracting_organisation_host_id"), ["host_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_contracting_organisation_municipality_code"), ["municipality_code"], unique=False
        )

    op.create_table(
        "participant",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("jet_number", sa.String(length=11), nullable=False),
        sa.Column("family_name", sa.String(length=80), nullable=False),
        sa.Column("given_name", sa.String(length=80), nullable=False),
        sa.Column("kana", sa.String(length=120), nullable=False),
        sa.Column("kanji", sa.String(length=60), nullable=False),
        sa.Column("nationality", sa.String(length=2), nullable=False),
        sa.Column(
            "position", sa.Enum("ALT", "CIR", "SEA", name="position", native_enum=False, length=32), nullable=False
        ),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("home_municipality_code", sa.String(length=5), nullable=True),
        sa.Column("home_coastal", sa.Boolean(), nullable=False),
        sa.Column("code_word", sa.String(length=40), nullable=False),
        sa.Column(
            "created_at",
            models.types.UtcDateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["home_municipality_code"],
            ["municipality.code"],
            name=op.f("fk_participant_home_municipality_code_municipality"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant")),
        sa.UniqueConstraint("jet_number", name=op.f("uq_participant_jet_number")),
    )
    with op.batch_alter_table("participant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_participant_family_name"), ["family_name"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_participant_home_municipality_code"), ["home_municipality_code"], unique=False
        )

    op.create_table(
        "contact_point",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("participant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.Enum("sms", "email", name="channel", native_enum=False, length=32), nullable=False),
        sa.Column("value", sa.String(length=254), nullable=False),
        sa.Column("rank", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "unverified",
                "verified",
                "bounced",
                "opted_out",
                "dead",
                name="contactstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("state_reason", sa.String(length=200), nullable=False),
        sa.Column("verified_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_contact_point_participant_id_participant"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_point")),
        sa.UniqueConstraint(
            "participant_id", "channel", "value", name=op.f("uq_contact_point_participant_id_channel_value")
        ),
    )
    with op.batch_alter_table("contact_point", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_point_participant_id"), ["participant_id"], unique=False)
        batch_op.create_index("ix_contact_point_value", ["value"], unique=False)

    op.create_table(
        "membership",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "system", "clair", "host", "organisation", "participant", name="role", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("host_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("participant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "(role = 'clair') or (role = 'host' and host_id is not null) or (role = 'organisation' and organisation_id is not null) or (role = 'participant' and participant_id is not null)",
            name=op.f("ck_membership_scope_of_role"),
        ),
        sa.ForeignKeyConstraint(["host_id"], ["host.id"], name=op.f("fk_membership_host_id_host")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["contracting_organisation.id"],
            name=op.f("fk_membership_organisation_id_contracting_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_membership_participant_id_participant"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_membership_user_id_user_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_membership_user_id"), ["user_id"], unique=False)

    op.create_table(
        "recipient",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("check_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("participant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("host_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("municipality_code", sa.String(length=5), nullable=True),
        sa.Column("prefecture_code", sa.String(length=2), nullable=False),
        sa.Column("reasons", sa.String(length=60), nullable=False),
        sa.Column("severity_kind", sa.String(length=20), nullable=False),
        sa.Column("severity_rank", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("severity_label", sa.String(length=40), nullable=False),
        sa.Column("coarse", sa.Boolean(), nullable=False),
        sa.Column("first_round", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asked_round", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asked_at", models.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("token", sa.String(length=16), nullable=False),
        sa.Column(
            "reach",
            sa.Enum("waiting", "sent", "arrived", "failed", name="reach", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column(
            "answer",
            sa.Enum("safe", "need_help", "unclear", name="answer", native_enum=False, length=32),
            nullable=True,
        ),
        sa.Column("answered_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("answer_round", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("answered_by", sa.String(length=120), nullable=False),
        sa.Column(
            "first_answer",
            sa.Enum("safe", "need_help", "unclear", name="answer", native_enum=False, length=32),
            nullable=True,
        ),
        sa.Column("first_answered_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("taken_by", sa.String(length=120), nullable=False),
        sa.Column("taken_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["check_id"], ["safety_check.id"], name=op.f("fk_recipient_check_id_safety_check"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["host_id"], ["host.id"], name=op.f("fk_recipient_host_id_host")),
        sa.ForeignKeyConstraint(
            ["municipality_code"], ["municipality.code"], name=op.f("fk_recipient_municipality_code_municipality")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["contracting_organisation.id"],
            name=op.f("fk_recipient_organisation_id_contracting_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_recipient_participant_id_participant"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["prefecture_code"], ["prefecture.code"], name=op.f("fk_recipient_prefecture_code_prefecture")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient")),
        sa.UniqueConstraint("check_id", "participant_id", name=op.f("uq_recipient_check_id_participant_id")),
        sa.UniqueConstraint("token", name=op.f("uq_recipient_token")),
        postgresql_with={"fillfactor": 70},
    )
    with op.batch_alter_table("recipient", schema=None) as batch_op:
        batch_op.create_index("ix_recipient_host", ["host_id", "check_id"], unique=False)
        batch_op.create_index("ix_recipient_organisation", ["organisation_id", "check_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_recipient_participant_id"), ["participant_id"], unique=False)

    op.create_table(
        "workplace",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("municipality_code", sa.String(length=5), nullable=False),
        sa.Column("coastal", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_code"], ["municipality.code"], name=op.f("fk_workplace_municipality_code_municipality")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["contracting_organisation.id"],
            name=op.f("fk_workplace_organisation_id_contracting_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workplace")),
        sa.UniqueConstraint("organisation_id", "name", name=op.f("uq_workplace_organisation_id_name")),
    )
    with op.batch_alter_table("workplace", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_workplace_municipality_code"), ["municipality_code"], unique=False)

    op.create_table(
        "inbound_message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider_id", sa.String(length=80), nullable=False),
        sa.Column("from_address", sa.String(length=254), nullable=False),
        sa.Column("to_address", sa.String(length=254), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("media", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("guess", sa.String(length=20), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "answered",
                "waiting",
                "opt_out",
                "opt_in",
                "classified",
                "set_aside",
                name="inboundstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("recipient_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("received_at", models.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("handled_by", sa.String(length=120), nullable=False),
        sa.Column("handled_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["recipient_id"],
            ["recipient.id"],
            name=op.f("fk_inbound_message_recipient_id_recipient"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_message")),
        sa.UniqueConstraint("provider_id", name=op.f("uq_inbound_message_provider_id")),
    )
    with op.batch_alter_table("inbound_message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inbound_message_from_address"), ["from_address"], unique=False)
        batch_op.create_index(batch_op.f("ix_inbound_message_recipient_id"), ["recipient_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_inbound_message_state"), ["state"], unique=False)

    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uuid", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("check_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("recipient_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("participant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("contact_point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("round_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wave", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.Enum("sms", "email", name="channel", native_enum=False, length=32), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("mark", sa.String(length=40), nullable=False),
        sa.Column("segments", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "submitting",
                "unknown",
                "accepted",
                "sent",
                "delivered",
                "read",
                "undelivered",
                "failed",
                "canceled",
                "expired",
                "suppressed",
                name="messagestate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", models.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("claim_token", sa.String(length=32), nullable=False),
        sa.Column("lease_until", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("lookups", sa.SmallInteger(), nullable=False),
        sa.Column("blind_resends", sa.SmallInteger(), nullable=False),
        sa.Column("provider_id", sa.String(length=80), nullable=True),
        sa.Column("sender", sa.String(length=60), nullable=False),
        sa.Column("error_code", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("created_at", models.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("finished_at", models.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["check_id"], ["safety_check.id"], name=op.f("fk_message_check_id_safety_check"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_point_id"],
            ["contact_point.id"],
            name=op.f("fk_message_contact_point_id_contact_point"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_message_participant_id_participant"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipient.id"], name=op.f("fk_message_recipient_id_recipient"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("key", name=op.f("uq_message_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_message_uuid")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index("ix_message_check_state", ["check_id", "channel", "state"], unique=False)
        batch_op.create_index(
            "ix_message_due",
            ["channel", "priority", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )
        batch_op.create_index(
            "ix_message_leased",
            ["state", "lease_until"],
            unique=False,
            sqlite_where=sa.text("state in ('submitting', 'unknown', 'accepted', 'sent')"),
            postgresql_where=sa.text("state in ('submitting', 'unknown', 'accepted', 'sent')"),
        )
        batch_op.create_index(batch_op.f("ix_message_participant_id"), ["participant_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_message_provider_id"), ["provider_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_message_recipient_id"), ["recipient_id"], unique=False)

    op.create_table(
        "placement",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("participant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("workplace_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["contracting_organisation.id"],
            name=op.f("fk_placement_organisation_id_contracting_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_placement_participant_id_participant"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["workplace_id"], ["workplace.id"], name=op.f("fk_placement_workplace_id_workplace")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placement")),
        sa.UniqueConstraint(
            "participant_id",
            "organisation_id",
            "start_date",
            name=op.f("uq_placement_participant_id_organisation_id_start_date"),
        ),
    )
    with op.batch_alter_table("placement", schema=None) as batch_op:
        batch_op.create_index(
            "ix_placement_organisation_dates", ["organisation_id", "start_date", "end_date"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_placement_participant_id"), ["participant_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_placement_workplace_id"), ["workplace_id"], unique=False)

    op.create_table(
        "safety_answer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recipient_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("check_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("round_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "answer",
            sa.Enum("safe", "need_help", "unclear", name="answer", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("channel", sa.String(length=12), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("given_by", sa.String(length=120), nullable=False),
        sa.Column("received_at", models.types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["check_id"], ["safety_check.id"], name=op.f("fk_safety_answer_check_id_safety_check"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipient.id"], name=op.f("fk_safety_answer_recipient_id_recipient"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_safety_answer")),
    )
    with op.batch_alter_table("safety_answer", schema=None) as batch_op:
        batch_op.create_index("ix_safety_answer_check_time", ["check_id", "received_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_safety_answer_recipient_id"), ["recipient_id"], unique=False)

    op.create_table(
        "message_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("provider_id", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("error_code", sa.String(length=20), nullable=False),
        sa.Column("dedupe_key", sa.String(length=160), nullable=False),
        sa.Column("raw", sa.JSON(), nullable=False),
        sa.Column("received_at", models.types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_message_event_message_id_message"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_event")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_message_event_dedupe_key")),
    )
    with op.batch_alter_table("message_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_message_event_message_id"), ["message_id"], unique=False)


def downgrade() -> None:

    with op.batch_alter_table("message_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_message_event_message_id"))

    op.drop_table("message_event")
    with op.batch_alter_table("safety_answer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_safety_answer_recipient_id"))
        batch_op.drop_index("ix_safety_answer_check_time")

    op.drop_table("safety_answer")
    with op.batch_alter_table("placement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_placement_workplace_id"))
        batch_op.drop_index(batch_op.f("ix_placement_participant_id"))
        batch_op.drop_index("ix_placement_organisation_dates")

    op.drop_table("placement")
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_message_recipient_id"))
        batch_op.drop_index(batch_op.f("ix_message_provider_id"))
        batch_op.drop_index(batch_op.f("ix_message_participant_id"))
        batch_op.drop_index(
            "ix_message_leased",
            sqlite_where=sa.text("state in ('submitting', 'unknown', 'accepted', 'sent')"),
            postgresql_where=sa.text("state in ('submitting', 'unknown', 'accepted', 'sent')"),
        )
        batch_op.drop_index(
            "ix_message_due", sqlite_where=sa.text("state = 'pending'"), postgresql_where=sa.text("state = 'pending'")
        )
        batch_op.drop_index("ix_message_check_state")

    op.drop_table("message")
    with op.batch_alter_table("inbound_message", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inbound_message_state"))
        batch_op.drop_index(batch_op.f("ix_inbound_message_recipient_id"))
        batch_op.drop_index(batch_op.f("ix_inbound_message_from_address"))

    op.drop_table("inbound_message")
    with op.batch_alter_table("workplace", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_workplace_municipality_code"))

    op.drop_table("workplace")
    with op.batch_alter_table("recipient", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recipient_participant_id"))
        batch_op.drop_index("ix_recipient_organisation")
        batch_op.drop_index("ix_recipient_host")

    op.drop_table("recipient")
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_membership_user_id"))

    op.drop_table("membership")
    with op.batch_alter_table("contact_point", schema=None) as batch_op:
        batch_op.drop_index("ix_contact_point_value")
        batch_op.drop_index(batch_op.f("ix_contact_point_participant_id"))

    op.drop_table("contact_point")
    with op.batch_alter_table("participant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_participant_home_municipality_code"))
        batch_op.drop_index(batch_op.f("ix_participant_family_name"))

    op.drop_table("participant")
    with op.batch_alter_table("contracting_organisation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contracting_organisation_municipality_code"))
        batch_op.drop_index(batch_op.f("ix_contracting_organisation_host_id"))

    op.drop_table("contracting_organisation")
    with op.batch_alter_table("telegram", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_telegram_reported_at"))
        batch_op.drop_index(batch_op.f("ix_telegram_identity"))
        batch_op.drop_index(batch_op.f("ix_telegram_check_id"))

    op.drop_table("telegram")
    with op.batch_alter_table("municipality", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_municipality_prefecture_code"))

    op.drop_table("municipality")
    op.drop_table("host")
    with op.batch_alter_table("disaster_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_disaster_key_check_id"))

    op.drop_table("disaster_key")
    op.drop_table("check_round")
    op.drop_table("check_area")
    op.drop_table("user_account")
    op.drop_table("trigger_rule")
    op.drop_table("sender")
    with op.batch_alter_table("safety_check", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_safety_check_state"))

    op.drop_table("safety_check")
    op.drop_table("prefecture")
    op.drop_table("lease")
    op.drop_table("feed_state")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entry_row")
        batch_op.drop_index(batch_op.f("ix_audit_entry_at"))

    op.drop_table("audit_entry")
