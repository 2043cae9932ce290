"""People who answer by themselves: by SMS, or by the button on the page behind the link."""

import smtplib
import time

import pytest

from tests.jetapp.sandbox.conftest import Receiver, Send, phone
from tests.sandbox_process import Sandbox

PAGE = """
<form method="post" action="/s/other"><input type="hidden" name="lang" value="ja"><button>日本語</button></form>
<form method="post" action="/s/T0KEN/answer"><input type="hidden" name="csrf" value="a&amp;b">
<button name="answer" value="safe">I am safe</button><button name="answer" value="need_help">Help</button></form>
"""


@pytest.fixture
def product(sandbox: Sandbox, receiver: Receiver) -> Receiver:
    receiver.answer = lambda hit: (200, PAGE if hit.method == "GET" else "<Response/>")
    sandbox.set(inbound_url=receiver.url + "/inbound", answer_share=1, answer_after_min_ms=0, answer_after_max_ms=20)
    return receiver


def link(product: Receiver, token: str = "T0KEN") -> str:
    return f"safe? {product.url}/s/{token} 合言葉"


def test_answer_by_the_button(sandbox: Sandbox, product: Receiver, send: Send) -> None:
    sandbox.set(answer_by_sms=0, answer_help=0)
    send(1, body=link(product))
    sandbox.wait(lambda: sandbox.stats()["answers"]["taken"] == 1)
    assert [(hit.method, hit.path) for hit in product.hits] == [("GET", "/s/T0KEN"), ("POST", "/s/T0KEN/answer")]
    assert product.posts()[0].fields == {"csrf": "a&b", "answer": "safe"}


def test_answer_need_help_by_mail(sandbox: Sandbox, product: Receiver) -> None:
    sandbox.set(answer_mail_share=1, answer_help=1)
    with smtplib.SMTP(*sandbox.smtp_address) as client:
        client.sendmail("a@jet.example", ["b@mail.example"], f"Subject: x\r\n\r\n{product.url}/s/T0KEN".encode())
    sandbox.wait(lambda: sandbox.stats()["answers"]["taken"] == 1)
    assert product.posts()[0].fields["answer"] == "need_help"


def test_page_without_the_button_gets_the_bare_field(sandbox: Sandbox, product: Receiver, send: Send) -> None:
    product.answer = lambda hit: (200, "<p>no form</p>")
    sandbox.set(answer_by_sms=0, answer_help=0, answer_field="status", answer_value_safe="ok")
    send(1, body=link(product))
    sandbox.wait(lambda: sandbox.stats()["answers"]["taken"] == 1)
    assert (product.posts()[0].path, product.posts()[0].fields) == ("/s/T0KEN", {"status": "ok"})


def test_other_address_for_the_links(sandbox: Sandbox, product: Receiver, send: Send) -> None:
    sandbox.set(answer_by_sms=0, answer_base_url=product.url)
    send(1, body="safe? https://jet.example/s/T0KEN")
    sandbox.wait(lambda: sandbox.stats()["answers"]["taken"] == 1)


@pytest.mark.parametrize(("share", "texts"), [(0, {"1", "safe", "無事"}), (1, {"2", "Help me"})])
def test_answer_by_sms(sandbox: Sandbox, product: Receiver, send: Send, share: int, texts: set[str]) -> None:
    sandbox.set(answer_by_sms=1, answer_help=share, answer_texts_help=["2", "Help me"])
    for number in range(12):
        send(number, body=link(product, f"T{number}"))
    sandbox.wait(lambda: sandbox.stats()["answers"]["taken"] == 12)
    assert {hit.fields["Body"] for hit in product.posts()} == texts


def settled(sandbox: Sandbox, product: Receiver) -> bool:
    """Whether some have answered, all of it was taken, and no more come."""
    before = len(product.posts())
    time.sleep(0.5)
    return sandbox.stats()["answers"]["taken"] == before == len(product.posts()) > 0


def test_only_a_share_answers_and_always_the_same(sandbox: Sandbox, product: Receiver, send: Send) -> None:
    runs = []
    for _ in range(2):
        sandbox.reset()
        product.hits.clear()
        sandbox.set(inbound_url=product.url, answer_share=0.5, answer_by_sms=1, answer_after_min_ms=0,
                    answer_after_max_ms=0)  # fmt: skip
        for number in range(20):
            send(number)
        sandbox.wait_idle()
        sandbox.wait(lambda: settled(sandbox, product))
        runs.append({hit.fields["From"] for hit in product.posts()})
    assert runs[0] == runs[1]
    assert 3 <= len(runs[0]) <= 17


def test_a_link_is_answered_once(sandbox: Sandbox, product: Receiver, send: Send) -> None:
    sandbox.set(answer_by_sms=0)
    for _ in range(3):
        send(1, body=link(product))
    send(2, body=link(product, "LAST"))
    sandbox.wait(lambda: sandbox.stats()["answers"]["taken"] == 2)
    assert len([hit for hit in product.hits if hit.method == "GET"]) == 2


def test_refused_answers_are_shown(sandbox: Sandbox, product: Receiver, send: Send) -> None:
    product.answer = lambda hit: (410, "over")
    sandbox.set(answer_by_sms=0)
    send(1, body=link(product))
    stats = sandbox.wait(lambda: sandbox.stats() if sandbox.stats()["answers"]["refused"] else None)
    assert stats["problems"][-1]["why"] == "answered 410"


def test_sender_that_cannot_be_answered(sandbox: Sandbox, product: Receiver, send: Send) -> None:
    sandbox.set(answer_by_sms=1)
    send(1, from_="JET CHECK", body=link(product))
    stats = sandbox.wait(lambda: sandbox.stats() if sandbox.stats()["problems"] else None)
    assert stats["problems"][-1]["where"] == phone(1)
    assert product.posts() == []
