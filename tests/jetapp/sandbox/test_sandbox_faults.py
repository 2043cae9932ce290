"""Every fault around acceptance and delivery, seen through Twilio's SDK."""

import json
import threading
from base64 import b64encode
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.jetapp.sandbox.conftest import Send, phone
from tests.sandbox_process import SENDER, Sandbox


def refused(send: Send, number: int = 1) -> int:
    """The code a message to this number is refused with, 0 when it is taken."""
    try:
        send(number)
    except TwilioRestException as error:
        return int(error.code)
    return 0


@pytest.mark.parametrize(
    ("knob", "code", "stored"), [("share_429", 20429, 0), ("share_500_before", 20500, 0), ("share_500_after", 20500, 1)]
)
def test_error_answers(sandbox: Sandbox, send: Send, knob: str, code: int, stored: int) -> None:
    sandbox.set(**{knob: 1})
    assert refused(send) == code
    assert sandbox.stats()["accepted"] == stored
    assert sandbox.stats()["faults"] == {knob: 1}


@pytest.mark.parametrize(
    ("knob", "stored"), [("share_close_before", 0), ("share_close_after", 1), ("share_hang_after", 1)]
)
def test_no_answer(sandbox: Sandbox, send: Send, knob: str, stored: int) -> None:
    sandbox.set(**{knob: 1})
    with pytest.raises((requests.exceptions.ConnectionError, requests.exceptions.ReadTimeout)):
        send()
    assert sandbox.stats()["accepted"] == stored
    sandbox.wait_idle()
    assert sandbox.stats()["statuses"] == ({"delivered": 1} if stored else {})


@pytest.mark.parametrize("seconds", [0, 7])
def test_retry_after_is_sent_only_when_asked(sandbox: Sandbox, seconds: int) -> None:
    sandbox.set(share_429=1, retry_after_s=seconds)
    basic = b64encode(f"{sandbox.account_sid}:{sandbox.auth_token}".encode()).decode()
    request = Request(
        f"{sandbox.http}/2010-04-01/Accounts/{sandbox.account_sid}/Messages.json",
        data=urlencode({"To": phone(1), "From": SENDER, "Body": "x"}).encode(),
        headers={"Authorization": f"Basic {basic}"},
    )
    with pytest.raises(HTTPError) as caught:
        urlopen(request)
    with caught.value as error:
        assert error.headers["Retry-After"] == (str(seconds) if seconds else None)
        assert error.headers["Twilio-Concurrent-Requests"] == "1"
        assert json.load(error)["status"] == 429


def test_same_seed_same_luck(sandbox: Sandbox, send: Send) -> None:
    runs = []
    for seed in (5, 5, 6):
        sandbox.reset()
        sandbox.set(seed=seed, share_429=0.3, share_500_before=0.2)
        runs.append([refused(send, number) for number in range(60)])
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert 8 <= runs[0].count(20429) <= 30
    assert 4 <= runs[0].count(20500) <= 24


def test_luck_does_not_depend_on_order(sandbox: Sandbox, send: Send) -> None:
    sandbox.set(share_429=0.5)
    forward = {number: refused(send, number) for number in range(30)}
    sandbox.reset(keep_knobs=True)
    backward = {number: refused(send, number) for number in reversed(range(30))}
    assert forward == backward


def test_a_retry_has_its_own_luck(sandbox: Sandbox, send: Send) -> None:
    sandbox.set(share_429=0.5)
    assert {refused(send, 1) for _ in range(40)} == {0, 20429}


@pytest.mark.parametrize("code", [21211, 21408, 21610, 21614, 20503])
def test_create_errors_by_number(sandbox: Sandbox, send: Send, code: int) -> None:
    sandbox.set(create_errors=[{"code": code, "to": "+81900000000[12]"}])
    assert [refused(send, number) for number in (1, 2, 3)] == [code, code, 0]


def test_create_errors_by_share(sandbox: Sandbox, send: Send) -> None:
    sandbox.set(create_errors=[{"code": 21614, "share": 0.5}])
    assert {refused(send, number) for number in range(40)} == {0, 21614}


@pytest.mark.parametrize(
    ("code", "status", "sent"),
    [(30003, "undelivered", True), (30005, "undelivered", True), (30006, "undelivered", True),
     (30007, "undelivered", True), (30008, "undelivered", True), (30001, "failed", False)],
)  # fmt: skip
def test_delivery_errors(sandbox: Sandbox, twilio: Client, send: Send, code: int, status: str, sent: bool) -> None:
    sandbox.set(delivery_errors=[{"code": code, "to": phone(1)}])
    sid, other = send(1), send(2)
    sandbox.wait_idle()
    message = twilio.messages(sid).fetch()
    assert (message.status, message.error_code, message.date_sent is not None) == (status, code, sent)
    assert message.error_message
    assert twilio.messages(other).fetch().status == "delivered"


def test_message_older_than_its_validity_fails(sandbox: Sandbox, twilio: Client, send: Send) -> None:
    sandbox.set(sent_after_ms=5_000)
    sid = send(1, validity_period=1)
    sandbox.wait(lambda: twilio.messages(sid).fetch().status == "failed")
    assert twilio.messages(sid).fetch().error_code == 30036


def test_some_carriers_never_confirm(sandbox: Sandbox, twilio: Client, send: Send) -> None:
    sandbox.set(share_stay_sent=1)
    sid = send(1)
    sandbox.wait(lambda: twilio.messages(sid).fetch().status == "sent")
    send(2)
    sandbox.wait(lambda: sandbox.stats()["statuses"] == {"sent": 2})


def test_over_the_rate_is_refused_per_sender(sandbox: Sandbox, send: Send) -> None:
    sandbox.set(segments_per_second=0.001)
    assert [refused(send, number) for number in (1, 2)] == [0, 20429]
    assert send(3, from_="+15005550001")
    assert sandbox.stats()["faults"] == {"segments_per_second": 1}


def test_rate_counts_segments(sandbox: Sandbox, send: Send) -> None:
    sandbox.set(segments_per_second=2)
    assert [refused(send, number) for number in (1, 2)] == [0, 0]
    sandbox.reset(keep_knobs=True)
    send(1, body="地" * 67 * 20)
    assert refused(send, 2) == 20429


def test_over_the_rate_may_be_queued(sandbox: Sandbox, send: Send) -> None:
    sandbox.set(segments_per_second=0.001, over_rate="queue")
    assert [refused(send, number) for number in (1, 2)] == [0, 0]
    sandbox.wait(lambda: sandbox.stats()["statuses"] == {"delivered": 1, "queued": 1})


def test_too_many_at_once_are_refused(sandbox: Sandbox, send: Send, twilio: Client) -> None:
    sandbox.set(share_hang_after=1, max_concurrent=1)

    def hang() -> None:
        with pytest.raises(requests.exceptions.RequestException):
            send(1)

    thread = threading.Thread(target=hang)
    thread.start()
    sandbox.wait(lambda: sandbox.stats()["accepted"] == 1)
    assert refused(send, 2) == 20429
    thread.join()


def test_latency_comes_after_acceptance(sandbox: Sandbox, send: Send) -> None:
    sandbox.set(latency_ms=60_000, latency_jitter_ms=10)
    with pytest.raises(requests.exceptions.ReadTimeout):
        send(1)
    assert sandbox.stats()["accepted"] == 1


def test_duplicates_are_counted(sandbox: Sandbox, send: Send) -> None:
    for reference in ("a", "a", "b"):
        send(1, body="safe? https://j.example/s/T0KEN", status_callback=f"http://127.0.0.1:9/s?m={reference}")
    send(1, body="reminder: https://j.example/s/T0KEN", status_callback="http://127.0.0.1:9/s?m=c")
    send(2, body="safe? https://j.example/s/OTHER", status_callback="http://127.0.0.1:9/s?m=d")
    stats = sandbox.stats()
    assert stats["duplicates"] == {"by_reference": 1, "by_token": 3, "by_body": 2}
    assert stats["per_to"] == {phone(1): 4, phone(2): 1}
    assert sum(second["accepted"] for second in stats["timeline"]) == 5
