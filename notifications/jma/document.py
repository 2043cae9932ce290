"""Bytes to an XML tree, without trusting the bytes.

JMA's telegrams never carry a DOCTYPE, so every trick that needs one (entity expansion, external
references) is refused before parsing. lxml's own limits (256 levels, no huge text) stay on.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

from lxml import etree

from notifications.jma.errors import telegram_error

ROOT_NS = "http://xml.kishou.go.jp/jmaxml1/"
HEAD_NS = "http://xml.kishou.go.jp/jmaxml1/informationBasis1/"
EB_NS = "http://xml.kishou.go.jp/jmaxml1/elementBasis1/"

# The largest telegram JMA has published (3.11, all stations) has 0.4 MB.
MAX_BYTES = 10 * 1024 * 1024


def parse(data: bytes, name: str) -> etree._Element:
    """The `Report` element of a telegram."""
    if len(data) > MAX_BYTES:
        raise telegram_error(
            "too_large",
            "has %(size)d bytes; a telegram has at most %(limit)d.",
            name,
            size=len(data),
            limit=MAX_BYTES,
        )
    if not data.strip(b"\0 \t\r\n"):
        raise telegram_error("empty", "is empty.", name)
    if data.startswith((b"\x1f\x8b", b"PK\x03\x04", b"BZh")):
        raise telegram_error("compressed", "is compressed; unpack it first.", name)
    # Without the zero bytes the test holds for UTF-16 and UTF-32 as well.
    if b"<!DOCTYPE" in data.replace(b"\0", b""):
        raise _doctype(name)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        remove_blank_text=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise telegram_error(
            "malformed",
            "line %(line)d: no well-formed XML (%(reason)s).",
            name,
            line=error.lineno or 1,
            reason=error.msg,
        ) from error
    except (etree.LxmlError, ValueError, LookupError) as error:
        raise telegram_error("malformed", "no well-formed XML (%(reason)s).", name, reason=str(error)) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise _doctype(name)
    if root.tag != f"{{{ROOT_NS}}}Report":
        raise telegram_error(
            "not_jma",
            "line %(line)d: the root element is %(root)s, not Report of JMA's XML.",
            name,
            line=root.sourceline or 1,
            root=etree.QName(root).localname,
        )
    return root


def _doctype(name: str) -> Exception:
    return telegram_error("doctype", "holds a DOCTYPE, which no telegram of JMA does; refused.", name)


def only(parent: etree._Element, path: str, name: str) -> etree._Element:
    """The one element at `path`. None or two of them is an error: which one to believe would be a guess."""
    found = parent.findall(path)
    label = etree.QName(path.rsplit("/", 1)[-1] if "{" not in path else path[path.rindex("{") :]).localname
    if not found:
        raise telegram_error(
            "missing",
            "line %(line)d: %(parent)s has no %(element)s.",
            name,
            line=parent.sourceline or 1,
            parent=etree.QName(parent).localname,
            element=label,
        )
    if len(found) > 1:
        raise telegram_error(
            "ambiguous", "line %(line)d: a second %(element)s.", name, line=found[1].sourceline or 1, element=label
        )
    return found[0]


def text(parent: etree._Element, path: str) -> str:
    """The text at `path`, without the blanks around it; empty if there is none."""
    return (parent.findtext(path) or "").strip()


def moment(element: etree._Element, name: str) -> datetime:
    """A date and time with its zone, in UTC."""
    value = (element.text or "").strip()
    try:
        parsed = datetime.fromisoformat(value)
        if parsed.tzinfo is None:
            raise ValueError(value)
        return parsed.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise telegram_error(
            "time",
            "line %(line)d: %(element)s is no time with a zone (%(value)s).",
            name,
            line=element.sourceline or 1,
            element=etree.QName(element).localname,
            value=value[:40] or "empty",
        ) from error


def digest(*parts: etree._Element) -> str:
    """The same for the same content, however it is indented and whichever prefixes it uses for attributes."""
    total = sha256()
    for part in parts:
        total.update(etree.tostring(part, method="c14n", exclusive=True, with_tail=False))
    return total.hexdigest()[:24]
