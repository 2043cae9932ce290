"""Each code of provider_codes.csv lands in its class, at the create call and as the end of a message."""

from __future__ import annotations

import sqlalchemy as sa

from models.message import Message, Sender
from models.participant import Channel, ContactPoint
from notifications.channels.codes import DEAD_NUMBER_CODES, CodeClass, all_codes, meaning
from tests.faults.invariants import verify
from tests.faults.people import phone, populate
from tests.faults.plant import Plant
from tests.faults.processes import wait_for

message, contact = Message.__table__, ContactPoint.__table__
UNKNOWN = "39999"


def rows_of(plant: Plant, codes: list[str]) -> dict[str, sa.Row[tuple[object, ...]]]:
    """The first SMS row of the person of each code, with the state of the number."""
    with plant.look() as connection:
        rows = connection.execute(
            sa.select(message, contact.c.state.label("number"))
            .join(contact, contact.c.id == message.c.contact_point_id)
            .where(message.c.channel == Channel.SMS, message.c.wave == 0)
        ).all()
    by_phone = {row.address: row for row in rows}
    return {code: by_phone[phone(place)] for place, code in enumerate(codes, start=1)}


def expected_number(code: str) -> str:
    if code in DEAD_NUMBER_CODES:
        return "dead"
    return "opted_out" if meaning(code).kind is CodeClass.OPTED_OUT else "verified"


def test_every_code_as_the_end_of_a_message(plant: Plant) -> None:
    codes = [each.code for each in all_codes() if 30000 <= int(each.code) <= 69999] + [UNKNOWN]
    people = populate(plant, len(codes))
    plant.sandbox.set(
        delivery_errors=[{"code": int(code), "to": phone(place)} for place, code in enumerate(codes, start=1)]
    )
    with plant.running(workers=1):
        check = plant.launch()
        plant.settle(60)
    rows = rows_of(plant, codes)
    assert {code: (row.state, row.error_code) for code, row in rows.items()} == {
        code: ("undelivered", code) for code in codes
    }
    assert {code: row.number for code, row in rows.items()} == {code: expected_number(code) for code in codes}
    assert {code: row.reason for code, row in rows.items()} == {code: meaning(code).reason for code in codes}
    assert rows["30003"].number == rows["30008"].number == "verified"
    verify(plant, people, checks=[check])


def test_every_refusal_at_the_create_call(plant: Plant) -> None:
    """`busy` is tried again and costs no attempt; every other class ends the row and another way is used."""
    codes = [
        each.code
        for each in all_codes()
        if 20000 <= int(each.code) <= 69999 and each.kind not in (CodeClass.ACCOUNT, CodeClass.BUSY)
    ] + [UNKNOWN]
    busy = [each.code for each in all_codes() if each.kind is CodeClass.BUSY and int(each.code) >= 20000]
    people = populate(plant, len(codes) + len(busy))
    plant.sandbox.set(
        create_errors=[{"code": int(code), "to": phone(place)} for place, code in enumerate(codes + busy, start=1)]
    )
    with plant.running(workers=1):
        check = plant.launch()
        wait_for(lambda: plant.count(message.c.state == "failed") >= len(codes), 60)
        rows = rows_of(plant, codes + busy)
        assert {rows[code].state for code in busy} <= {"pending", "submitting"}
        plant.sandbox.set(create_errors=[])
        plant.settle(60)
    rows = rows_of(plant, codes + busy)
    assert {code: (rows[code].state, rows[code].error_code) for code in codes} == {
        code: ("failed", code) for code in codes
    }
    assert {code: rows[code].number for code in codes} == {code: expected_number(code) for code in codes}
    assert {(rows[code].state, rows[code].attempts) for code in busy} == {("delivered", 1)}
    verify(plant, people, checks=[check])


def test_a_fault_of_our_account_stops_the_sender_and_loses_nothing(plant: Plant) -> None:
    people = populate(plant, 20)
    codes = [each.code for each in all_codes() if each.kind is CodeClass.ACCOUNT and int(each.code) < 30000]
    with plant.running(workers=1):
        plant.sandbox.set(create_errors=[{"code": int(codes[0])}])
        check = plant.launch()
        wait_for(lambda: plant.count(message.c.channel == Channel.EMAIL, message.c.state != "sent") == 0, 30)
        for code in codes:
            plant.sandbox.set(create_errors=[{"code": int(code)}])
            _let_go_on(plant)
            wait_for(lambda: _paused(plant), 30)
            assert plant.count(message.c.channel == Channel.SMS, message.c.state == "failed") == 0, code
        plant.sandbox.set(create_errors=[])
        _let_go_on(plant)
        plant.settle(60)
    verify(plant, people, checks=[check])


def _let_go_on(plant: Plant) -> None:
    """What the operator's button does once the account is in order."""
    with plant.look() as connection:
        connection.execute(sa.update(Sender.__table__).values(paused=False, paused_reason="", slow_until=None))


def _paused(plant: Plant) -> bool:
    with plant.look() as connection:
        query = sa.select(Sender.__table__.c.paused).where(Sender.__table__.c.channel == Channel.SMS)
        return bool(connection.execute(query).scalar_one_or_none())
