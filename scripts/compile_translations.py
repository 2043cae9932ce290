"""Compile the translations of the pages: every messages.po without an up-to-date messages.mo beside it.

python scripts/compile_translations.py            quick when nothing changed
python scripts/compile_translations.py --update   collect the texts of code and templates (what is translated stays)
python scripts/compile_translations.py --check    fail when a text of code or templates has no translation
"""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from babel.messages.frontend import CommandLineInterface
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[1]
TRANSLATIONS = ROOT / "jetapp" / "translations"
ERRORS = ("Conflict", "Forbidden", "Invalid", "NotFound", "RuleError")
"""Classes of `models.errors.DomainError`, whose second argument is a text people read."""
MARKERS = ("_l", "text_key", "translate", "_bad", "Remark", "Phone:2")
KEYWORDS = (*MARKERS, *(f"{name}:2" for name in ERRORS))


def extract(pot: Path) -> None:
    """All texts of code and templates that people read on pages and from the command line."""
    keywords = [part for keyword in KEYWORDS for part in ("-k", keyword)]
    mapping = str(TRANSLATIONS / "babel.cfg")
    options = ["-F", mapping, *keywords, "--no-location", "--sort-output", "--omit-header", "-o", str(pot)]
    CommandLineInterface().run(["pybabel", "-q", "extract", *options, str(ROOT)])


def update(pot: Path, folder: Path) -> None:
    options = ["--no-fuzzy-matching", "--omit-header", "--ignore-obsolete", "--width", "110"]
    for po in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
        arguments = ["-i", str(pot), "-d", str(folder), "-l", po.parts[-3], *options]
        CommandLineInterface().run(["pybabel", "-q", "update", *arguments])


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


def missing(po: Path, pot: Path) -> list[str]:
    """Texts without a translation; fuzzy ones count as missing."""
    with po.open("rb") as file:
        catalogue = read_po(file, locale=po.parts[-3])
    with pot.open("rb") as file:
        wanted = [message for message in read_po(file) if message.id]
    texts = [str(message.id) for message in wanted if catalogue.get(message.id) is None]
    for message in catalogue:
        words = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id and (message.fuzzy or not all(words)):
            texts.append(str(message.id))
    return texts


def main(arguments: list[str], folder: Path = TRANSLATIONS) -> int:
    gaps = 0
    with TemporaryDirectory() as scratch:
        pot = Path(scratch) / "messages.pot"
        if {"--update", "--check"} & set(arguments):
            extract(pot)
        if "--update" in arguments:
            update(pot, folder)
        for po in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
            if compile_file(po):
                sys.stderr.write(f"compiled {po.parts[-3]}\n")
            if "--check" in arguments:
                for text in missing(po, pot):
                    gaps += 1
                    sys.stderr.write(f"{po.parts[-3]}: not translated: {text}\n")
    return 1 if gaps else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
