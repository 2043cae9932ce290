"""I7: forged input changes nothing; what the carrier sent passes, through proxies, with blank fields, rotated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from models.message import Message
from models.participant import Channel
from tests.faults.doors import Call, inbound_call, post, status_call
from tests.faults.invariants import fingerprint, verify
from tests.faults.people import phone, populate
from tests.faults.plant import Plant

message = Message.__table__
OTHER_ACCOUNT = "AC" + "1" * 32


@pytest.fixture
def asked(make_plant: Callable[..., Plant]) -> tuple[Plant, str, str, list[int], int]:
    """One person asked by SMS: the plant, our name and the carrier's for the message, the people, the check."""
    plant = make_plant(PUBLIC_URL="https://safety.example.jp", TWILIO_AUTH_TOKEN="sandbox-test-token,the-new-token")
    people = populate(plant, 1, channels=[Channel.SMS])
    plant.web(workers=1)
    plant.sandbox.set(callback_loss=1.0)
    with plant.running(workers=1, schedulers=0, web=False):
        check = plant.launch()
        plant.sandbox.wait(lambda: plant.count(message.c.state == "accepted"))
    with plant.look() as connection:
        row = connection.execute(message.select()).one()
    return plant, row.uuid, row.provider_id, people, check


def as_public(call: Call, plant: Plant) -> Call:
    """The carrier knows the public address; the request arrives at the process behind the proxy."""
    return replace(call, signed_url=f"https://safety.example.jp{call.path}")


def test_forged_calls_change_nothing(asked: tuple[Plant, str, str, list[int], int]) -> None:
    plant, uuid, sid, people, check = asked
    genuine = as_public(status_call(plant, uuid, sid, "delivered"), plant)
    text = as_public(inbound_call(plant, phone(1), "2", "SMin1"), plant)
    forged = {
        "wrong token": replace(genuine, token="a-stranger"),
        "no token": replace(genuine, token=""),
        "status changed": replace(genuine, form={**genuine.form, "MessageStatus": "failed"}, signed_form=genuine.form),
        "field added": replace(genuine, form={**genuine.form, "ErrorCode": "21610"}, signed_form=genuine.form),
        "field removed": replace(genuine, form={"MessageStatus": "delivered"}, signed_form=genuine.form),
        "blank field added": replace(genuine, form={**genuine.form, "X": ""}, signed_form=genuine.form),
        "another message": replace(genuine, path=genuine.path[:-1] + "0", signed_url=genuine.signed_url),
        "another host signed": replace(genuine, signed_url=f"https://evil.example{genuine.path}"),
        "http signed": replace(genuine, signed_url=f"http://safety.example.jp{genuine.path}"),
        "inner address signed": replace(genuine, signed_url=plant.url + genuine.path),
        "another account": replace(
            genuine, form={**genuine.form, "AccountSid": OTHER_ACCOUNT}, token="the-token-of-the-other-account"
        ),
        "another account, our token": replace(genuine, form={**genuine.form, "AccountSid": OTHER_ACCOUNT}),
        "status signature on inbound": replace(text, signed_url=genuine.signed_url),
        "text changed": replace(text, form={**text.form, "Body": "1"}, signed_form=text.form),
        "sender changed": replace(text, form={**text.form, "From": phone(2)}, signed_form=text.form),
        "no signature": replace(genuine, headers={"X-Twilio-Signature": ""}),
        "rubbish for a signature": replace(genuine, headers={"X-Twilio-Signature": "\u00e9\u00e9==".encode().hex()}),
    }
    before = fingerprint(plant)
    assert {name: post(plant, call) for name, call in forged.items()} == dict.fromkeys(forged, 403)
    assert fingerprint(plant) == before
    verify(plant, people, checks=[check], final=False)


IN_FRONT = {
    "nothing": {"Host": "safety.example.jp"},
    "a proxy": {"Host": "10.0.0.7:8000", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "inner.example"},
    "a hostile one": {"Host": "evil.example", "X-Forwarded-Port": "81", "Forwarded": "host=evil.example;proto=http"},
}
FIELDS = {
    "plain": {},
    "blank": {"Blank": "", "AlsoBlank": ""},
    "extra": {"ChannelPrefix": "x", "Unknown": "ねこ & 犬 = ?"},
}


def test_genuine_calls_pass_whatever_is_in_front(asked: tuple[Plant, str, str, list[int], int]) -> None:
    plant, uuid, sid, people, check = asked
    answers = {
        (front, fields): post(
            plant,
            replace(
                as_public(status_call(plant, uuid, sid, f"unknown {front} {fields}", **FIELDS[fields]), plant),
                headers=IN_FRONT[front],
            ),
        )
        for front in IN_FRONT
        for fields in FIELDS
    }
    assert answers == dict.fromkeys(answers, 204)
    assert post(plant, as_public(status_call(plant, uuid, sid, "delivered"), plant)) == 204
    assert plant.states() == {"sms delivered": 1}
    verify(plant, people, checks=[check])


def test_replayed_calls_have_one_effect_and_the_second_token_counts(
    asked: tuple[Plant, str, str, list[int], int],
) -> None:
    plant, uuid, sid, people, check = asked
    delivered = replace(as_public(status_call(plant, uuid, sid, "delivered"), plant), token="the-new-token")
    text = as_public(inbound_call(plant, phone(1), "1", "SMin1"), plant)
    assert (post(plant, delivered), post(plant, text)) == (204, 200)
    before = fingerprint(plant)
    replayed = [post(plant, call) for call in (delivered, text, delivered, text)]
    assert replayed == [204, 200, 204, 200]
    sent = as_public(status_call(plant, uuid, sid, "sent"), plant)
    assert post(plant, sent) == 204
    assert plant.count(message.c.state == "delivered") == 1
    assert before != fingerprint(plant), "the late event is kept"
    verify(plant, people, checks=[check], final=False)
