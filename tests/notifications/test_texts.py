"""Every message in every language: complete, one SMS part, never without English, marked when it is a drill."""

import itertools
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from notifications import texts, wording
from notifications.segments import GSM7_PART, GSM7_SINGLE, UCS2_PART, UCS2_SINGLE, is_gsm7, parts, units
from notifications.texts import Event, Purpose, Values, compose, event_line, pick_language, review_state, segments
from notifications.wording import FOLDER, LANGUAGES, WordingError, languages

LINK = "https://jet.example.jp/s/Ab3-_xyz901"
QUAKE = Event("intensity", "6+", "相馬市", "Soma City", datetime(2026, 11, 19, 14, 36, tzinfo=UTC))
VALUES = Values(name="Emma {Collins}", link=LINK, code_word="river-17", event=QUAKE)
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
SMS = list(itertools.product(LANGUAGES, PURPOSES, (False, True), (False, True)))

# The ask as it goes out, in the places it takes (66; 160 where the alphabet is GSM): plain and as a drill.
MEASURED = {
    "en": (75, 62), "ja": (65, 66), "ja-simple": (66, 62), "zh-Hans": (64, 60), "zh-Hant": (64, 60), "ko": (66, 62),
    "fr": (132, 64), "de": (129, 65), "es": (130, 60), "pt-BR": (136, 59), "it": (124, 61), "ru": (63, 59),
    "vi": (65, 65), "th": (66, 62), "id": (126, 64), "fil": (123, 64), "mn": (65, 61),
}  # fmt: skip


def test_longest_link_is_assumed() -> None:
    assert len(LINK) == 36


@pytest.mark.parametrize("code", LANGUAGES)
def test_measured_ask(code: str) -> None:
    plain, drill = (compose("ask", "sms", [code], VALUES, drill) for drill in (False, True))
    assert (units(plain.body), units(drill.body)) == MEASURED[code]


@pytest.mark.parametrize(("code", "purpose", "drill", "sms_reply"), SMS)
def test_sms_is_one_part(code: str, purpose: Purpose, drill: bool, sms_reply: bool) -> None:
    text = compose(purpose, "sms", [code], VALUES, drill, sms_reply)
    assert (text.segments, text.subject, text.language) == (1, "", code)
    assert units(text.body) <= (GSM7_SINGLE if is_gsm7(text.body) else UCS2_SINGLE)
    assert "《" not in text.body
    assert text.body.startswith("訓練DRILL\n") is drill
    assert (LINK in text.body) or purpose not in ("ask", "reminder")
    assert not text.body.rstrip().endswith((":", "：")), "an invitation to a link that is not there"


@pytest.mark.parametrize(("code", "drill"), list(itertools.product(LANGUAGES, (False, True))))
def test_sms_digits_only_where_replies_were_tested(code: str, drill: bool) -> None:
    assert "1=" not in compose("ask", "sms", [code], VALUES, drill, sms_reply=False).body


@pytest.mark.parametrize("length", [20, 30, 36, 45, 60])
@pytest.mark.parametrize(("code", "purpose", "drill"), list(itertools.product(LANGUAGES, PURPOSES, (False, True))))
def test_link_never_straddles(code: str, purpose: Purpose, drill: bool, length: int) -> None:
    link = "https://" + "x" * (length - 8)
    text = compose(purpose, "sms", [code], Values(link=link), drill)
    assert text.segments == segments(text.body)
    if link not in text.body:
        assert purpose not in ("ask", "reminder")
        return
    if text.segments > 1 and length + len("訓練DRILL\n") <= UCS2_PART:
        assert link in parts(text.body)[0]


@pytest.mark.parametrize(("code", "purpose"), list(itertools.product(LANGUAGES[1:], PURPOSES)))
def test_unreviewed_sms_carries_english(code: str, purpose: Purpose) -> None:
    body = compose(purpose, "sms", [code], VALUES, drill=False).body
    forms = [languages()["en"].text(f"sms.{key}") for key in (purpose, f"{purpose}_short")]
    forms += [languages()["en"].text(f"sms.{key}") for key in ("ask", "ask_short")] if purpose == "reminder" else []
    assert any(form in body for form in forms)


@pytest.mark.parametrize("code", ["fr", "de", "es", "it", "pt-BR", "id", "fil", "en"])
@pytest.mark.parametrize("purpose", PURPOSES)
def test_latin_sms_stays_in_the_cheap_alphabet(code: str, purpose: Purpose) -> None:
    assert is_gsm7(compose(purpose, "sms", [code], VALUES, drill=False).body)


@pytest.mark.parametrize(("code", "purpose", "drill"), list(itertools.product(LANGUAGES, PURPOSES, (False, True))))
def test_email(code: str, purpose: Purpose, drill: bool) -> None:
    text = compose(purpose, "email", [code], VALUES, drill)
    assert text.segments == 0
    assert "《" not in text.body + text.subject
    assert "\n" not in text.subject
    assert "Emma {Collins}" in text.body
    assert languages()["en"].text(f"email.{purpose}") in text.body
    assert text.body.index(event_line(QUAKE, "en")) >= 0
    assert text.subject.startswith("訓練 DRILL: ") is drill
    assert text.body.startswith("訓練 DRILL: ") is drill
    assert (LINK in text.body) is (purpose != "cancel")
    if purpose in ("ask", "reminder"):
        assert "river-17" in text.body
        assert "119" in text.body
        assert "110" in text.body
        assert "答（こた）え" in text.body or "押（お）して" in text.body or code == "ja"


def test_without_event_and_code_word() -> None:
    text = compose("ask", "email", ["fr"], Values(name="A", link=LINK), drill=False)
    assert "{" not in text.body
    assert "Code word" not in text.body


def test_language_is_the_first_we_know() -> None:
    assert pick_language(["sw", "th", "en"]) == "th"
    assert pick_language(["sw"]) == "en"
    assert pick_language([]) == "en"


def test_reviewed_text_stands_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copied(tmp_path)
    path = folder / "ru.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            'reviewed_by = "", reviewed_on = ""', 'reviewed_by = "A reader", reviewed_on = "2026-11-30"'
        ),
        encoding="utf-8",
    )
    known = wording.languages(folder)
    monkeypatch.setattr("notifications.texts.languages", lambda: known)
    forget_forms()
    body = compose("ask", "sms", ["ru"], VALUES, drill=False).body
    forget_forms()
    assert body == f"{known['ru'].text('sms.ask')}\n{LINK}" or body.endswith(
        f"{known['ru'].text('sms.digits_short')}\n{LINK}"
    )
    assert "Safe" not in body


def test_review_state_is_honest() -> None:
    state = review_state()
    assert {language for language, _, _ in state} == set(LANGUAGES)
    assert all(reviewed is (language == "en") for language, _, reviewed in state)


@pytest.mark.parametrize(
    ("lang", "line"),
    [
        ("en", "Earthquake, Thu 19 Nov, 23:36. Strongest shaking: 6 Upper (Soma City)."),
        ("ja", "地震　11月19日(木) 23:36　最大震度6強（相馬市）"),
        ("fr", "Séisme, jeu. 19 nov., 23:36. Intensité maximale : 6 Upper (Soma City)."),
        ("xx", "Earthquake, Thu 19 Nov, 23:36. Strongest shaking: 6 Upper (Soma City)."),
    ],
)
def test_event_line(lang: str, line: str) -> None:
    assert event_line(QUAKE, lang) == line


@pytest.mark.parametrize(
    ("kind", "value", "term"),
    [
        ("tsunami", "53", "Major Tsunami Warning"),
        ("warning", "33", "Emergency Warning: heavy rain"),
        ("warning", "99", "Weather warning"),
        ("manual", "Building fire {1}", "Building fire {1}"),
    ],
)
def test_terms_by_code(kind: str, value: str, term: str) -> None:
    assert event_line(Event(kind, value, "", "", QUAKE.at), "en") == f"{term}, Thu 19 Nov, 23:36."


def test_twelve_thousand_in_a_second() -> None:
    """Measured in processor time, so that a busy machine does not matter."""
    started = time.process_time()
    for number in range(6000):
        code = [LANGUAGES[number % len(LANGUAGES)]]
        compose("ask", "sms", code, VALUES, drill=False)
        compose("ask", "email", code, VALUES, drill=False)
    assert time.process_time() - started < 1


def copied(tmp_path: Path) -> Path:
    folder = tmp_path / "messages"
    shutil.copytree(FOLDER, folder)
    return folder


def forget_forms() -> None:
    texts._sms.cache_clear()
    texts._email_form.cache_clear()


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda text: text.replace("{name}", "{nmae}", 1), ["email.greeting", "name"]),
        (lambda text: text.replace("ask_short =", "ask_sh0rt =", 1), ["sms.ask_"]),
        (lambda text: text.replace('reviewed_by = ""', 'reviewed_by = "X"', 1), ["reviewed_on"]),
        (lambda text: text.replace('reviewed_by = "", ', "", 1), ["reviewed_by is missing"]),
        (lambda text: text.replace("{name}", "{name!r}", 1), ["email.greeting"]),
        (lambda text: text.replace("{name}", "{name", 1), ["email.greeting"]),
        (lambda text: text.replace('language = "fr"', 'language = "de"', 1), ["file name"]),
        (lambda text: text + "[", []),
    ],
)
def test_faulty_file_is_named(tmp_path: Path, change: Callable[[str], str], names: list[str]) -> None:
    folder = copied(tmp_path)
    path = folder / "fr.toml"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(WordingError) as raised:
        wording.languages(folder)
    assert "fr.toml" in str(raised.value)
    for name in names:
        assert name in str(raised.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "th.toml").unlink()
    with pytest.raises(WordingError, match=r"th\.toml: the file is missing"):
        wording.languages(folder)


def test_parts_of_gsm_texts_are_counted_smaller_than_any_carrier() -> None:
    assert (GSM7_PART, UCS2_PART, UCS2_SINGLE) == (152, 63, 66)
