"""`python -m jetapp.sandbox`: start the sandbox carrier."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from jetapp.sandbox.carrier import run, serve
from jetapp.sandbox.options import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, SandboxOptions
from jetapp.sandbox.state import State


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m jetapp.sandbox",
        description="A stand-in for Twilio and for a mail server. Nothing it accepts leaves this machine.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--http-port", type=int, default=0, help="API and pages; 0 = a free port")
    parser.add_argument("--smtp-port", type=int, default=0, help="mail; 0 = a free port")
    parser.add_argument("--account-sid", default=DEFAULT_ACCOUNT_SID, help="AC and 32 hexadecimal digits")
    parser.add_argument("--auth-token", default=DEFAULT_AUTH_TOKEN, help="for requests and signatures (%(default)s)")
    parser.add_argument("--inbound-url", default="", help="where SMS from phones are posted; can be set later")
    parser.add_argument("--sender", action="append", default=[], help="a number of the account; may be given again")
    parser.add_argument("--control-token", default="", help="bearer token for /_sandbox/")
    parser.add_argument("--settings", default="{}", help="knobs to start with, as JSON")
    given = parser.parse_args(arguments)
    try:
        options = SandboxOptions(
            host=given.host,
            http_port=given.http_port,
            smtp_port=given.smtp_port,
            account_sid=given.account_sid,
            auth_token=given.auth_token,
            inbound_url=given.inbound_url,
            senders=tuple(given.sender),
            control_token=given.control_token,
            settings=json.loads(given.settings),
        )
        State(options)
    except ValueError as error:
        parser.error(str(error))
    try:
        run(serve(options))
    except OSError as error:
        sys.stderr.write(f"The sandbox carrier cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
