"""The pages for people, without a browser: content, safety, forms."""

import smtplib
from email.message import EmailMessage
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

import pytest

from tests.jetapp.sandbox.conftest import Receiver, Send, phone
from tests.sandbox_process import SENDER, Sandbox, sandbox_process

STAND_IN = "<b>Sandbox carrier:</b> nothing leaves this machine."


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def ask(
    sandbox: Sandbox, path: str, form: dict[str, str] | None = None, **headers: str
) -> tuple[int, str, dict[str, str]]:
    data = None if form is None else urlencode(form).encode()
    request = Request(sandbox.http + path, data=data, headers=headers)
    try:
        with build_opener(_Stay).open(request, timeout=20) as reply:
            return reply.status, reply.read().decode(), dict(reply.headers)
    except HTTPError as error:
        with error:
            return error.code, error.read().decode(), dict(error.headers)


def post_mail(sandbox: Sandbox, to: str, name: str = "Emma Collins", text: str = "https://jet.example/s/T0KEN") -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "safety@jet.example", f"{name} <{to}>", "Are you safe?"
    message.set_content(text)
    message.add_alternative("<p onclick='x()'>Are you safe?</p>", subtype="html")
    with smtplib.SMTP(*sandbox.smtp_address) as client:
        client.send_message(message)


@pytest.mark.parametrize(
    "path", ["/", "/phones", "/phones/+8190", "/mailboxes", "/mailboxes/a@b.example", "/phones?page=9&q=x", "/nothing"]
)
def test_every_page_says_what_it_is(sandbox: Sandbox, path: str) -> None:
    status, page, headers = ask(sandbox, path)
    assert status == (404 if path == "/nothing" else 200)
    assert STAND_IN in page
    assert headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert "<script" not in page
    assert "style=" not in page
    assert "<style" not in page
    assert "http-equiv" not in page


@pytest.mark.parametrize("name", ["sandbox.css", "sandbox.svg"])
def test_static_files(sandbox: Sandbox, name: str) -> None:
    assert ask(sandbox, f"/static/{name}")[0] == 200
    assert ask(sandbox, "/static/../sandbox/pages.py")[0] == 404
    assert ask(sandbox, "/static/app.css")[0] == 404


def test_pages_refresh_only_when_asked(sandbox: Sandbox) -> None:
    for path in ("/", "/phones", "/phones/+8190", "/mailboxes", "/mailboxes/a@b.example"):
        assert '<meta http-equiv="refresh" content="5">' in ask(sandbox, path + "?refresh=on")[1]


def test_phones_are_listed_and_found(sandbox: Sandbox, send: Send) -> None:
    send(1, body="For Emma: safe?")
    send(2, body="For Liam: <b>safe</b>?")
    _, page, _ = ask(sandbox, "/phones")
    assert page.index(phone(2)) < page.index(phone(1))
    assert "&lt;b&gt;safe" in page
    assert "<b>safe" not in page
    for asked, found in ((phone(1), 1), ("90 0000-0001", 1), ("emma", 1), ("safe", 2), ("nobody", 0)):
        page = ask(sandbox, "/phones?" + urlencode({"q": asked}))[1]
        assert page.count('href="/phones/+') == found, asked
    assert "No phone matches “nobody”" in page


def test_long_lists_have_pages(sandbox: Sandbox, send: Send) -> None:
    for number in range(101):
        send(number)
    assert "1 to 100 of 101 phones" in ask(sandbox, "/phones")[1]
    assert "101 to 101 of 101 phones" in ask(sandbox, "/phones?page=2")[1]


def test_thread_has_clickable_links(sandbox: Sandbox, send: Send) -> None:
    send(1, body="無事ですか https://jet.example/s/T0KEN?a=1&b=2。<script>")
    sandbox.wait_idle()
    _, page, _ = ask(sandbox, f"/phones/{phone(1)}")
    assert '<a href="https://jet.example/s/T0KEN?a=1&amp;b=2" rel="noopener noreferrer" target="_blank">' in page
    assert "</a>。&lt;script&gt;" in page
    assert "✓ delivered" in page


def test_reply_goes_to_the_product(sandbox: Sandbox, receiver: Receiver, send: Send) -> None:
    sandbox.set(inbound_url=receiver.url)
    send(1)
    status, _, headers = ask(sandbox, f"/phones/{phone(1)}", {"body": "無事\n"})
    assert (status, headers["Location"]) == (303, f"/phones/{phone(1)}#newest")
    assert receiver.posts()[0].fields["Body"] == "無事"
    assert receiver.posts()[0].fields["To"] == SENDER
    assert "✓ taken by the product" in ask(sandbox, f"/phones/{phone(1)}")[1]


def test_refused_reply_is_shown(sandbox: Sandbox, receiver: Receiver, send: Send) -> None:
    receiver.answer = lambda hit: (403, "")
    sandbox.set(inbound_url=receiver.url)
    send(1)
    status, page, _ = ask(sandbox, f"/phones/{phone(1)}", {"body": "1"})
    assert status == 502
    assert "The message was refused by the product: answered 403." in page


def test_one_way_sender_has_no_reply_box(sandbox: Sandbox, send: Send) -> None:
    send(1, from_="JET CHECK")
    assert "this phone cannot answer" in ask(sandbox, f"/phones/{phone(1)}")[1]
    assert ask(sandbox, f"/phones/{phone(1)}", {"body": "1"})[0] == 400


def test_stopped_phone_is_marked(sandbox: Sandbox, send: Send) -> None:
    send(1)
    sandbox.inbound(phone(1), "STOP")
    assert "refused with 21610" in ask(sandbox, f"/phones/{phone(1)}")[1]


def test_mail_is_readable_and_its_html_harmless(sandbox: Sandbox) -> None:
    post_mail(sandbox, "emma@mail.example")
    post_mail(sandbox, "liam@mail.example", "Liam Walker")
    assert ask(sandbox, "/mailboxes?q=collins")[1].count('href="/mailboxes/') == 1
    _, page, _ = ask(sandbox, "/mailboxes/" + quote("emma@mail.example"))
    assert "to Emma Collins" in page
    assert '<a href="https://jet.example/s/T0KEN"' in page
    status, html, headers = ask(sandbox, "/mails/0/html")
    assert (status, "onclick" in html) == (200, True)
    assert headers["Content-Security-Policy"].startswith("sandbox")
    assert "script-src" not in headers["Content-Security-Policy"]
    assert ask(sandbox, "/mails/0/raw")[2]["Content-Type"].startswith("text/plain")
    assert ask(sandbox, "/mails/9/html")[0] == 404


def test_knobs_are_turned_on_the_page(sandbox: Sandbox) -> None:
    form = {"latency_ms": "5", "delivery_errors": "30003 +81* 0.5", "callback_sending": "on"}
    assert ask(sandbox, "/knobs", form)[0] == 303
    settings = sandbox.settings()
    assert settings["latency_ms"] == 5
    assert settings["delivery_errors"] == [{"code": 30003, "to": "+81*", "share": 0.5}]
    assert settings["callback_sending"] is True


def test_wrong_knobs_are_named_and_kept(sandbox: Sandbox) -> None:
    status, page, _ = ask(sandbox, "/knobs", {"latency_ms": "soon", "share_429": "0.25"})
    assert status == 400
    assert "<title>Error: Overview" in page
    assert "must be a whole number, not &#39;soon&#39;" in page
    assert 'value="soon"' in page
    assert 'value="0.25"' in page
    assert sandbox.settings()["share_429"] == 0


def test_emptying(sandbox: Sandbox, send: Send) -> None:
    send(1)
    sandbox.set(latency_ms=1)
    assert ask(sandbox, "/reset", {})[0] == 303
    assert sandbox.stats()["accepted"] == 0
    assert sandbox.settings()["latency_ms"] == 1
    ask(sandbox, "/reset", {"knobs": "start"})
    assert sandbox.settings()["latency_ms"] == 0


@pytest.mark.parametrize("path", ["/knobs", "/reset", "/phones/+819000000001"])
def test_other_sites_cannot_post(sandbox: Sandbox, send: Send, path: str) -> None:
    send(1)
    assert ask(sandbox, path, {"body": "1"}, **{"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert sandbox.stats()["inbound"]["received"] == 0
    assert sandbox.stats()["accepted"] == 1


def test_figures_and_problems_are_shown(sandbox: Sandbox, send: Send) -> None:
    sandbox.set(share_429=0, delivery_errors=[{"code": 30003, "to": phone(1)}])
    send(1, status_callback="http://127.0.0.1:9/status")
    sandbox.wait_idle()
    _, page, _ = ask(sandbox, "/")
    assert "Webhooks the product did not take" in page
    assert "<b>1</b><small>undelivered or failed</small>" in page
    assert "<rect" in page


def test_control_token_guards_knobs_and_forms() -> None:
    with sandbox_process(control_token="s3cret") as sandbox:
        assert sandbox.set(latency_ms=1)["latency_ms"] == 1
        assert ask(sandbox, "/_sandbox/settings")[0] == 403
        assert ask(sandbox, "/_sandbox/settings", None, Authorization="Bearer wrong")[0] == 403
        assert 'type="password"' in ask(sandbox, "/")[1]
        assert ask(sandbox, "/knobs", {"latency_ms": "2"})[0] == 403
        assert ask(sandbox, "/reset", {"control_token": "wrong"})[0] == 403
        assert ask(sandbox, "/knobs", {"latency_ms": "3", "control_token": "s3cret"})[0] == 303
        assert sandbox.settings()["latency_ms"] == 3
