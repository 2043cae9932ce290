"""From the cells of a row to values by field, collecting every problem instead of stopping at the first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from jetapp.imports import values
from jetapp.imports.columns import Sheet, SourceRow
from jetapp.imports.municipality import Finder, host
from jetapp.imports.report import Remark
from jetapp.participants.service import GivenContact
from models.errors import Invalid
from models.participant import Channel, ContactState

Value = TypeVar("Value")
CLEAR = frozenset({"-", "－", "ー", "—"})
"""In a cell: empty this value. An empty cell leaves the value as it is."""
CLEARED: Mapping[str, Any] = {
    "given_name": "",
    "kana": "",
    "kanji": "",
    "languages": [],
    "home_municipality": None,
    "placement_end": None,
    "name_en": "",
    "phone": "",
    "night_phone": "",
    "email": "",
}
MOST_CONTACTS = 10


@dataclass(slots=True)
class Parsed:
    """A row as understood. Fields that the row does not speak of are not in `fields`."""

    row: SourceRow
    key: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    contacts: dict[Channel, list[GivenContact]] = field(default_factory=dict)
    problems: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)


class Reader:
    """Reads the rows of one sheet."""

    def __init__(self, sheet: Sheet, key: str) -> None:
        self._sheet = sheet
        self._key = key
        self._finders = {
            name: Finder(row.cell(name).text for row in sheet.rows)
            for name in ("home_municipality", "workplace_municipality", "municipality")
        }

    def participant(self, row: SourceRow) -> Parsed:
        parsed = self._start(row, values.jet_number)
        parsers: dict[str, Callable[[str], Any]] = {
            "family_name": values.name,
            "given_name": values.name,
            "kana": values.kana,
            "kanji": values.kanji,
            "nationality": values.nationality,
            "position": values.position,
            "home_municipality": self._finders["home_municipality"].find,
            "home_coastal": values.yes_or_no,
            "organisation": values.code,
            "workplace": values.plain,
            "workplace_municipality": self._finders["workplace_municipality"].find,
            "workplace_coastal": values.yes_or_no,
            "placement_start": values.day,
            "placement_end": values.day,
            "code_word": lambda text: values.plain(text, 40),
        }
        for name, parse in parsers.items():
            self._parse(parsed, name, parse)
        self._languages(parsed)
        self._contacts(parsed, Channel.SMS, "phones", "phone_states")
        self._contacts(parsed, Channel.EMAIL, "emails", "email_states")
        return parsed

    def organisation(self, row: SourceRow) -> Parsed:
        parsed = self._start(row, values.code)
        parsers: dict[str, Callable[[str], Any]] = {
            "host": host,
            "kind": values.kind,
            "name_ja": values.plain,
            "name_en": values.plain,
            "municipality": self._finders["municipality"].find,
            "coastal": values.yes_or_no,
            "phone": lambda text: values.phone(text).number,
            "night_phone": lambda text: values.phone(text).number,
            "email": values.email,
        }
        for name, parse in parsers.items():
            self._parse(parsed, name, parse)
        return parsed

    def heading(self, name: str) -> str:
        """How the file calls a field, or how we call it when the file has no such column."""
        return self._sheet.heading(name)

    @property
    def key_heading(self) -> str:
        return self.heading(self._key)

    def _start(self, row: SourceRow, parse: Callable[[str], str]) -> Parsed:
        parsed = Parsed(row)
        if row.surplus:
            parsed.problems.append(
                Remark(
                    "There are more cells than headings: is a delimiter part of a value that has no quotation marks?"
                )
            )
        cell = row.cell(self._key)
        if cell.text or cell.fault:
            self._parse(parsed, self._key, parse)
            parsed.key = parsed.fields.pop(self._key, cell.text)
        else:
            parsed.problems.append(Remark("Every row needs this.", self.heading(self._key)))
        return parsed

    def _parse(self, parsed: Parsed, name: str, parse: Callable[[str], Any]) -> None:
        cell = parsed.row.cell(name)
        if cell.fault:
            parsed.problems.append(Remark(cell.fault, self.heading(name)))
        elif cell.text in CLEAR and name in CLEARED:
            parsed.fields[name] = CLEARED[name]
        elif cell.text:
            try:
                parsed.fields[name] = parse(cell.text)
            except Invalid as error:
                parsed.problems.append(self._remark(name, cell.text, error))

    def _languages(self, parsed: Parsed) -> None:
        texts = self._texts(parsed, "languages")
        if not texts:
            return
        try:
            parsed.fields["languages"] = [] if set(texts) <= CLEAR else values.languages(texts)
        except Invalid as error:
            parsed.problems.append(self._remark("languages", "; ".join(texts), error))

    def _contacts(self, parsed: Parsed, channel: Channel, name: str, states_name: str) -> None:
        given: list[GivenContact] = []
        cells = parsed.row.cells.get(name, ())
        state_cells = parsed.row.cells.get(states_name, ())
        if not self._texts(parsed, name):
            return
        for index, cell in enumerate(cells):
            texts = [] if cell.text in CLEAR else values.split([cell.text])
            state_texts = values.split([state_cells[index].text]) if index < len(state_cells) else []
            states = self._states(parsed, states_name, state_texts, len(texts))
            for text, state in zip(texts, states, strict=True):
                value = self._contact(parsed, channel, name, text)
                if value and value.casefold() not in {one.value.casefold() for one in given}:
                    given.append(GivenContact(value, state))
        if len(given) > MOST_CONTACTS:
            parsed.problems.append(
                Remark("Expected at most %(limit)s of them.", self.heading(name), values={"limit": MOST_CONTACTS})
            )
        parsed.contacts[channel] = given

    def _contact(self, parsed: Parsed, channel: Channel, name: str, text: str) -> str:
        try:
            if channel is Channel.EMAIL:
                return values.email(text)
            phone = values.phone(text)
        except Invalid as error:
            parsed.problems.append(self._remark(name, text, error))
            return ""
        if phone.doubt:
            parsed.warnings.append(Remark(phone.doubt, self.heading(name), text))
        return phone.number

    def _states(self, parsed: Parsed, name: str, texts: Sequence[str], count: int) -> Sequence[ContactState | None]:
        """One state for each of `count` contacts of a cell; a single one is for all of them."""
        if not texts:
            return [None] * count
        if len(texts) not in (1, count):
            parsed.problems.append(
                Remark("Expected one state, or as many as there are numbers or addresses.", self.heading(name),
                       "; ".join(texts))
            )  # fmt: skip
            return [None] * count
        states: list[ContactState | None] = []
        for text in texts:
            try:
                states.append(values.state(text))
            except Invalid as error:
                parsed.problems.append(self._remark(name, text, error))
                states.append(None)
        return states * count if len(states) == 1 else states

    def _texts(self, parsed: Parsed, name: str) -> list[str]:
        """The filled cells of a field; cells that cannot be used are noted as problems."""
        cells = parsed.row.cells.get(name, ())
        for cell in cells:
            if cell.fault:
                parsed.problems.append(Remark(cell.fault, self.heading(name)))
        return [cell.text for cell in cells if cell.text and not cell.fault]

    def _remark(self, name: str, text: str, error: Invalid) -> Remark:
        return Remark(error.text, self.heading(name), text[:80], error.values)
