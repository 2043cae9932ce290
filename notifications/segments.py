"""How many SMS parts a text needs on the strictest Japanese carrier, and where its parts end.

One part holds 160 characters of the GSM 7-bit alphabet or, as soon as one character is outside it, UTF-16 units:
67 at docomo and KDDI, 66 at Rakuten (safety.md §3). A longer text is cut into parts which give up some room for the
numbering. The parts assumed here are smaller than any carrier's, so a count is never too low; and because the real
cuts differ between carriers, `keep_whole` does not trust any single cut: it puts a link into the first part.
"""

GSM7_SINGLE = 160
GSM7_PART = 152
UCS2_SINGLE = 66
UCS2_PART = 63

GSM7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENSION = frozenset("^{}\\[~]|€\f")
"""Each of these takes two places: an escape and the character."""

_GSM7 = GSM7_BASIC | GSM7_EXTENSION


def is_gsm7(text: str) -> bool:
    return _GSM7.issuperset(text)


def units(text: str) -> int:
    """The places a text takes: septets if it is GSM 7-bit throughout, else UTF-16 units."""
    if is_gsm7(text):
        return len(text) + sum(map(text.count, GSM7_EXTENSION))
    return len(text) + sum(char > "\uffff" for char in text)


def _width(char: str, *, gsm7: bool) -> int:
    return 2 if (char in GSM7_EXTENSION if gsm7 else char > "\uffff") else 1


def parts(text: str) -> list[str]:
    """The text cut as the strictest carrier cuts it. No character is torn: a pair moves to the next part whole."""
    if not text:
        return []
    gsm7 = is_gsm7(text)
    if units(text) <= (GSM7_SINGLE if gsm7 else UCS2_SINGLE):
        return [text]
    room = GSM7_PART if gsm7 else UCS2_PART
    cut: list[str] = []
    start = used = 0
    for index, char in enumerate(text):
        width = _width(char, gsm7=gsm7)
        if used + width > room:
            cut.append(text[start:index])
            start, used = index, 0
        used += width
    cut.append(text[start:])
    return cut


def segments(text: str) -> int:
    """How many SMS the text is charged as; 0 for an empty text."""
    if not text:
        return 0
    return 1 if units(text) <= (GSM7_SINGLE if is_gsm7(text) else UCS2_SINGLE) else len(parts(text))


def keep_whole(lines: list[str], link: str) -> str:
    """The lines joined, with `link` on a line of its own where no carrier can cut it.

    The link stands last if everything is one part. Otherwise it moves up, line by line, until it ends inside the
    first part of the strictest carrier, and so inside the first part of every other.
    """
    text = "\n".join([*lines, link])
    if segments(text) == 1:
        return text
    room = GSM7_PART if is_gsm7(text) else UCS2_PART
    for above in range(len(lines), -1, -1):
        head = "\n".join([*lines[:above], link])
        if _places(head, gsm7=is_gsm7(text)) <= room:
            return "\n".join([head, *lines[above:]])
    return "\n".join([link, *lines])


def _places(text: str, *, gsm7: bool) -> int:
    return sum(_width(char, gsm7=gsm7) for char in text)
