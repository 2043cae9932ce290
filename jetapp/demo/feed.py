"""A feed in the form of JMA's, on this machine, so that the real poller reads the demo's earthquake."""

from __future__ import annotations

import hashlib
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

from jetapp.demo.telegram import Fresh
from models.types import now

FEED = "/developer/xml/feed/eqvol.xml"
LONG_FEED = "/developer/xml/feed/eqvol_l.xml"
DATA = "/developer/xml/data/"
TITLE = "デモ用フィード（気象庁のものではありません） / demo feed, not JMA's"


class Feed:
    """Serves on 127.0.0.1 from a thread until `close()`."""

    def __init__(self, port: int) -> None:
        self._telegrams: list[Fresh] = []
        self._changed = now()
        self.readings = 0
        """How often the feed was asked for."""
        feed = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, body, etag = feed._answer(self.path, self.headers.get("If-None-Match", ""))
                self.send_response(status)
                self.send_header("Content-Type", "application/xml; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                if etag:
                    self.send_header("ETag", etag)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        self.url = self.base + FEED
        threading.Thread(target=self._server.serve_forever, name="demo feed", daemon=True).start()

    def publish(self, telegram: Fresh) -> None:
        self._telegrams.append(telegram)
        self._changed = now()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, path: str, known: str) -> tuple[int, bytes, str]:
        if path in (FEED, LONG_FEED):
            body = self._atom().encode()
            etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            if path == FEED:
                self.readings += 1
            return (304, b"", etag) if known == etag else (200, body, etag)
        found = next((each for each in self._telegrams if path == DATA + each.name), None)
        return (200, found.data, "") if found else (404, b"", "")

    def _atom(self) -> str:
        entries = "".join(self._entry(each) for each in reversed(self._telegrams))
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" lang="ja">\n'
            f"<title>{TITLE}</title>\n<updated>{_utc(self._changed)}</updated>\n<id>{self.url}</id>\n{entries}</feed>\n"
        )

    def _entry(self, telegram: Fresh) -> str:
        address = f"{self.base}{DATA}{telegram.name}"
        return (
            f"<entry><title>{escape(telegram.title)}</title><id>{address}</id>"
            f"<updated>{_utc(telegram.reported_at)}</updated><author><name>jetapp demo</name></author>"
            f'<link type="application/xml" href="{address}"/></entry>\n'
        )


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
