"""Knobs: what is refused and how it is said; the form and its values."""

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetapp.sandbox.knob_form import changes, groups, written
from jetapp.sandbox.knobs import KnobError, Knobs, Rule
from jetapp.sandbox.segments import segments
from tests.sandbox_process import Sandbox, SandboxError


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("nonsense", 1, "there is no such knob"),
        ("latency_ms", "1", "must be a whole number, not '1'"),
        ("latency_ms", 1.5, "must be a whole number, not 1.5"),
        ("latency_ms", True, "must be a whole number, not True"),
        ("latency_ms", -1, "must be between 0 and 600000, not -1"),
        ("share_429", 1.1, "must be between 0 and 1, not 1.1"),
        ("share_429", float("nan"), "must be between 0 and 1, not nan"),
        ("callback_sending", 1, "must be true or false, not 1"),
        ("over_rate", "drop", "must be one of refuse, queue, not 'drop'"),
        ("inbound_url", "ftp://x", "must be empty or start with http:// or https://, not 'ftp://x'"),
        ("answer_link", "(", "is not a regular expression: missing ), unterminated subpattern at position 0"),
        ("answer_texts_safe", [], "must be a list of at least one text"),
        ("create_errors", {}, 'must be a list like [{"code": 30003, "to": "+8190*", "share": 0.1}]'),
        ("create_errors", [{"to": "*"}], "rule 1 must have code, and may have to and share, not {'to': '*'}"),
        ("delivery_errors", [{"code": 30003}, {"code": 5}], "rule 2: must be between 30000 and 69999, not 5"),
        ("smtp_errors", [{"code": 550, "share": 2}], "rule 1: must be between 0 and 1, not 2"),
    ],
)
def test_refusals_say_what_is_wrong(name: str, value: object, text: str) -> None:
    with pytest.raises(KnobError) as caught:
        Knobs().changed({name: value})
    assert caught.value.errors == {name: text}


def test_shares_of_one_draw_must_fit() -> None:
    with pytest.raises(KnobError, match="more than 1"):
        Knobs().changed({"share_429": 0.6, "share_500_after": 0.5})
    with pytest.raises(KnobError, match="answer_after_max_ms"):
        Knobs().changed({"answer_after_min_ms": 5, "answer_after_max_ms": 4})


def test_rules_are_read() -> None:
    knobs = Knobs().changed({"delivery_errors": [{"code": 30003, "to": "+81*", "share": 0.5}]})
    assert knobs.delivery_errors == (Rule(30003, "+81*", 0.5),)


def test_a_refused_change_changes_nothing(sandbox: Sandbox) -> None:
    before = sandbox.settings()
    with pytest.raises(SandboxError) as caught:
        sandbox.set(latency_ms=5, share_429=3, callback_retries=9)
    assert set(caught.value.errors) == {"share_429", "callback_retries"}
    assert sandbox.settings() == before


@pytest.mark.parametrize("body", [[], "x", None])
def test_body_must_be_an_object(sandbox: Sandbox, body: object) -> None:
    with pytest.raises(SandboxError):
        sandbox.call("PUT", "settings", body)


def test_reset_goes_back_to_the_start(sandbox: Sandbox) -> None:
    start = sandbox.settings()
    sandbox.set(latency_ms=5)
    sandbox.reset(keep_knobs=True)
    assert sandbox.settings()["latency_ms"] == 5
    sandbox.reset()
    assert sandbox.settings() == start


_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "count": st.integers(1, 5),
    "number": st.sampled_from([0.0, 0.5, 100.0]),
    "share": st.sampled_from([0.0, 0.05, 0.1]),
    "flag": st.booleans(),
    "text": st.sampled_from(["answer", "a b"]),
    "pattern": st.sampled_from([r"https?://\S+"]),
    "url": st.sampled_from(["", "http://127.0.0.1:5000/x?y=1"]),
    "choice": st.sampled_from(["refuse", "queue"]),
    "texts": st.lists(st.sampled_from(["1", "無事", "I need help"]), min_size=1),
    "rules": st.lists(
        st.builds(lambda share: {"code": 30003, "to": "+8190*", "share": share}, st.sampled_from([0.1, 1.0]))
    ),
}


@given(st.fixed_dictionaries({spec.name: _VALUES[spec.metadata["kind"]] for spec in fields(Knobs)}))
def test_form_gives_back_what_it_showed(values: dict[str, Any]) -> None:
    values["answer_after_max_ms"] = max(values["answer_after_min_ms"], values["answer_after_max_ms"])
    for name in ("smtp_errors", "smtp_bounces"):
        values[name] = [{**rule, "code": 550} for rule in values[name]]
    knobs = Knobs().changed(values)
    form = {entry.name: entry.value for group in groups(knobs).values() for entry in group}
    form = {name: value for name, value in form.items() if value or not isinstance(getattr(knobs, name), bool)}
    assert Knobs().changed(changes(form)) == knobs


def test_rule_lines() -> None:
    assert written((Rule(30003, "+8190*", 0.1), Rule(21610))) == "30003 +8190* 0.1\n21610 * 1"
    assert changes({"create_errors": "21610\n\n 21211  +81*  x "})["create_errors"] == [
        {"code": 21610, "to": "*", "share": 1},
        {"code": 21211, "to": "+81*", "share": "x"},
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("地" * 70, 1),
        ("地" * 71, 2),
        ("地" * 134, 2),
        ("地" * 135, 3),
        ("a" * 69 + "’", 1),
        ("a" * 70 + "’", 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_segments(body: str, expected: int) -> None:
    assert segments(body) == expected
