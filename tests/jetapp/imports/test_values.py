"""What a cell may say, and what is refused rather than guessed."""

from __future__ import annotations

from datetime import date

import pytest

from jetapp.imports import values
from jetapp.imports.municipality import Finder, host
from models.errors import Invalid
from models.organisation import OrganisationKind
from models.participant import ContactState, Position


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("090-1234-5678", "+819012345678"),
        ("０９０－１２３４－５６７８", "+819012345678"),
        ("(090) 1234.5678", "+819012345678"),
        ("9012345678", "+819012345678"),
        ("9012345678.0", "+819012345678"),
        ("819012345678", "+819012345678"),
        ("+81 (0)90 1234 5678", "+819012345678"),
        ("0081-90-1234-5678", "+819012345678"),
        ("010 81 90 1234 5678", "+819012345678"),
        ("+1 202 555 0123", "+12025550123"),
        ("090ー1234ー5678", "+819012345678"),
    ],
)
def test_phone(text: str, number: str) -> None:
    assert values.phone(text) == values.Phone(number)


@pytest.mark.parametrize(("text", "doubt"), [("03-1234-5678", "fixed line"), ("090-0123-4567", "not in any range")])
def test_phone_with_a_doubt(text: str, doubt: str) -> None:
    assert doubt in values.phone(text).doubt


@pytest.mark.parametrize("text", ["110", "12025550123", "9.01E+9", "090-1234-5678 (home)", "abc", "+", "0901234567"])
def test_no_phone(text: str) -> None:
    with pytest.raises(Invalid):
        values.phone(text)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-08-03", date(2025, 8, 3)),
        ("2025/8/3", date(2025, 8, 3)),
        ("２０２５年８月３日", date(2025, 8, 3)),
        ("20250803", date(2025, 8, 3)),
        ("令和7年8月3日", date(2025, 8, 3)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("R7.8.3", date(2025, 8, 3)),
        ("H31/4/1", date(2019, 4, 1)),
        ("45872", date(2025, 8, 3)),
        ("2025-08-03 00:00:00", date(2025, 8, 3)),
    ],
)
def test_day(text: str, day: date) -> None:
    assert values.day(text) == day


@pytest.mark.parametrize("text", ["03/08/2025", "8/3", "2025-02-30", "3 August", "7.8.3", "20251301", "0"])
def test_no_day(text: str) -> None:
    with pytest.raises(Invalid):
        values.day(text)


def test_jet_number() -> None:
    for text in ("20250112345", "２０２５０１１２３４５", "20250112345.0", "2025-0112345", "2025 0112345"):
        assert values.jet_number(text) == "20250112345"
    for text in ("2025011234", "202501123456", "19860112345", "20990112345", "JET20250112345"):
        with pytest.raises(Invalid, match="11 digits"):
            values.jet_number(text)
    with pytest.raises(Invalid, match="Excel has shortened"):
        values.jet_number("2.02501E+10")


def test_names_keep_what_belongs_to_them() -> None:
    assert values.name("Ｋａｈｌｏ") == "Kahlo"
    assert values.name("To\u0304nohara") == "Tōnohara"
    assert values.name("Nguyễn") == "Nguyễn"
    assert values.kanji("髙橋 神田") == "髙橋 神田"
    assert values.kanji("\ufa19") == "\ufa19", "an old form of a character is a different name"
    assert values.kana("ｱｯｼｪﾝ ﾌﾞﾙｯｸ") == "アッシェン ブルック"
    assert values.kana("さとう　ゔぃ") == "サトウ ヴィ"
    with pytest.raises(Invalid):
        values.kana("Satō")
    with pytest.raises(Invalid, match="80 characters"):
        values.name("x" * 81)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        *[("NZ", "NZ"), ("nz", "NZ"), ("New Zealand", "NZ"), ("ニュージーランド", "NZ"), ("米国", "US"), ("USA", "US")],
        *[("アメリカ合衆国", "US"), ("イギリス", "GB"), ("英国", "GB"), ("South Korea", "KR"), ("韓国", "KR")],
        *[("Trinidad and Tobago", "TT"), ("ミクロネシア", "FM"), ("ＵＫ", "GB"), ("中国", "CN"), ("Jamaica", "JM")],
    ],
)
def test_nationality(text: str, iso: str) -> None:
    assert values.nationality(text) == iso


def test_other_words() -> None:
    assert values.languages(["English; 日本語", "やさしい日本語/fr"]) == ["en", "ja", "ja-simple", "fr"]
    assert values.languages(["pt-BR、EN、en"]) == ["pt-BR", "en"]
    with pytest.raises(Invalid, match="Klingon"):
        values.languages(["en, Klingon"])
    assert values.position("国際交流員") is Position.CIR
    assert values.position("ＡＬＴ") is Position.ALT
    assert values.kind("学校法人") is OrganisationKind.SCHOOL_CORPORATION
    assert values.state("確認済み") is ContactState.VERIFIED
    assert values.state("opted_out") is ContactState.OPTED_OUT
    assert [values.yes_or_no(text) for text in ("○", "はい", "TRUE", "×", "いいえ", "0")] == [True] * 3 + [False] * 3
    assert values.email("Ｎａｍｅ＠Example.JP") == "Name@example.jp"
    for parse in (values.nationality, values.position, values.kind, values.state, values.yes_or_no, values.email):
        with pytest.raises(Invalid, match="Expected"):
            parse("perhaps")  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *[
            ("07209", "07209"),
            ("072095", "07209"),
            ("７２０９", "07209"),
            ("福島県相馬市", "07209"),
            ("相馬市", "07209"),
        ],
        *[("宮城県 仙台市 青葉区", "04100"), ("04101", "04100"), ("仙台市", "04100"), ("Sendai", "04100")],
        *[("Sendai, Miyagi", "04100"), ("宮城県柴田郡大河原町", "04321"), ("郡山市", "07203"), ("蒲郡市", "23214")],
        *[("龍ヶ崎市", "08208"), ("福島県伊達市", "07213"), ("1100", "01100"), ("12203", "12203"), ("滝沢市", "03216")],
        *[("東京都港区", "13103"), ("03305", "03216")],
    ],
)
def test_municipality(text: str, code: str) -> None:
    assert Finder([text]).find(text) == code


@pytest.mark.parametrize("text", ["伊達市", "府中市", "99999", "072090", "相馬", "青葉区", "12", ""])
def test_no_municipality(text: str) -> None:
    with pytest.raises(Invalid):
        Finder([text]).find(text)


def test_six_digit_codes_that_lost_a_zero() -> None:
    # 12203 is 市川市; 012203 without its zero is 士別市. Another row with six digits shows which codes these are.
    assert Finder(["12203", "122033"]).find("12203") == Finder(["012203"]).find("012203") == "01220"
    assert Finder(["12203", "07209"]).find("12203") == "12203"


def test_host() -> None:
    for text in ("07", "7", "福島県", "Fukushima", "070009"):
        assert host(text) == "07"
    for text in ("04100", "仙台市", "Sendai City"):
        assert host(text) == "04100"
    for text in ("07209", "99", "Atlantis"):
        with pytest.raises(Invalid):
            host(text)
