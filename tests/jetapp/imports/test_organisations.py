"""Importing contracting organisations."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from jetapp.imports import service
from jetapp.imports.report import Report
from models.db import db, transaction
from models.organisation import ContractingOrganisation, Host, OrganisationKind
from tests.jetapp.imports.files import MIYAGI, SOMA, csv_file, grid, xlsx_file

HEADINGS = {
    "code": "任用団体コード",
    "host": "取りまとめ団体",
    "kind": "種別",
    "name_ja": "団体名",
    "name_en": "英語名",
    "municipality": "所在市区町村",
    "coastal": "沿岸",
    "phone": "電話",
    "night_phone": "夜間連絡先",
    "email": "メールアドレス",
}
SCHOOL = {
    "code": "04-S01",
    "host": "宮城県",
    "kind": "学校法人",
    "name_ja": "学校法人デモ星影学園",
    "name_en": "Demo Hoshikage Gakuen",
    "municipality": "仙台市青葉区",
    "coastal": "×",
    "phone": "022-123-4567",
    "night_phone": "090-0000-0000",
    "email": "jet@example.jp",
}

pytestmark = pytest.mark.usefixtures("system")


def bring(rows: list[dict[str, Any]], **options: bool) -> Report:
    with transaction():
        return service.import_organisations(csv_file(grid(rows, HEADINGS), "cp932"), "organisations.csv", **options)


def found(code: str) -> ContractingOrganisation:
    db.session.rollback()
    return db.session.scalars(sa.select(ContractingOrganisation).where(ContractingOrganisation.code == code)).one()


def test_creates_updates_and_leaves_alone(app: object) -> None:
    rows = [SOMA, MIYAGI, SCHOOL]
    report = bring(rows)
    assert report.counts == {"created": 3, "updated": 0, "unchanged": 0, "refused": 0}, report.lines()
    school = found("04-S01")
    assert school.kind is OrganisationKind.SCHOOL_CORPORATION
    assert (school.municipality_code, school.coastal, school.phone) == ("04100", False, "+81221234567")
    assert (school.email, school.night_phone, school.host.code) == ("jet@example.jp", "+819000000000", "04")
    assert bring(rows).counts["unchanged"] == 3
    report = bring([SCHOOL | {"coastal": "○", "name_en": "-"}])
    assert report.rows[0].changed == ["coastal", "name_en"]
    assert found("04-S01").name_en == ""


def test_host_follows_from_the_place(app: object) -> None:
    city = {"code": "28100", "kind": "市区町村", "name_ja": "神戸市", "municipality": "28100"}
    private = {"code": "28-S01", "kind": "私立学校", "name_ja": "学校法人デモ虹橋学園", "municipality": "神戸市"}
    assert bring([city, private, SOMA]).applied
    hosts = {code: found(code).host.code for code in ("28100", "28-S01", "07209")}
    assert hosts == {"28100": "28100", "28-S01": "28", "07209": "07"}


def test_a_prefecture_has_no_municipality(app: object) -> None:
    bring([MIYAGI | {"municipality": "仙台市"}])
    assert found("04").municipality_code is None


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"name_ja": ""}, "団体名"),
        ({"kind": ""}, "種別"),
        ({"kind": "club"}, "種別"),
        ({"municipality": ""}, "所在市区町村"),
        ({"host": "相馬市"}, "取りまとめ団体"),
        ({"email": "x"}, "メールアドレス"),
        ({"code": "a b"}, "任用団体コード"),
        ({"code": ""}, "任用団体コード"),
    ],
)
def test_refused(app: object, change: dict[str, str], column: str) -> None:
    report = bring([SCHOOL | change, SOMA])
    assert not report.applied
    assert [row.outcome.value for row in report.rows] == ["refused", "created"]
    assert report.rows[0].problems[0].column == column
    assert db.session.scalar(sa.select(sa.func.count(ContractingOrganisation.id))) == 0


def test_prefecture_needs_a_host(app: object) -> None:
    report = bring([{"code": "04", "kind": "県", "name_ja": "宮城県"}])
    assert report.rows[0].problems[0].column == "Host"


def test_workbook(app: object) -> None:
    with transaction():
        report = service.import_organisations(xlsx_file(grid([SOMA, SCHOOL], HEADINGS)), "organisations.xlsx")
    assert report.counts["created"] == 2
    assert db.session.scalar(sa.select(sa.func.count(Host.id))) == 67
