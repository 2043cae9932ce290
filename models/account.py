"""People who sign in, and the memberships ("hats") they act with."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.sql.elements import ColumnElement

from models.access import Actor, Role, Visible
from models.db import Model
from models.types import BigId, UtcDateTime, enum_text


class User(Visible, Model):
    """A person who can sign in. The password is an argon2id hash; staff accounts only."""

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(254), unique=True)
    """Lower case."""
    name: Mapped[str] = mapped_column(sa.String(120))
    password_hash: Mapped[str] = mapped_column(sa.String(255), default="")
    locale: Mapped[str] = mapped_column(sa.String(8), default="")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=sa.func.current_timestamp())
    signed_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    memberships: Mapped[list[Membership]] = relationship(back_populates="user", cascade="all, delete-orphan")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.id == actor.user_id


class Membership(Visible, Model):
    """One hat of a user: CLAIR, a host, a contracting organisation, or the participant's own."""

    __tablename__ = "membership"
    __table_args__ = (
        sa.CheckConstraint(
            "(role = 'clair') or (role = 'host' and host_id is not null)"
            " or (role = 'organisation' and organisation_id is not null)"
            " or (role = 'participant' and participant_id is not null)",
            name="scope_of_role",
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    role: Mapped[Role] = mapped_column(enum_text(Role))
    host_id: Mapped[int | None] = mapped_column(sa.ForeignKey("host.id"))
    organisation_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contracting_organisation.id"))
    participant_id: Mapped[int | None] = mapped_column(sa.ForeignKey("participant.id", ondelete="CASCADE"))

    user: Mapped[User] = relationship(back_populates="memberships")

    def actor(self, label: str) -> Actor:
        """The actor this hat stands for; `label` is the person's name as the history shows it."""
        return Actor(self.role, self.user_id, self.host_id, self.organisation_id, self.participant_id, label)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.user_id == actor.user_id
