"""What an SMS reply says. Whatever is not plainly "safe" must never become it."""

import tomllib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.safety.replies import LISTS, Reply, classify

WORDS = tomllib.loads(LISTS.read_text(encoding="utf-8"))


def phrases(section: str) -> list[str]:
    return [phrase for listed in WORDS[section].values() for phrase in listed]


SAFE, HELP, NEGATION, STOP = (phrases(section) for section in ("safe", "help", "negation", "stop"))
DENIALS_BESIDE = [
    "no",
    "nope",
    "ない",
    "ません",
    "ではない",
    "じゃない",
    "않아요",
    "아니에요",
    "биш",
    "нет",
    "nein",
    "mica",
]

EXPECTED = tomllib.loads(Path(__file__).with_name("replies_expected.toml").read_text(encoding="utf-8"))
HIDING = ["safe\x00", "\u202esafe", "safe\u200f", "s\u0336a\u0336f\u0336e\u0336", "\ue000 safe"]
GARBAGE = ["", " ", "\n", "\x00", "\ud800", "a" * 5000, "safe " * 400]


@pytest.mark.parametrize(("answer", "text"), [(answer, text) for answer, texts in EXPECTED.items() for text in texts])
def test_classify(answer: str, text: str) -> None:
    reply = classify(text)
    assert reply.answer == answer
    assert reply.note == text, "kept word for word"


@pytest.mark.parametrize("text", HIDING + GARBAGE)
def test_what_hides_something_or_is_garbage_is_for_a_person(text: str) -> None:
    assert classify(text) == Reply("unclear", text)


@pytest.mark.parametrize(
    "text", ["STOP", "stop!", "Stop please", "UNSUBSCRIBE", "CANCEL", "停止", "配信停止", "退订", "СТОП"]
)
def test_opt_out(text: str) -> None:
    assert classify(text).opt_out
    assert classify(text).answer == "unclear"


def test_only_whole_texts_opt_out() -> None:
    assert not classify("the trains stop here").opt_out
    assert not classify("I'm safe").opt_out
    assert classify("STOP 1").opt_out
    assert classify("STOP 1").answer == "unclear"


@pytest.mark.parametrize(
    ("text", "answer"),
    [("SAFE. STOP", "unclear"), ("2 STOP", "need_help"), ("無事です 停止", "unclear")],
)
def test_what_is_said_beside_stop_is_seen(text: str, answer: str) -> None:
    assert classify(text) == Reply(answer, text, opt_out=True, says_more=True)


@given(
    st.lists(st.sampled_from([*SAFE, *phrases("small"), "2"]), min_size=1, max_size=3),
    st.sampled_from(phrases("stop")),
    st.integers(0, 3),
)
@settings(max_examples=800, deadline=None)
def test_stop_among_other_words_is_never_safe_and_never_overlooked(words: list[str], stop: str, at: int) -> None:
    says_something = classify(" ".join(words)).answer != "unclear"
    words.insert(at, stop)
    reply = classify(" ".join(words))
    assert reply.answer != "safe"
    if reply.opt_out and says_something:
        assert reply.says_more


@pytest.mark.parametrize("text", ["START", "start!", "Unstop please", "再開", "配信を再開してください"])
def test_opt_in(text: str) -> None:
    assert classify(text) == Reply("unclear", text, opt_in=True)


@pytest.mark.parametrize("text", ["YES", "yes please", "start to worry", "the trains start again"])
def test_no_opt_in(text: str) -> None:
    assert not classify(text).opt_in


@pytest.mark.parametrize("phrase", SAFE)
def test_every_statement_of_safety_is_understood(phrase: str) -> None:
    reply = classify(phrase)
    assert (reply.answer, reply.opt_out) == ("safe", False)


@pytest.mark.parametrize("phrase", HELP)
def test_every_word_for_help_is_understood(phrase: str) -> None:
    assert classify(phrase.replace("*", "")).answer in ("need_help", "unclear")
    assert classify(f"safe {phrase.replace('*', '')}").answer != "safe"


@pytest.mark.parametrize("phrase", phrases("small"))
def test_small_words_alone_say_nothing(phrase: str) -> None:
    assert classify(phrase).answer == "unclear"


def test_no_small_word_denies() -> None:
    assert not set(phrases("small")) & set(NEGATION + DENIALS_BESIDE)


@given(
    st.sampled_from(NEGATION + DENIALS_BESIDE), st.sampled_from(SAFE), st.booleans(), st.sampled_from([" ", "", ", "])
)
@settings(max_examples=1500, deadline=None)
def test_a_negation_never_leaves_safe(negation: str, safe: str, before: bool, gap: str) -> None:
    text = f"{negation}{gap}{safe}" if before else f"{safe}{gap}{negation}"
    assert classify(text).answer != "safe"


@given(st.sampled_from(SAFE), st.data())
@settings(max_examples=600, deadline=None)
def test_case_width_punctuation_and_spaces_do_not_matter(safe: str, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([safe, safe.upper(), safe.title(), safe.lower(), wide(safe)]))
    text = text.replace(" ", data.draw(st.sampled_from([" ", "  ", "\n", "\u3000", " - ", ", "])))
    around = st.text(alphabet=' \t\n.,!…。、！・;:()「」"-', max_size=4)
    assert classify(data.draw(around) + text + data.draw(around)).answer == "safe"


@given(st.text(max_size=60), st.sampled_from(HELP), st.text(max_size=60))
@settings(max_examples=1500, deadline=None)
def test_a_text_with_a_word_for_help_is_never_safe(before: str, word: str, after: str) -> None:
    assert classify(f"{before} {word.replace('*', '')} {after}").answer != "safe"


@given(st.lists(st.sampled_from([*SAFE, *phrases("small")]), max_size=4), st.sampled_from(HELP), st.integers(0, 4))
@settings(max_examples=1500, deadline=None)
def test_help_among_statements_of_safety(around: list[str], word: str, at: int) -> None:
    around.insert(at, word.replace("*", ""))
    assert classify(" ".join(around)).answer != "safe"


@given(st.lists(st.sampled_from([*SAFE, *phrases("small")]), min_size=1, max_size=4), st.characters())
@settings(deadline=None)
def test_an_unknown_sign_is_never_safe(around: list[str], sign: str) -> None:
    if (
        unicodedata.category(sign) in ("Cc", "Cf", "So", "Sm", "Cs", "Co")
        and sign not in "\t\n\r\v\f\x1c\x1d\x1e\x1f\x85"
    ):
        text = " ".join([*around, sign])
        assert classify(text).answer != "safe" or sign in "".join(WORDS["small"]["signs"]) or is_joiner(sign)


@given(st.text(max_size=3000))
@settings(deadline=None)
def test_any_text_gets_an_answer(text: str) -> None:
    assert classify(text).note == text


def wide(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


def is_joiner(sign: str) -> bool:
    return sign in "\u00ad\u200b\u200c\u200d\u2060\ufeff"
