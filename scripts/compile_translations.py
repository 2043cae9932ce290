"""Compile the translations of the pages: every messages.po without an up-to-date messages.mo beside it.

    python scripts/compile_translations.py            quick when nothing changed
    python scripts/compile_translations.py --check    also fail when a text of the pages has no translation

To collect new texts from code and templates into the Japanese file (texts already translated are kept):

    pybabel extract -F jetapp/translations/babel.cfg -k _l -k DomainError:2 \\
        --no-location --sort-output --omit-header -o /tmp/pages.pot .
    pybabel update -i /tmp/pages.pot -d jetapp/translations -l ja --no-fuzzy-matching --omit-header --width 110
"""

import os
import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

TRANSLATIONS = Path(__file__).resolve().parents[1] / "jetapp" / "translations"


def compile_file(po: Path) -> bool:
    """True when the compiled file had to be made. It appears in one step: a reader never sees half of it."""
    mo = po.with_suffix(".mo")
    if mo.exists() and mo.stat().st_mtime_ns >= po.stat().st_mtime_ns:
        return False
    with po.open("rb") as file:
        catalogue = read_po(file, locale=po.parts[-3])
    unfinished = mo.with_name(f"{mo.name}.{os.getpid()}")
    with unfinished.open("wb") as file:
        write_mo(file, catalogue)
    unfinished.replace(mo)
    return True


def missing(po: Path) -> list[str]:
    """Texts without a translation; fuzzy ones count as missing."""
    with po.open("rb") as file:
        catalogue = read_po(file, locale=po.parts[-3])
    texts = []
    for message in catalogue:
        words = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id and (message.fuzzy or not all(words)):
            texts.append(str(message.id))
    return texts


def main(arguments: list[str], folder: Path = TRANSLATIONS) -> int:
    gaps = 0
    for po in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
        if compile_file(po):
            sys.stderr.write(f"compiled {po.parts[-3]}\n")
        if "--check" in arguments:
            for text in missing(po):
                gaps += 1
                sys.stderr.write(f"{po.parts[-3]}: not translated: {text}\n")
    return 1 if gaps else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
