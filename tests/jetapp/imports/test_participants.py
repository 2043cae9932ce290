"""Importing participants: what is created, updated, left alone and refused."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from jetapp.imports import service
from jetapp.imports.report import Report
from models.access import Actor, Role, acting_as
from models.db import db, transaction
from models.errors import Forbidden
from models.organisation import Workplace
from models.participant import Channel, ContactPoint, ContactState, Participant, Placement, Position
from tests.jetapp.imports.conftest import Import
from tests.jetapp.imports.files import csv_file, grid, person

pytestmark = pytest.mark.usefixtures("organisations")


def found(number: int = 1) -> Participant:
    db.session.rollback()
    return db.session.scalars(sa.select(Participant).where(Participant.jet_number == f"2025{number:07}")).one()


def people() -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count(Participant.id))) or 0


def outcomes(report: Report) -> list[str]:
    return [row.outcome.value for row in report.rows]


def problem(report: Report, row: int = 0) -> str:
    return report.rows[row].problems[0].told()


def test_creates_everything_of_a_row(bring: Import) -> None:
    report = bring([person()])
    assert outcomes(report) == ["created"], report.lines()
    assert report.applied
    one = found()
    assert (one.family_name, one.given_name, one.kana) == ("Ashenbrook", "Māia", "アッシェンブルック マイア")
    assert (one.nationality, one.position, one.languages) == ("NZ", Position.ALT, ["en", "ja"])
    assert (one.home_municipality_code, one.home_coastal, one.code_word) == ("07561", False, "gentle otter")
    assert [(c.channel, c.value, c.state) for c in one.contacts] == [
        (Channel.SMS, "+819001000001", ContactState.VERIFIED),
        (Channel.EMAIL, "person1@example.jp", ContactState.UNVERIFIED),
    ]
    assert one.contacts[0].verified_at is not None
    place = one.placements[0]
    assert (place.organisation.code, place.start_date, place.end_date) == (
        "07209",
        date(2025, 7, 28),
        date(2026, 7, 27),
    )
    assert place.workplace is not None
    assert (place.workplace.name, place.workplace.municipality_code, place.workplace.coastal) == (
        "相馬市立朝凪中学校",
        "07209",
        True,
    )


def test_again_everything_is_unchanged(bring: Import) -> None:
    rows = [person(number) for number in range(1, 30)]
    assert set(outcomes(bring(rows))) == {"created"}
    assert set(outcomes(bring(rows))) == {"unchanged"}
    assert db.session.scalar(sa.select(sa.func.count(Workplace.id))) == 1


def test_updates_name_what_changed(bring: Import) -> None:
    bring([person()])
    report = bring([person(family_name="Bellowfield", home_municipality="07209", workplace_coastal="no")])
    assert report.rows[0].outcome == "updated"
    assert report.rows[0].changed == ["coastal", "family_name", "home_municipality_code"]
    assert found().family_name == "Bellowfield"


def test_empty_cells_and_missing_columns_leave_values_alone(bring: Import) -> None:
    bring([person()])
    only = {"jet_number": "20250000001", "family_name": "", "kana": "", "phones": ""}
    assert outcomes(bring([only])) == ["unchanged"]
    one = found()
    assert one.kana
    assert len(one.contacts) == 2


def test_a_dash_empties(bring: Import) -> None:
    bring([person()])
    report = bring(
        [{"jet_number": "20250000001", "kana": "-", "phones": "-", "home_municipality": "－", "placement_end": "-"}]
    )
    assert outcomes(report) == ["updated"], report.lines()
    one = found()
    assert (one.kana, one.home_municipality_code, one.placements[0].end_date) == ("", None, None)
    assert [contact.channel for contact in one.contacts] == [Channel.EMAIL]


def test_dry_run_changes_nothing(bring: Import) -> None:
    report = bring([person(), person(2)], dry_run=True)
    assert outcomes(report) == ["created", "created"]
    assert not report.applied
    assert people() == 0
    assert db.session.scalar(sa.select(sa.func.count(Workplace.id))) == 0


def test_one_refused_row_holds_back_all_unless_partial(bring: Import) -> None:
    rows = [person(1), person(2, nationality="Atlantis"), person(3)]
    report = bring(rows)
    assert outcomes(report) == ["created", "refused", "created"]
    assert not report.applied
    assert people() == 0
    line = report.lines()[0]
    assert line.startswith("people.csv, row 3, column “Nationality” (Atlantis): Expected a country")
    report = bring(rows, partial=True)
    assert report.applied
    assert people() == 2


def test_a_row_refused_late_leaves_nothing_behind(bring: Import) -> None:
    bring([person(1)])
    rows = [
        person(1, placement_start="2025-01-01", placement_end="2026-01-01", workplace="新しい学校", family_name="X"),
        person(2),
    ]
    report = bring(rows, partial=True)
    assert outcomes(report) == ["refused", "created"]
    assert found().family_name == "Ashenbrook"
    assert db.session.scalar(sa.select(sa.func.count(Workplace.id))) == 1


def test_every_problem_of_a_row_is_told(bring: Import) -> None:
    row = person(position="DJ", phones="12", emails="nobody", placement_start="03/08/2025", home_municipality="府中市")
    report = bring([row])
    columns = {remark.column for remark in report.rows[0].problems}
    assert columns == {"Position", "Phone", "E-mail", "Placement start", "Home municipality"}
    text = " ".join(report.lines())
    assert "東京都府中市" in text
    assert "広島県府中市" in text
    assert "2025-08-03" in text


def test_doubles_in_a_file_are_all_refused(bring: Import) -> None:
    report = bring([person(1), person(2), person(1, family_name="Other")])
    assert outcomes(report) == ["refused", "created", "refused"]
    assert "(2, 4)" in problem(report)


@pytest.mark.parametrize("field", ["family_name", "nationality", "position", "organisation", "placement_start"])
def test_new_people_need(bring: Import, field: str) -> None:
    report = bring([person(**{field: ""})])
    assert outcomes(report) == ["refused"]
    assert "needs this" in problem(report)
    assert report.rows[0].problems[0].column


def test_unknown_organisation(bring: Import) -> None:
    assert "Import organisations first" in problem(bring([person(organisation="01101")]))


def test_organisation_code_without_its_zero(bring: Import) -> None:
    bring([person(organisation="7209"), person(2, organisation="4", workplace="宮城県立水鏡高等学校",
           workplace_municipality="仙台市青葉区", workplace_coastal="")])  # fmt: skip
    assert found(1).placements[0].organisation.code == "07209"
    place = found(2).placements[0]
    assert place.organisation.code == "04"
    assert place.workplace is not None
    assert place.workplace.municipality_code == "04100"


def test_a_school_of_a_prefecture_needs_its_municipality(bring: Import) -> None:
    report = bring([person(organisation="04", workplace_municipality="")])
    assert "needs its municipality" in problem(report)


def test_rows_that_contradict_each_other_about_a_school(bring: Import) -> None:
    report = bring([person(1), person(2, workplace_municipality="07212"), person(3, workplace_municipality="")])
    assert outcomes(report) == ["refused"] * 3
    assert "contradict" in problem(report)


def test_new_number_takes_the_place_of_the_old(bring: Import) -> None:
    bring([person(phones="+819001000001; +819001000002")])
    report = bring([person(phones="+819001000009 / +819001000002", phone_states="")])
    assert report.rows[0].changed == ["phones"]
    sms = [(c.value, c.rank) for c in found().contacts if c.channel is Channel.SMS]
    assert sms == [("+819001000009", 0), ("+819001000002", 1)]


def test_states_pair_with_their_numbers(bring: Import) -> None:
    cells = grid([person()])
    cells[0] += ["Phone 2", "Phone 2 state"]
    cells[1] += ["+819001000077", "bounced"]
    assert bring(cells).applied
    states = {c.value: c.state for c in found().contacts}
    assert states["+819001000001"] is ContactState.VERIFIED
    assert states["+819001000077"] is ContactState.BOUNCED


def test_an_import_cannot_take_back_stop(bring: Import) -> None:
    bring([person()])
    with transaction():
        number = db.session.scalars(sa.select(ContactPoint).where(ContactPoint.channel == Channel.SMS)).one()
        number.state = ContactState.OPTED_OUT
    report = bring([person()])
    assert outcomes(report) == ["unchanged"]
    assert "only the person" in " ".join(report.lines())
    bring([person(phones="+819001000055", phone_states="")])
    assert {c.value: c.state for c in found().contacts if c.channel is Channel.SMS} == {
        "+819001000055": ContactState.UNVERIFIED,
        "+819001000001": ContactState.OPTED_OUT,
    }


def test_transfer_ends_the_earlier_placement(bring: Import) -> None:
    bring([person()])
    move = person(organisation="04", workplace="宮城県立水鏡高等学校", workplace_municipality="04202",
                  placement_start="2026-04-01", placement_end="2027-07-27")  # fmt: skip
    report = bring([move])
    assert outcomes(report) == ["updated"], report.lines()
    assert "now ends on 2026-03-31" in " ".join(report.lines())
    assert outcomes(bring([move])) == ["unchanged"]
    first, second = found().placements
    assert (first.end_date, second.organisation.code) == (date(2026, 3, 31), "04")
    # The file from before the move would stretch the old placement over the new one.
    assert "Overlaps the placement with 宮城県" in problem(bring([person()]))


def test_next_appointment_with_the_same_organisation(bring: Import) -> None:
    bring([person()])
    bring([person(placement_start="2026-07-28", placement_end="2027-07-27")])
    assert len(found().placements) == 2
    assert "before it starts" in problem(bring([person(placement_end="2025-07-01")]))


def test_placement_without_start_means_the_latest(bring: Import) -> None:
    bring([person()])
    report = bring([{"jet_number": "20250000001", "placement_end": "2026-05-31"}])
    assert outcomes(report) == ["updated"]
    assert found().placements[0].end_date == date(2026, 5, 31)


def test_only_clair_imports(bring: Import) -> None:
    data = csv_file(grid([person()]))
    for role in (Role.HOST, Role.ORGANISATION, Role.PARTICIPANT):
        with acting_as(Actor(role, 1, 1, 1, 1)), transaction(), pytest.raises(Forbidden):
            service.import_participants(data, "people.csv")
    with acting_as(Actor(Role.CLAIR, 1)), transaction():
        assert service.import_participants(data, "people.csv").applied


def test_code_word_is_made_when_none_is_given(bring: Import) -> None:
    bring([person(code_word="")])
    assert len(found().code_word.split()) == 2


def test_placements_count(bring: Import) -> None:
    bring([person(number) for number in range(1, 4)])
    assert db.session.scalar(sa.select(sa.func.count(Placement.id))) == 3
