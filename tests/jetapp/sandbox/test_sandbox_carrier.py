"""The process: its start, its end, and what it refuses to start with."""

import json
import os
import signal
import subprocess
import sys
import threading
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import requests
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from jetapp.sandbox.options import SandboxOptions
from tests.jetapp.sandbox.conftest import phone
from tests.sandbox_process import ROOT, SENDER, sandbox_process


def test_ready_line_names_the_addresses() -> None:
    with sandbox_process("--inbound-url", "http://127.0.0.1:9/in", latency_ms=3) as sandbox:
        assert sandbox.http.startswith("http://127.0.0.1:")
        assert sandbox.smtp.startswith("smtp://127.0.0.1:")
        settings = sandbox.settings()
        assert (settings["inbound_url"], settings["latency_ms"]) == ("http://127.0.0.1:9/in", 3)


def test_sigterm_ends_it_although_requests_hang() -> None:
    command = [sys.executable, "-m", "jetapp.sandbox", "--auth-token", "t", "--settings", '{"share_hang_after": 1}']
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    http = TwilioHttpClient(timeout=60)
    client = Client(ready["account_sid"], "t", http_client=http)
    client.api.base_url = ready["http"]
    ended = threading.Event()

    def hang() -> None:
        with pytest.raises(requests.exceptions.RequestException):
            client.messages.create(to=phone(1), from_=SENDER, body="x")
        ended.set()

    thread = threading.Thread(target=hang)
    thread.start()
    while True:
        with urlopen(ready["http"] + "/_sandbox/stats") as reply:
            if json.load(reply)["accepted"]:
                break
    os.kill(process.pid, signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    thread.join(20)
    http.session.close()
    assert (process.returncode, errors) == (0, "")
    assert ended.is_set()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--account-sid", "AC1"], "account_sid"),
        (["--auth-token", ""], "auth_token"),
        (["--http-port", "70000"], "http_port"),
        (["--settings", '{"latency": 1}'], "latency: there is no such knob"),
        (["--settings", "{"], "Expecting property name"),
        (["--inbound-url", "nowhere"], "inbound_url"),
    ],
)
def test_wrong_start_is_explained(arguments: list[str], word: str) -> None:
    command = [sys.executable, "-m", "jetapp.sandbox", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert word in done.stderr
    assert done.stdout == ""


def test_taken_port_is_explained() -> None:
    with sandbox_process() as sandbox:
        command = [sys.executable, "-m", "jetapp.sandbox", "--http-port", sandbox.http.rpartition(":")[2]]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith("The sandbox carrier cannot start:")
        assert done.stderr.count("\n") == 1


def test_it_needs_nothing_of_the_product() -> None:
    """Neither the web application nor the database may be loaded with it."""
    code = (
        "import sys, jetapp.sandbox.carrier;"
        "print([name for name in ('flask', 'sqlalchemy', 'models', 'notifications', 'redis') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_unknown_control_request() -> None:
    with sandbox_process() as sandbox:
        with pytest.raises(HTTPError) as caught:
            urlopen(sandbox.http + "/_sandbox/nothing")
        caught.value.close()
        assert caught.value.code == 404


def test_options_have_a_sender_of_the_account() -> None:
    assert SandboxOptions(senders=("+15005550001", "+15005550002")).pool_sender == "+15005550001"
