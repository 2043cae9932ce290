"""What people meet: the public address, the texts, and the fonts of this machine."""

from __future__ import annotations

import shutil
import subprocess
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from jetapp.checkup.findings import CONNECT_SECONDS, Finding, State, Subject, Trouble, reason
from notifications import wording
from notifications.safety.rounds import TOKEN_LENGTH

LONGEST_LINK = 36
"""With a longer link most languages need two parts of an SMS."""
ALIVE = b"ok"
CJK = ":charset=5b89"


def address(subject: Subject) -> Finding:
    url = subject.settings.public_url
    todo = "start the web server (gunicorn wsgi:app) and the proxy before it, or correct JETAPP_PUBLIC_URL"
    if not url.startswith(("http://", "https://")):
        raise Trouble(f"{url!r} is no web address", "correct JETAPP_PUBLIC_URL")
    try:
        with urlopen(Request(f"{url}/healthz"), timeout=CONNECT_SECONDS) as answer:
            said = answer.read(20).strip()
    except HTTPError as error:
        error.close()
        raise Trouble(f"{url}/healthz answers {error.code}", todo) from error
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise Trouble(f"{url} does not answer: {reason(error)}", todo) from error
    if said != ALIVE:
        raise Trouble(f"{url} is answered by something else", todo)
    length = len(url) + len("/s/") + TOKEN_LENGTH
    if length > LONGEST_LINK:
        text = f"{url} answers, but the link in a message has {length} characters: many SMS take two parts"
        return Finding("address", State.WARN, text, f"use a shorter JETAPP_PUBLIC_URL (link at most {LONGEST_LINK})")
    if subject.settings.env == "production" and not url.startswith("https://"):
        return Finding("address", State.WARN, f"{url} answers, but unencrypted", "put TLS before it and use https://")
    return Finding("address", State.OK, f"{url} answers; a link has {length} characters")


def texts(subject: Subject) -> Finding:
    try:
        known = wording.languages()
    except wording.WordingError as error:
        raise Trouble(reason(error), "correct the file; every language needs every text") from error
    waiting = [
        code
        for code, language in known.items()
        if not language.base and not all(entry.reviewed for entry in language.wordings.values())
    ]
    text = f"{len(known)} languages, all complete"
    if waiting:
        text += f"; not fully reviewed, so sent together with English: {', '.join(waiting)}"
        return Finding("texts", State.WARN, text, "have speakers review templates/messages (reviewed_by, reviewed_on)")
    return Finding("texts", State.OK, f"{text} and reviewed")


def fonts(subject: Subject) -> Finding:
    """Pages bring no fonts and visitors have their own; only what this machine draws itself needs one."""
    todo = "only for drawing on this machine: apt-get install fonts-ipafont-gothic"
    if shutil.which("fc-list") is None:
        return Finding("fonts", State.WARN, "fontconfig is not installed, so fonts cannot be listed", todo)
    try:
        listed = subprocess.run(["fc-list", CJK], capture_output=True, timeout=CONNECT_SECONDS, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("fonts", State.WARN, f"fonts cannot be listed: {reason(error)}", todo)
    if not listed.strip():
        return Finding("fonts", State.WARN, "no font with Japanese characters", todo)
    return Finding("fonts", State.OK, "a font with Japanese characters is there")
