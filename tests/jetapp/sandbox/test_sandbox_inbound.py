"""SMS from phones to the product, opt-out words, and TwiML answers."""

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.jetapp.sandbox.conftest import Receiver, Send, phone
from tests.sandbox_process import SENDER, Sandbox, SandboxError


@pytest.fixture
def hook(sandbox: Sandbox, receiver: Receiver) -> Receiver:
    receiver.answer = lambda hit: (200, "<Response></Response>")
    sandbox.set(inbound_url=receiver.url + "/webhooks/twilio/inbound?v=1")
    return receiver


def test_inbound_is_signed_with_blank_fields(sandbox: Sandbox, hook: Receiver) -> None:
    result = sandbox.inbound(phone(1), "無事です & ok")
    (hit,) = hook.posts()
    assert hook.signed(hit)
    assert hit.path == "/webhooks/twilio/inbound?v=1"
    assert hit.fields["MessageSid"] == hit.fields["SmsMessageSid"] == result["sid"]
    assert (hit.fields["From"], hit.fields["To"], hit.fields["Body"]) == (phone(1), SENDER, "無事です & ok")
    assert (hit.fields["NumMedia"], hit.fields["FromCity"], hit.fields["FromCountry"]) == ("0", "", "JP")
    assert result["status"] == 200
    (message,) = sandbox.messages(direction="inbound")
    assert (message["from"], message["status"], message["note"]) == (phone(1), "received", "")


def test_inbound_may_come_twice(sandbox: Sandbox, hook: Receiver) -> None:
    sandbox.set(inbound_double=1)
    sandbox.inbound(phone(1), "1")
    assert len({hit.fields["MessageSid"] for hit in hook.posts()}) == 1
    assert len(hook.posts()) == 2


@pytest.mark.parametrize(
    "answer",
    [
        "<Response><Message>Thank you</Message></Response>",
        "<Response><Message><Body>Thank you</Body></Message></Response>",
    ],
)
def test_twiml_answer_becomes_an_sms(sandbox: Sandbox, hook: Receiver, answer: str) -> None:
    hook.answer = lambda hit: (200, answer)
    sandbox.inbound(phone(1), "1")
    sandbox.wait_idle()
    (message,) = sandbox.messages(to=phone(1))
    assert (message["body"], message["direction"], message["status"]) == ("Thank you", "outbound-reply", "delivered")


@pytest.mark.parametrize(
    "answer", ["", "<Response/>", "<Message", '<!DOCTYPE x [<!ENTITY e "x">]><Message>&e;</Message>']
)
def test_other_answers_say_nothing(sandbox: Sandbox, hook: Receiver, answer: str) -> None:
    hook.answer = lambda hit: (200, answer)
    assert sandbox.inbound(phone(1), "1")["status"] == 200
    assert sandbox.messages(to=phone(1)) == []


def test_refusal_is_kept_with_the_message(sandbox: Sandbox, hook: Receiver) -> None:
    hook.answer = lambda hit: (403, "no")
    assert sandbox.inbound(phone(1), "1")["status"] == 403
    assert sandbox.messages(direction="inbound")[0]["note"] == "refused by the product: answered 403"
    assert sandbox.stats()["inbound"] == {"received": 1, "taken": 0, "refused": 1}


def test_no_inbound_address(sandbox: Sandbox) -> None:
    assert sandbox.inbound(phone(1), "1")["status"] == 0


@pytest.mark.parametrize("word", ["STOP", " stop ", "Unsubscribe", "CANCEL", "end", "quit", "revoke", "optout"])
def test_stop_blocks_and_start_lifts(sandbox: Sandbox, hook: Receiver, send: Send, word: str) -> None:
    send(1)
    sandbox.inbound(phone(1), word)
    with pytest.raises(TwilioRestException) as caught:
        send(1)
    assert (caught.value.code, caught.value.status) == (21610, 400)
    send(2)
    send(1, from_="+15005550001")
    assert [hit.fields["Body"] for hit in hook.posts()] == [word]
    assert "unsubscribed" in sandbox.messages(to=phone(1))[1]["body"]
    sandbox.inbound(phone(1), "start")
    assert send(1)


@pytest.mark.parametrize("text", ["停止", "stop it", "I cannot stop shaking", "1"])
def test_other_words_do_not_stop(sandbox: Sandbox, hook: Receiver, send: Send, text: str) -> None:
    sandbox.inbound(phone(1), text)
    assert send(1)


def test_stopped_phone_gets_no_twiml_answer(sandbox: Sandbox, hook: Receiver) -> None:
    hook.answer = lambda hit: (200, "<Response><Message>Thank you</Message></Response>")
    sandbox.inbound(phone(1), "STOP")
    sandbox.inbound(phone(1), "STOP")
    assert ["unsubscribed" in message["body"] for message in sandbox.messages(to=phone(1))] == [True]


def test_help_is_answered_by_twilio_and_passed_on(sandbox: Sandbox, hook: Receiver) -> None:
    sandbox.inbound(phone(1), "help")
    assert sandbox.messages(to=phone(1))[0]["body"].startswith("Reply STOP")
    assert [hit.fields["Body"] for hit in hook.posts()] == ["help"]


@pytest.mark.parametrize(
    ("values", "word"),
    [
        (("0901", "x", SENDER), "country code"),
        ((phone(1), "", SENDER), "empty"),
        ((phone(1), "x", "JET CHECK"), "name"),
        ((phone(1), "x", ""), "No message"),
    ],
)
def test_what_a_phone_cannot_send(sandbox: Sandbox, hook: Receiver, values: tuple[str, str, str], word: str) -> None:
    with pytest.raises(SandboxError, match=word) as caught:
        sandbox.inbound(*values)
    assert caught.value.status == 400
    assert hook.hits == []
