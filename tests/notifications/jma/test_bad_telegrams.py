"""Whatever arrives: one clear TelegramError, or a telegram."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.jma.document import MAX_BYTES
from notifications.jma.errors import TelegramError
from notifications.jma.telegram import read
from notifications.safety.reading import describe
from notifications.safety.rules import decide

DATA = Path(__file__).resolve().parents[2] / "data" / "jma"
GOOD = (DATA / "synthetic_miyagi_3_serial2_VXSE53.xml").read_bytes()
LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<Report xmlns="http://xml.kishou.go.jp/jmaxml1/">&c;</Report>"""
EXTERNAL = b"""<!DOCTYPE r SYSTEM "file:///etc/passwd"><Report xmlns="http://xml.kishou.go.jp/jmaxml1/"/>"""


@pytest.mark.parametrize(
    ("bytes_", "says"),
    [
        (b"", "is empty"),
        (b" \n\t", "is empty"),
        (b"\0\0\0", "is empty"),
        (b"no xml", "line 1: no well-formed XML"),
        (GOOD[:-10], "no well-formed XML"),
        (gzip.compress(GOOD), "is compressed"),
        (b"<Report/>", "line 1: the root element is Report"),
        (b"<feed xmlns='http://www.w3.org/2005/Atom'/>", "the root element is feed"),
        (LAUGHS, "DOCTYPE"),
        (EXTERNAL, "DOCTYPE"),
        (LAUGHS.decode().replace('version="1.0"', 'version="1.0" encoding="UTF-16"').encode("utf-16"), "DOCTYPE"),
        (GOOD.replace(b"UTF-8", b"no-such-encoding", 1), "no well-formed XML"),
        (GOOD.decode().encode("cp932", "replace"), "no well-formed XML"),
        (b"<a>" * 100_000, "no well-formed XML"),
        (GOOD.replace(b"<Body", b"<Body>" + b"<a>" * 300 + b"</a>" * 300 + b"</Body><Body", 1), "no well-formed XML"),
        (GOOD + b" " * MAX_BYTES, "a telegram has at most"),
        (
            GOOD.replace("<Status>通常".encode(), "<Status>本番".encode()),
            "Status is 本番, expected one of 通常 訓練 試験",
        ),
        (GOOD.replace("<Status>通常</Status>".encode(), b""), "Control has no Status"),
        (
            GOOD.replace("<Status>通常</Status>".encode(), "<Status>通常</Status><Status>訓練</Status>".encode()),
            "a second Status",
        ),
        (GOOD.replace(b"+09:00</ReportDateTime>", b"</ReportDateTime>"), "ReportDateTime is no time with a zone"),
        (GOOD.replace(b"2027-03-10T03:25:00+09:00</Rep", b"0001-01-01T00:00:00+09:00</Rep"), "is no time"),
        (GOOD.replace(b"Head", b"Kopf"), "Report has no Head"),
        (GOOD.replace(b"Body ", b"Corpus ").replace(b"/Body>", b"/Corpus>"), "no Body"),
    ],
)
def test_what_is_no_telegram_is_told_with_its_name(bytes_, says):
    with pytest.raises(TelegramError) as caught:
        read(bytes_, "folder/odd.xml")

    assert str(caught.value).startswith("folder/odd.xml: ")
    assert says in str(caught.value)
    assert caught.value.code.startswith("telegram_")


def test_the_line_is_told():
    with pytest.raises(TelegramError, match="line 7: Status is"):
        read(GOOD.replace("<Status>通常".encode(), b"<Status>?"), "x.xml")


def test_no_file_is_fetched_or_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    bytes_ = GOOD.replace(b"<Report", f'<!DOCTYPE r [<!ENTITY x SYSTEM "{secret.as_uri()}">]><Report'.encode(), 1)

    with pytest.raises(TelegramError) as caught:
        read(bytes_.replace(b"<Title>", b"<Title>&x;"), "x.xml")

    assert "the secret" not in str(caught.value)


def test_other_encodings_are_read_when_declared():
    again = GOOD.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16")

    assert read(again).facts == read(GOOD).facts


def test_bad_files_stand_in_the_list_with_the_good(tmp_path):
    good, bad, missing = tmp_path / "good.xml", tmp_path / "bad.xml", tmp_path / "missing.xml"
    good.write_bytes(GOOD)
    bad.write_bytes(b"<")

    entries = describe([bad, good, missing, tmp_path])

    assert [set(entry) == {"file", "error"} for entry in entries] == [True, False, True, True]
    assert entries[0]["error"].startswith("bad.xml: ")
    assert entries[2]["error"].startswith("missing.xml: cannot be read")


@given(st.binary(max_size=400))
def test_any_bytes(bytes_):
    with pytest.raises(TelegramError):
        read(bytes_, "any")


@given(st.integers(0, len(GOOD)))
def test_cut_anywhere(length):
    try:
        told = read(GOOD[:length], "cut")
    except TelegramError:
        return
    assert told.facts == read(GOOD).facts


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_any_byte_changed(place, value):
    changed = GOOD[:place] + bytes([value]) + GOOD[place + 1 :]
    try:
        told = read(changed, "changed")
    except TelegramError:
        return
    decide(told)
