"""SMS parts as the strictest Japanese carrier counts them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.segments import GSM7_PART, UCS2_PART, is_gsm7, keep_whole, parts, segments, units

LINK = "https://jet.example.jp/s/aaaaaaaaaaa"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * (2 * GSM7_PART), 2),
        ("a" * (2 * GSM7_PART + 1), 3),
        ("é" * 160, 1),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ç" * 66, 1),  # only the capital is in the alphabet
        ("安" * 66, 1),
        ("安" * 67, 2),
        ("安" * (2 * UCS2_PART), 2),
        ("安" * (2 * UCS2_PART + 1), 3),
        ("😀" * 33, 1),
        ("😀" * 34, 2),
        ("a" * 66 + "’", 2),
    ],
)
def test_counts(text: str, count: int) -> None:
    assert segments(text) == count


@settings(deadline=None)
@given(st.text(max_size=400))
def test_parts_lose_nothing_and_fit(text: str) -> None:
    cut = parts(text)
    assert "".join(cut) == text
    assert len(cut) == segments(text)
    if len(cut) > 1:
        gsm7 = is_gsm7(text)
        room = GSM7_PART if gsm7 else UCS2_PART
        for part in cut:
            assert (units(part) if gsm7 else len(part.encode("utf-16-le", "surrogatepass")) // 2) <= room


@settings(deadline=None)
@given(st.lists(st.text(alphabet="abc é安 全😀", min_size=1, max_size=120), max_size=4))
def test_link_lies_whole_in_the_first_part(lines: list[str]) -> None:
    text = keep_whole(lines, LINK)
    assert LINK in parts(text)[0]
    assert sorted(text.split("\n")) == sorted([*lines, LINK])
