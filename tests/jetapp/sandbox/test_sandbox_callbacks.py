"""Status callbacks: order, signature, loss, doubling, mixing, repeats and how many at once."""

import threading

import pytest

from tests.jetapp.sandbox.conftest import Receiver, Send, phone
from tests.sandbox_process import SENDER, Sandbox


@pytest.fixture
def callback(receiver: Receiver) -> str:
    return receiver.url + "/webhooks/twilio/status?m=0b7f&x=%E5%9C%B0%20a+b"


def test_callbacks_are_signed_and_complete(sandbox: Sandbox, receiver: Receiver, send: Send, callback: str) -> None:
    sandbox.set(sent_after_ms=1, delivered_after_ms=100)
    sid = send(1, status_callback=callback)
    sandbox.wait(lambda: len(receiver.posts()) == 2)
    assert receiver.statuses() == ["sent", "delivered"]
    for hit in receiver.posts():
        assert receiver.signed(hit)
        assert hit.path == callback.removeprefix(receiver.url)
        assert hit.headers["Content-Type"] == "application/x-www-form-urlencoded; charset=UTF-8"
        assert hit.headers["I-Twilio-Idempotency-Token"]
        assert (hit.fields["MessageSid"], hit.fields["SmsSid"]) == (sid, sid)
        assert (hit.fields["To"], hit.fields["From"]) == (phone(1), SENDER)
        assert hit.fields["AccountSid"] == sandbox.account_sid
        assert hit.fields["ApiVersion"] == "2010-04-01"
        assert "ErrorCode" not in hit.fields
    first, last = receiver.posts()
    assert not receiver.signed(type(first)(first.method, first.path, last.fields, first.headers, b""))


def test_sending_may_be_reported(sandbox: Sandbox, receiver: Receiver, send: Send, callback: str) -> None:
    sandbox.set(callback_sending=True)
    send(1, status_callback=callback)
    sandbox.wait(lambda: sorted(receiver.statuses()) == ["delivered", "sending", "sent"])


def test_failure_carries_the_code(sandbox: Sandbox, receiver: Receiver, send: Send, callback: str) -> None:
    sandbox.set(delivery_errors=[{"code": 30003}])
    send(1, status_callback=callback)
    sandbox.wait(lambda: len(receiver.posts()) == 2)
    failed = next(hit for hit in receiver.posts() if hit.fields["MessageStatus"] == "undelivered")
    assert failed.fields["ErrorCode"] == "30003"
    assert receiver.signed(failed)


def test_lost(sandbox: Sandbox, receiver: Receiver, send: Send, callback: str) -> None:
    sandbox.set(callback_loss=1)
    send(1, status_callback=callback)
    assert sandbox.wait_idle()["callbacks"]["lost"] == 2
    assert receiver.hits == []


def test_some_lost(sandbox: Sandbox, receiver: Receiver, send: Send, callback: str) -> None:
    sandbox.set(callback_loss=0.5)
    for number in range(20):
        send(number, status_callback=callback)
    callbacks = sandbox.wait_idle()["callbacks"]
    assert callbacks["lost"] + callbacks["sent"] == 40
    assert 5 <= callbacks["lost"] <= 35
    assert len(receiver.hits) == callbacks["sent"]


def test_doubled(sandbox: Sandbox, receiver: Receiver, send: Send, callback: str) -> None:
    sandbox.set(callback_double=1)
    send(1, status_callback=callback)
    sandbox.wait(lambda: sorted(receiver.statuses()) == ["delivered", "delivered", "sent", "sent"])
    assert sandbox.wait_idle()["callbacks"]["doubled"] == 2


def test_reordered(sandbox: Sandbox, receiver: Receiver, send: Send, callback: str) -> None:
    sandbox.set(callback_reorder=1, callback_sending=True)
    send(1, status_callback=callback)
    sandbox.wait(lambda: len(receiver.hits) == 3)
    assert receiver.statuses() == ["delivered", "sent", "sending"]
    assert sandbox.wait_idle()["callbacks"]["reordered"] == 1


def test_delayed_and_mixed(sandbox: Sandbox, receiver: Receiver, send: Send, callback: str) -> None:
    sandbox.set(callback_delay_ms=5, callback_jitter_ms=300)
    for number in range(20):
        send(number, status_callback=callback)
    sandbox.wait(lambda: len(receiver.hits) == 40)
    last: dict[str, str] = {hit.fields["To"]: hit.fields["MessageStatus"] for hit in receiver.posts()}
    assert set(last.values()) == {"sent", "delivered"}


@pytest.mark.parametrize(("answers", "hits"), [([500, 200], 2), ([500, 500], 2), ([404], 1), ([200], 1)])
def test_one_repeat_after_a_server_error(
    sandbox: Sandbox, receiver: Receiver, send: Send, callback: str, answers: list[int], hits: int
) -> None:
    left = list(answers)
    receiver.answer = lambda hit: (left.pop(0), "")
    sandbox.set(delivery_errors=[{"code": 30001}])
    send(1, status_callback=callback)
    callbacks = sandbox.wait_idle()["callbacks"]
    assert len(receiver.hits) == hits
    assert (callbacks["sent"], callbacks["failed"]) == ((1, 0) if answers[-1] == 200 else (0, 1))
    tokens = {hit.headers["I-Twilio-Idempotency-Token"] for hit in receiver.hits}
    assert len(tokens) == 1


@pytest.mark.parametrize(("fragment", "hits"), [("#rc=0", 1), ("#ct=3000&rc=3&rp=all", 4)])
def test_repeats_asked_for_in_the_address(
    sandbox: Sandbox, receiver: Receiver, send: Send, callback: str, fragment: str, hits: int
) -> None:
    receiver.answer = lambda hit: (503, "")
    sandbox.set(delivery_errors=[{"code": 30001}])
    send(1, status_callback=callback + fragment)
    sandbox.wait_idle()
    assert len(receiver.hits) == hits
    assert all(receiver.signed(hit) for hit in receiver.hits)


def test_receiver_that_never_answers(sandbox: Sandbox, receiver: Receiver, send: Send, callback: str) -> None:
    never = threading.Event()
    receiver.answer = lambda hit: (200, "late" if never.wait(20) else "")
    sandbox.set(delivery_errors=[{"code": 30001}], callback_timeout_ms=50)
    send(1, status_callback=callback)
    stats = sandbox.wait_idle()
    never.set()
    assert (stats["callbacks"]["failed"], stats["callbacks"]["repeated"]) == (1, 1)
    assert "no answer within" in stats["problems"][0]["why"]


def test_no_receiver(sandbox: Sandbox, send: Send) -> None:
    sandbox.set(delivery_errors=[{"code": 30001}])
    send(1, status_callback="http://127.0.0.1:9/status")
    stats = sandbox.wait_idle()
    assert stats["callbacks"]["failed"] == 1
    assert stats["problems"][0]["where"] == "http://127.0.0.1:9/status"


def test_not_more_at_once_than_allowed(sandbox: Sandbox, receiver: Receiver, send: Send, callback: str) -> None:
    lock, full = threading.Lock(), threading.Barrier(3, timeout=20)
    now = most = 0

    def answer(_hit: object) -> tuple[int, str]:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        full.wait()
        with lock:
            now -= 1
        return 200, ""

    receiver.answer = answer
    sandbox.set(callback_concurrency=3, delivery_errors=[{"code": 30001}])
    for number in range(12):
        send(number, status_callback=callback)
    assert sandbox.wait_idle()["callbacks"]["sent"] == 12
    assert most <= 6  # a thread may still be leaving while the next one enters


def test_reset_forgets_what_is_on_its_way(sandbox: Sandbox, receiver: Receiver, send: Send, callback: str) -> None:
    sandbox.set(sent_after_ms=50, callback_delay_ms=50)
    send(1, status_callback=callback)
    sandbox.reset()
    send(2, status_callback=callback)
    sandbox.wait(lambda: len(receiver.posts()) == 2)
    assert {hit.fields["To"] for hit in receiver.posts()} == {phone(2)}
