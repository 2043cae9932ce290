"""Prefectures and municipalities: reference data, the same for everybody (source: models/places/README.md)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.db import Model


class Prefecture(Model):
    """One of the 47 prefectures; `code` is JIS X 0401, two digits."""

    __tablename__ = "prefecture"
    __table_args__ = ({"info": {"reference": True}},)

    code: Mapped[str] = mapped_column(sa.String(2), primary_key=True)
    name_ja: Mapped[str] = mapped_column(sa.String(20))
    name_en: Mapped[str] = mapped_column(sa.String(40))


class Municipality(Model):
    """One of the 1,741 municipalities; `code` is JIS X 0402, five digits. Wards belong to their city."""

    __tablename__ = "municipality"
    __table_args__ = ({"info": {"reference": True}},)

    code: Mapped[str] = mapped_column(sa.String(5), primary_key=True)
    prefecture_code: Mapped[str] = mapped_column(sa.ForeignKey("prefecture.code"), index=True)
    name_ja: Mapped[str] = mapped_column(sa.String(40))
    name_en: Mapped[str] = mapped_column(sa.String(60), default="")
    designated_city: Mapped[bool] = mapped_column(default=False)
