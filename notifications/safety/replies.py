"""What an SMS reply says: safe, need help, or not clear. The words live in `replies.toml`.

The text is cut into atoms: words, or single characters in scripts that do not put spaces between words. Then
- a word for help anywhere means help, unless every such word is denied ("not hurt": a person must read that);
- safe is only what consists of nothing else: known sentences for "safe", the digit 1, and small polite words.
  One unknown word, a question mark, a negation, a hidden character, and a person has to read it.
So a word that is missing from the lists can make a text unclear, never safe.
"""

import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

LISTS = Path(__file__).with_name("replies.toml")
LONGEST_SAFE = 160
"""A longer text says more than "safe"."""
LONGEST_READ = 1600
"""No SMS is longer; what comes after is kept but not searched."""
QUESTION = "?"
QUESTION_MARKS = frozenset("?؟¿⸮")
BLOCK = "\0"
"""Stands for a character that may hide or change something: controls, bidirectional marks, strokes through letters."""
OVERLAY = 1
"""The combining class of strokes through a letter."""
IGNORED = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f\u20e3")
"""Invisible joiners and emoji variants that phones insert; U+20E3 is the frame of a keycap digit."""
APOSTROPHES = frozenset("'’‘ʼ`´")
UNKNOWN_SYMBOLS = frozenset({"So", "Sm", "Sc", "Co", "Cn", "Cs"})
"""Emoji, mathematical and money signs, unassigned characters: for a person to read, unless among the small words."""
UNSPACED = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1100, 0x11FF), (0x1780, 0x17FF), (0x2E80, 0x2FFF), (0x3005, 0x3007),
    (0x3041, 0x30FA), (0x30FC, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA960, 0xA97F), (0xAC00, 0xD7FF),
    (0xF900, 0xFAFF), (0x20000, 0x3FFFF),
)  # fmt: skip
"""Scripts in which words are not, or not reliably, divided by spaces: Thai to Khmer, Japanese, Chinese, Korean."""

Answer = Literal["safe", "need_help", "unclear"]
Atoms = tuple[str, ...]
Phrases = Mapping[str, Sequence[Atoms]]
"""Phrases by their first atom, or "x*" if it is a stem that begins with x: more languages make no search slower."""


@dataclass(frozen=True, slots=True)
class Reply:
    """`note` is the text, word for word. `opt_out`: the carrier will block further SMS, so use another channel;
    `says_more`: and the text says something else too. `opt_in`: the person wants our texts again."""

    answer: Answer
    note: str
    opt_out: bool = False
    says_more: bool = False
    opt_in: bool = False


@dataclass(frozen=True, slots=True)
class _Lists:
    """The sections of `replies.toml`; what each means is told there."""

    safe: Phrases
    help_digit: Phrases
    help: Phrases
    denial: Phrases
    negation: Phrases
    small: Phrases
    stop: Phrases
    start: Phrases


def classify(text: str) -> Reply:
    """Never raises, whatever arrives."""
    lists = _lists()
    found = atoms(text[:LONGEST_READ])
    if _made_of(found, lists.stop, lists.small, lists.safe, lists.help_digit):
        return _with_stop(text, found, lists)
    if calls := _calls_for_help(found, lists):
        return Reply("unclear" if calls <= _covered(found, lists.denial) else "need_help", text)
    if len(text) > LONGEST_SAFE:
        return Reply("unclear", text)
    if _made_of(found, lists.start, lists.small):
        return Reply("unclear", text, opt_in=True)
    if _made_of(found, lists.help_digit, lists.small):
        return Reply("need_help", text)
    return Reply("safe" if _made_of(found, lists.safe, lists.small) else "unclear", text)


def _with_stop(text: str, found: Atoms, lists: _Lists) -> Reply:
    """Nobody is safe by a text that asks us to stop: a person reads it. A call for help in it is one."""
    if _made_of(found, lists.stop, lists.small):
        return Reply("unclear", text, opt_out=True)
    calls = _calls_for_help(found, lists) - _covered(found, lists.stop)
    help_ = calls or _made_of(found, lists.help_digit, lists.stop, lists.small)
    return Reply("need_help" if help_ else "unclear", text, opt_out=True, says_more=True)


def atoms(text: str) -> Atoms:
    """Case, width, accents, punctuation and spaces gone; digits of any script as ASCII."""
    found: list[str] = []
    word = ""
    for char in _plain(text):
        unspaced = _unspaced(char)
        if char.isalnum() and not unspaced:
            word += char
            continue
        if word:
            found.append(word)
            word = ""
        if unspaced or char in (QUESTION, BLOCK) or unicodedata.category(char) in UNKNOWN_SYMBOLS:
            found.append(char)
    return (*found, word) if word else tuple(found)


def _plain(text: str) -> Iterable[str]:
    latin = False
    for char in unicodedata.normalize("NFKC", text).casefold():
        if char in IGNORED or char in APOSTROPHES:
            continue
        if char in QUESTION_MARKS:
            yield QUESTION
        elif unicodedata.category(char) in ("Cc", "Cf") and char not in "\t\n\r":
            yield BLOCK
        elif char.isdigit():
            yield str(unicodedata.digit(char))
        else:
            for part in unicodedata.normalize("NFD", char) if "LATIN" in unicodedata.name(char, "") else char:
                if unicodedata.combining(part) == OVERLAY:
                    yield BLOCK
                elif not (latin and unicodedata.combining(part)):
                    latin = "LATIN" in unicodedata.name(part, "")
                    yield "d" if part == "đ" else part


def _unspaced(char: str) -> bool:
    return any(first <= ord(char) <= last for first, last in UNSPACED)


def _starts(found: Atoms, at: int, phrases: Phrases) -> Iterable[int]:
    """The lengths of all phrases that stand at this place; a trailing * in a phrase stands for any ending."""
    for phrase in (*phrases.get(found[at], ()), *phrases.get(f"{found[at][0]}*", ())):
        if len(phrase) <= len(found) - at and all(
            found[place] == wanted or (wanted[-1] == "*" and found[place].startswith(wanted[:-1]))
            for place, wanted in enumerate(phrase, at)
        ):
            yield len(phrase)


def _covered(found: Atoms, phrases: Phrases) -> set[int]:
    return {
        place for at in range(len(found)) for length in _starts(found, at, phrases) for place in range(at, at + length)
    }


def _calls_for_help(found: Atoms, lists: _Lists) -> set[int]:
    """Where words for help stand, and negations straight before words for safe ("not ok")."""
    places = _covered(found, lists.help)
    for at in range(len(found)):
        for length in _starts(found, at, lists.negation):
            after = at + length
            if after < len(found) and any(True for _ in _starts(found, after, lists.safe)):
                places.update(range(at, after + 1))
    return places


def _made_of(found: Atoms, wanted: Phrases, *others: Phrases) -> bool:
    """Whether the atoms are phrases of these lists and nothing else, with at least one that is wanted."""
    reached = {(0, False)}
    for at in range(len(found)):
        for has_wanted in (True, False):
            if (at, has_wanted) in reached:
                reached.update((at + length, True) for length in _starts(found, at, wanted))
                for phrases in others:
                    reached.update((at + length, has_wanted) for length in _starts(found, at, phrases))
    return (len(found), True) in reached


@cache
def _lists() -> _Lists:
    data = tomllib.loads(LISTS.read_text(encoding="utf-8"))
    return _Lists(**{field: _index(data[field]) for field in _Lists.__slots__})


def _index(by_language: Mapping[str, Sequence[str]]) -> Phrases:
    index: dict[str, list[Atoms]] = {}
    for written in {phrase for phrases in by_language.values() for phrase in phrases}:
        phrase = _phrase(written)
        if not phrase:
            raise ValueError(f"{LISTS}: {written!r} is an empty phrase")
        index.setdefault(f"{phrase[0][0]}*" if phrase[0].endswith("*") else phrase[0], []).append(phrase)
    return index


def _phrase(written: str) -> Atoms:
    phrase: list[str] = []
    for word in written.split():
        phrase += atoms(word.removesuffix("*"))
        if word.endswith("*"):
            phrase[-1] += "*"
    return tuple(phrase)
