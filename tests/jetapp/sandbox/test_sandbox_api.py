"""Twilio's Messages API, asked by Twilio's own SDK."""

import asyncio
import json
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from tests.jetapp.sandbox.conftest import Send, phone
from tests.sandbox_process import SENDER, Sandbox, sandbox_process

JAPANESE = "地震です。大丈夫ですか https://jet.example/s/K7Q2M9XD 合言葉"


def test_created_message_has_every_field(twilio: Client) -> None:
    message = twilio.messages.create(to=phone(1), from_=SENDER, body=JAPANESE)
    assert re.fullmatch(r"SM[0-9a-f]{32}", message.sid)
    assert (message.to, message.from_, message.body) == (phone(1), SENDER, JAPANESE)
    assert (message.status, message.direction, message.num_segments) == ("queued", "outbound-api", "1")
    assert message.date_sent is None
    assert message.date_created.tzinfo is not None
    assert (message.error_code, message.messaging_service_sid, message.num_media) == (None, None, "0")
    assert message.uri.endswith(f"/Messages/{message.sid}.json")


def test_dates_are_rfc_2822_with_offset(sandbox: Sandbox, send: Send) -> None:
    sid = send()
    url = f"{sandbox.http}/2010-04-01/Accounts/{sandbox.account_sid}/Messages/{sid}.json"
    with urlopen(Request(url, headers=_basic(sandbox))) as response:
        body = json.load(response)
    assert body["date_created"].endswith(" +0000")
    assert parsedate_to_datetime(body["date_created"]).tzinfo is not None


def test_fetch_shows_delivery(sandbox: Sandbox, twilio: Client, send: Send) -> None:
    sid = send()
    sandbox.wait_idle()
    message = twilio.messages(sid).fetch()
    assert message.status == "delivered"
    assert message.date_sent is not None


def test_account_is_a_credential_check(sandbox: Sandbox, twilio: Client) -> None:
    assert twilio.api.accounts(sandbox.account_sid).fetch().status == "active"


def test_messaging_service_chooses_the_sender_later(sandbox: Sandbox, twilio: Client) -> None:
    service = "MG" + "0" * 32
    message = twilio.messages.create(to=phone(1), messaging_service_sid=service, body="x" * 200)
    assert (message.status, message.from_, message.num_segments) == ("accepted", None, "0")
    sandbox.wait_idle()
    message = message.fetch()
    assert (message.from_, message.num_segments, message.messaging_service_sid) == (SENDER, "2", service)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_asynchronous_sdk_sends_many_at_once(sandbox: Sandbox) -> None:
    async def send_all() -> list[str]:
        async with AsyncTwilioHttpClient() as http:
            client = Client(sandbox.account_sid, sandbox.auth_token, http_client=http)
            client.api.base_url = sandbox.http
            sending = (client.messages.create_async(to=phone(n), from_=SENDER, body="?") for n in range(50))
            return [str(message.sid) for message in await asyncio.gather(*sending)]

    assert len(set(asyncio.run(send_all()))) == 50
    assert sandbox.stats()["accepted"] == 50


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        (21604, {"to": ""}),
        (21211, {"to": "090-1234-5678"}),
        (21211, {"to": "+0123"}),
        (21603, {"from_": ""}),
        (21212, {"from_": "A name that is too long"}),
        (21266, {"from_": "+819000000001"}),
        (21619, {"body": ""}),
        (21617, {"body": "x" * 1601}),
        (20001, {"validity_period": 36_001}),
        (20404, {"from_": "", "messaging_service_sid": "MG1"}),
    ],
)
def test_bad_requests_are_refused_like_twilio(
    sandbox: Sandbox, twilio: Client, code: int, changed: dict[str, object]
) -> None:
    values = {"to": "+819000000001", "from_": SENDER, "body": "x", **changed}
    with pytest.raises(TwilioRestException) as caught:
        twilio.messages.create(**values)
    assert caught.value.code == code
    assert 400 <= caught.value.status < 500
    assert caught.value.uri.endswith("/Messages.json")
    assert sandbox.stats()["accepted"] == 0
    assert sandbox.stats()["refused"] == {str(code): 1}


def test_alphanumeric_sender_is_taken(twilio: Client) -> None:
    assert twilio.messages.create(to=phone(1), from_="JET CHECK", body="x").from_ == "JET CHECK"


def test_foreign_sender_is_refused_when_numbers_are_listed() -> None:
    with sandbox_process("--sender", "+15005550006") as sandbox:
        status, body = _post(sandbox, {"To": phone(1), "From": "+15005550007", "Body": "x"})
        assert (status, body["code"]) == (400, 21606)
        assert body["more_info"] == "https://www.twilio.com/docs/errors/21606"
        assert body["status"] == 400


@pytest.mark.parametrize("token", ["wrong", ""])
def test_wrong_token_is_unauthorised(sandbox: Sandbox, token: str) -> None:
    client = Client(sandbox.account_sid, token or "x")
    client.api.base_url = sandbox.http
    with pytest.raises(TwilioRestException) as caught:
        client.messages.create(to=phone(1), from_=SENDER, body="x")
    assert (caught.value.status, caught.value.code) == (401, 20003)
    client.http_client.session.close()
    assert sandbox.stats()["accepted"] == 0


@pytest.mark.parametrize("path", ["Messages/SM00.json", "Calls.json", "Messages/../x.json"])
def test_unknown_resource_is_not_found(sandbox: Sandbox, path: str) -> None:
    url = f"{sandbox.http}/2010-04-01/Accounts/{sandbox.account_sid}/{path}"
    with pytest.raises(HTTPError) as caught:
        urlopen(Request(url, headers=_basic(sandbox)))
    with caught.value as error:
        assert (error.code, json.load(error)["code"]) == (404, 20404)


def test_list_filters_by_number_and_sender(sandbox: Sandbox, twilio: Client, send: Send) -> None:
    first, second = send(1), send(1, from_="JET CHECK")
    send(2)
    assert [message.sid for message in twilio.messages.list(to=phone(1))] == [second, first]
    assert [message.sid for message in twilio.messages.list(from_="JET CHECK")] == [second]
    assert twilio.messages.list(to=phone(9)) == []


def test_list_by_date_leaves_out_what_is_not_sent(sandbox: Sandbox, twilio: Client, send: Send) -> None:
    sandbox.set(sent_after_ms=3_600_000)
    waiting = send(1)
    sandbox.set(sent_after_ms=0)
    sent = send(2)
    sandbox.wait(lambda: twilio.messages(sent).fetch().status == "delivered")
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    assert [m.sid for m in twilio.messages.list(date_sent_after=now - hour)] == [sent]
    assert [m.sid for m in twilio.messages.list(date_sent_before=now + hour)] == [sent]
    assert [m.sid for m in twilio.messages.list(date_sent=now.date().isoformat())] == [sent]
    assert [m.sid for m in twilio.messages.list(date_sent=now.date())] == [sent]
    assert twilio.messages.list(date_sent_before=now - hour) == []
    assert twilio.messages.list(date_sent_after=now + hour) == []
    assert twilio.messages.list(date_sent=(now - 48 * hour).date().isoformat()) == []
    assert waiting in [m.sid for m in twilio.messages.list()]


def test_pages_are_stable_while_messages_arrive(sandbox: Sandbox, twilio: Client, send: Send) -> None:
    sids = [send(1) for _ in range(7)]
    page = twilio.messages.page(to=phone(1), page_size=3)
    found = [message.sid for message in page]
    send(1)
    while (page := page.next_page()) is not None:
        found += [message.sid for message in page]
    assert found == sids[::-1]
    assert len(twilio.messages.list(to=phone(1), page_size=2)) == 8
    assert len(twilio.messages.list(limit=3, page_size=1000)) == 3


@pytest.mark.parametrize("query", ["PageSize=0", "PageSize=x", "PageToken=PAnone", "DateSent=soon"])
def test_bad_list_requests_are_refused(sandbox: Sandbox, query: str) -> None:
    url = f"{sandbox.http}/2010-04-01/Accounts/{sandbox.account_sid}/Messages.json?{query}"
    with pytest.raises(HTTPError) as caught:
        urlopen(Request(url, headers=_basic(sandbox)))
    with caught.value as error:
        assert json.load(error)["code"] == 20001


def test_list_lag_hides_new_messages_only_in_lists(sandbox: Sandbox, twilio: Client, send: Send) -> None:
    sandbox.set(list_lag_ms=3_600_000)
    sid = send(1)
    assert twilio.messages.list(to=phone(1)) == []
    assert twilio.messages(sid).fetch().sid == sid
    sandbox.set(list_lag_ms=0)
    assert [message.sid for message in twilio.messages.list(to=phone(1))] == [sid]


def test_list_may_be_refused(sandbox: Sandbox, twilio: Client, send: Send) -> None:
    sid = send(1)
    sandbox.set(share_list_429=1)
    # The SDK's list raises the plain exception with the response in it, other calls the one with a code.
    with pytest.raises(TwilioException) as caught:
        twilio.messages.list(to=phone(1))
    assert caught.value.args[1].status_code == 429
    assert twilio.messages(sid).fetch().sid == sid


def _basic(sandbox: Sandbox) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{sandbox.account_sid}:{sandbox.auth_token}".encode()).decode()}


def _post(sandbox: Sandbox, form: dict[str, str]) -> tuple[int, dict[str, object]]:
    url = f"{sandbox.http}/2010-04-01/Accounts/{sandbox.account_sid}/Messages.json"
    try:
        with urlopen(Request(url, data=urlencode(form).encode(), headers=_basic(sandbox))) as response:
            return response.status, json.load(response)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)
