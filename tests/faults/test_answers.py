"""Answers: while a reminder is claimed, twice at once, from strangers, in every form, in every order (cases 21-27)."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from models.disaster import Answer, Recipient, SafetyAnswer
from models.message import InboundMessage, Message
from models.participant import Channel, ContactPoint
from notifications.safety import answers, checks
from tests.faults.doors import answer_by_link, inbound_call, post, post_all
from tests.faults.invariants import verify
from tests.faults.people import phone, populate
from tests.faults.plant import Plant
from tests.faults.processes import wait_for
from tests.faults.test_clocks import let_reminder_be_due

message, recipient = Message.__table__, Recipient.__table__
inbound, answer, contact = InboundMessage.__table__, SafetyAnswer.__table__, ContactPoint.__table__


def tokens(plant: Plant) -> list[str]:
    with plant.look() as connection:
        return list(connection.execute(sa.select(recipient.c.token).order_by(recipient.c.id)).scalars())


def standing(plant: Plant) -> list[str | None]:
    """The answer that counts, by person."""
    with plant.look() as connection:
        return list(connection.execute(sa.select(recipient.c.answer).order_by(recipient.c.id)).scalars())


def received(plant: Plant) -> list[sa.Row[tuple[object, ...]]]:
    with plant.look() as connection:
        return list(connection.execute(sa.select(inbound).order_by(inbound.c.id)).all())


def test_answers_while_reminders_are_being_sent(make_plant: Callable[..., Plant]) -> None:
    """Half of the people answer by link or text while workers claim the reminders of everybody."""
    plant = make_plant(REMINDER_MINUTES="10,1440", SEND_IN_FLIGHT=5)
    people = populate(plant, 200)
    chance = random.Random(26)
    with plant.running(workers=2):
        check = plant.launch()
        plant.settle(90)
        links = tokens(plant)
        plant.sandbox.set(latency_ms=200, smtp_latency_ms=200)
        let_reminder_be_due(plant, 11)
        wait_for(lambda: plant.count(message.c.purpose == "reminder") == 400, 30)
        numbers = chance.sample(range(200), 100)

        def tell(number: int) -> int:
            if number % 2:
                return answer_by_link(plant, links[number]).status
            return post(plant, inbound_call(plant, phone(number + 1), "1", f"SMin{number}"))

        with ThreadPoolExecutor(6) as pool:
            assert set(pool.map(tell, numbers)) == {200}
        plant.settle(90)
    canceled = plant.count(message.c.purpose == "reminder", message.c.state == "canceled")
    print("reminders cancelled by an answer:", canceled)  # noqa: T201
    assert canceled > 0
    found = verify(plant, people, checks=[check])
    assert found.asked == 200
    assert standing(plant).count("safe") == 100


def test_the_same_text_twice_and_two_texts_at_once(plant: Plant) -> None:
    people = populate(plant, 20)
    with plant.running(workers=1):
        check = plant.launch()
        plant.settle(60)
        calls = [
            inbound_call(plant, phone(number), "2", f"SM{number}-{which}")
            for number in range(1, 21)
            for which in ("a", "b")
            for _ in range(2)
        ]
        random.Random(21).shuffle(calls)
        assert set(post_all(plant, calls, 16)) == {200}
        plant.settle(60)
    with plant.look() as connection:
        kept = connection.execute(sa.select(sa.func.count()).select_from(answer)).scalar_one()
    assert (len(received(plant)), kept) == (40, 40)
    assert plant.count(message.c.purpose == "help_received") == 20, "one reply each, however often they write"
    verify(plant, people, checks=[check])


def test_whose_number_it_is_is_never_guessed(plant: Plant) -> None:
    populate(plant, 4, channels=[Channel.SMS])
    shared = populate(plant, 2, channels=[Channel.SMS], first=101)
    with plant.look() as connection:
        connection.execute(sa.update(contact).where(contact.c.participant_id.in_(shared)).values(value=phone(100)))
    plant.web(workers=1)
    plant.launch()
    forms = {
        phone(1): "answered",
        phone(2).replace("+81", "0"): "answered",
        phone(3).replace("+81", "0081"): "answered",
        f"{phone(4)[:3]} {phone(4)[3:5]}-{phone(4)[5:9]}-{phone(4)[9:]}": "answered",
        phone(100): "waiting",
        "+819099999999": "waiting",
        "JAPANPOST": "waiting",
        "": "waiting",
    }
    for place, (sender, state) in enumerate(forms.items()):
        assert post(plant, inbound_call(plant, sender, "無事", f"SM{place}")) == 200
        row = received(plant)[-1]
        assert (row.state, row.body) == (state, "無事"), sender
    assert standing(plant) == ["safe"] * 4 + [None] * 2


TEXTS = {
    "1": "safe",
    "１": "safe",
    "ok!": "safe",
    "無事": "safe",
    "2": "need_help",
    "help": "need_help",
    "I am NOT safe": None,
    "not ok": None,
    "": None,
    " ": None,
    "👍🏽": None,
    "\x00": None,
    "MSBhbSBzYWZl": None,
    "12": None,
    "🙂" * 300: None,
}


def test_reply_texts(plant: Plant) -> None:
    """What is not clear never becomes safe, and every word is kept (case 23)."""
    people = populate(plant, len(TEXTS), channels=[Channel.SMS])
    plant.web(workers=1)
    check = plant.launch()
    for number, text in enumerate(TEXTS, start=1):
        assert (
            post(plant, inbound_call(plant, phone(number), text, f"SM{number}", NumMedia="1" if not text else "0"))
            == 200
        )
    told = dict(zip(TEXTS, standing(plant), strict=True))
    assert {text: told[text] for text, wanted in TEXTS.items() if wanted} == {
        text: wanted for text, wanted in TEXTS.items() if wanted
    }
    assert not [text for text, wanted in TEXTS.items() if wanted is None and told[text] == "safe"]
    assert [row.body for row in received(plant)] == [text.replace("\x00", "\ufffd") for text in TEXTS]
    verify(plant, people, checks=[check], final=False)


def test_stop_ends_texts_and_another_way_is_used(plant: Plant) -> None:
    people = populate(plant, 6)
    words = ["STOP", "CANCEL", "停止", "unsubscribe", "Stop.", "配信停止"]
    with plant.running(workers=1):
        check = plant.launch()
        plant.settle(30)
        for number, word in enumerate(words, start=1):
            assert post(plant, inbound_call(plant, phone(number), word, f"SM{number}")) == 200
        before = plant.sandbox.stats()["accepted"]
        plant.change(lambda: checks.ask_again(check))
        plant.settle(30)
    with plant.look() as connection:
        states = connection.execute(
            sa.select(contact.c.state).where(contact.c.channel == Channel.SMS).order_by(contact.c.id)
        ).scalars()
        told = dict(zip(words, states, strict=True))
    stopped = [word for word, state in told.items() if state == "opted_out"]
    assert {"STOP", "CANCEL", "停止"} <= set(stopped), told
    reminded = plant.count(message.c.purpose == "reminder", message.c.channel == Channel.EMAIL)
    assert reminded == 6, "by mail"
    assert plant.sandbox.stats()["accepted"] - before == 6 - len(stopped)
    verify(plant, people, checks=[check])


@pytest.mark.parametrize("first", ["safe", "need_help"])
def test_every_answer_is_kept_and_the_newest_counts(plant: Plant, first: str) -> None:
    """From two channels, in both orders; help is never pushed away by somebody else's word (case 27)."""
    people = populate(plant, 3, channels=[Channel.SMS])
    plant.web(workers=1)
    check = plant.launch()
    second = "need_help" if first == "safe" else "safe"
    text = {"safe": "1", "need_help": "2"}
    link = tokens(plant)
    assert answer_by_link(plant, link[0], first).status == 200
    assert post(plant, inbound_call(plant, phone(1), text[second], "SM1")) == 200
    assert post(plant, inbound_call(plant, phone(2), text[first], "SM2")) == 200
    assert answer_by_link(plant, link[1], second).status == 200
    assert answer_by_link(plant, link[2], "need_help").status == 200
    with plant.look() as connection:
        third = connection.execute(sa.select(recipient.c.id).where(recipient.c.token == link[2])).scalar_one()
    plant.change(lambda: answers.record(third, Answer.SAFE, channel="staff", given_by="A colleague"))
    assert standing(plant) == [second, second, "need_help"]
    with plant.look() as connection:
        kept = connection.execute(sa.select(answer.c.answer).order_by(answer.c.id)).scalars().all()
    assert kept == [first, second, first, second, "need_help", "safe"]
    verify(plant, people, checks=[check], final=False)


def test_at_the_same_moment_from_both_channels(plant: Plant) -> None:
    people = populate(plant, 40, channels=[Channel.SMS])
    plant.web(workers=2)
    check = plant.launch()
    links = tokens(plant)

    def both(number: int) -> set[int]:
        with ThreadPoolExecutor(2) as pair:
            page = pair.submit(answer_by_link, plant, links[number], "safe")
            said = pair.submit(post, plant, inbound_call(plant, phone(number + 1), "2", f"SM{number}"))
            return {page.result().status, said.result()}

    with ThreadPoolExecutor(4) as pool:
        assert set().union(*pool.map(both, range(40))) == {200}
    with plant.look() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(answer)).scalar_one() == 80
    verify(plant, people, checks=[check], final=False)
