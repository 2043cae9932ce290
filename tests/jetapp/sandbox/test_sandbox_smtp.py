"""The mail server, spoken to by smtplib."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from tests.jetapp.sandbox.conftest import Receiver
from tests.sandbox_process import Sandbox

TO = "emma@mail.example"


@pytest.fixture
def mailer(sandbox: Sandbox) -> Iterator[smtplib.SMTP]:
    client = smtplib.SMTP(*sandbox.smtp_address, timeout=10)
    yield client
    client.close()


def letter(to: str = TO) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "JET safety check <safety@jet.example>"
    message["To"] = f"Emma Collins <{to}>"
    message["Subject"] = "Are you safe? 地震"
    message.set_content("無事ですか https://jet.example/s/K7Q2M9XD\n")
    message.add_alternative("<p>無事ですか</p>", subtype="html")
    return message


def test_mail_is_kept_whole(sandbox: Sandbox, mailer: smtplib.SMTP) -> None:
    assert mailer.send_message(letter()) == {}
    assert mailer.send_message(letter("LIAM@mail.example")) == {}
    (mail,) = sandbox.mails(to=TO)
    assert (mail["sender"], mail["to"], mail["name"]) == ("safety@jet.example", TO, "Emma Collins")
    assert mail["subject"] == "Are you safe? 地震"
    assert "K7Q2M9XD" in mail["text"]
    assert "<p>無事ですか</p>" in mail["html"]
    assert sandbox.stats()["mails"] == {"accepted": 2, "bounces": 0, "per_to": {TO: 1, "liam@mail.example": 1}}


def test_log_in_and_international_addresses(sandbox: Sandbox, mailer: smtplib.SMTP) -> None:
    mailer.login("any", "password")
    mailer.sendmail("a@jet.example", ["花子@mail.example"], b"Subject: x\r\n\r\nx", mail_options=["SMTPUTF8"])
    assert len(sandbox.mails(to="花子@mail.example")) == 1


@pytest.mark.parametrize("code", [450, 452, 550])
def test_addresses_refused(sandbox: Sandbox, mailer: smtplib.SMTP, code: int) -> None:
    sandbox.set(smtp_errors=[{"code": code, "to": "*@mail.example"}])
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        mailer.send_message(letter())
    assert caught.value.recipients[TO][0] == code
    mailer.send_message(letter("a@other.example"))
    assert [mail["to"] for mail in sandbox.mails()] == ["a@other.example"]


def test_connection_cut_after_acceptance(sandbox: Sandbox, mailer: smtplib.SMTP) -> None:
    sandbox.set(share_smtp_drop_after=1)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        mailer.send_message(letter())
    assert len(sandbox.mails(to=TO)) == 1


def test_slow(sandbox: Sandbox) -> None:
    sandbox.set(smtp_latency_ms=60_000)
    client = smtplib.SMTP(*sandbox.smtp_address, timeout=0.2)
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        client.send_message(letter())
    client.close()
    assert len(sandbox.mails(to=TO)) == 1


def test_bounce_comes_back_as_a_report(sandbox: Sandbox, receiver: Receiver, mailer: smtplib.SMTP) -> None:
    sandbox.set(smtp_bounces=[{"code": 550, "to": TO}], bounce_after_ms=1, bounce_url=receiver.url + "/bounce")
    mailer.send_message(letter())
    sandbox.wait(lambda: receiver.hits)
    (report,) = sandbox.mails(to="safety@jet.example")
    assert report["sender"] == ""
    assert f"could not be delivered to {TO}" in report["text"]
    body = receiver.hits[0].body.decode()
    assert receiver.hits[0].headers["Content-Type"] == "message/rfc822"
    assert 'report-type="delivery-status"' in body or "report-type=delivery-status" in body
    assert f"Final-Recipient: rfc822; {TO}" in body
    assert "Status: 5.1.1" in body
    assert sandbox.stats()["mails"]["accepted"] == 1
    assert sandbox.stats()["mails"]["bounces"] == 1


def test_bounce_is_never_bounced(sandbox: Sandbox, mailer: smtplib.SMTP) -> None:
    sandbox.set(smtp_bounces=[{"code": 550}], bounce_after_ms=0)
    mailer.sendmail("", [TO], b"Subject: x\r\n\r\nx")
    mailer.sendmail("a@jet.example", [TO], b"Subject: x\r\n\r\nx")
    sandbox.wait(lambda: sandbox.mails(to="a@jet.example"))
    assert sandbox.stats()["mails"]["bounces"] == 1
