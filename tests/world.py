"""The named world of the tests: two hosts, three organisations, five people, a user for each role.

    world = build_world()          inside `system`
    sign_in(client, "clair")       the user's key is the name before the @

Names are what must never leak: each person's family name, number and address stands nowhere else.

    Kobe City (designated city)      kobe      Ito, one person: Abbott (kobe-1)
    Miyagi Prefecture                sendai    Sendai City: Brown, Collins
                                     miyagi    Miyagi Board of Education: Diaz, Evans
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jetapp.accounts.passwords import hash_password
from models.access import Role
from models.account import Membership, User
from models.db import db, transaction
from models.disaster import (
    Answer,
    CheckRound,
    CheckState,
    Reach,
    Recipient,
    SafetyAnswer,
    SafetyCheck,
    Telegram,
)
from models.message import InboundMessage, InboundState, Message, MessageState, Sender
from models.organisation import ContractingOrganisation, Host, OrganisationKind, Workplace
from models.participant import Channel, ContactPoint, ContactState, Participant, Placement, Position
from models.types import now

PASSWORD = "a long enough pass phrase"


@dataclass
class World:
    """Ids by the names above."""

    hosts: dict[str, int] = field(default_factory=dict)
    organisations: dict[str, int] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    recipients: dict[str, int] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)
    check: int = 0
    closed: int = 0
    proposed: int = 0
    telegram: int = 0
    reply: int = 0
    sender: int = 0

    def people_of(self, user: str) -> set[str]:
        """Family names that `user` may read."""
        return {
            "clair": {"Abbott", "Brown", "Collins", "Diaz", "Evans"},
            "kobe": {"Abbott"},
            "miyagi": {"Brown", "Collins", "Diaz", "Evans"},
            "kobe-city": {"Abbott"},
            "sendai": {"Brown", "Collins"},
            "miyagi-board": {"Diaz", "Evans"},
        }[user]


EVERYBODY = {"Abbott", "Brown", "Collins", "Diaz", "Evans"}
STAFF = ("clair", "kobe", "miyagi", "kobe-city", "sendai", "miyagi-board")


def build_world() -> World:
    """Fill the empty tables and commit."""
    world = World()
    with transaction() as session:
        hosts = {h.code: h for h in session.scalars(sa.select(Host).where(Host.code.in_(["28100", "04"])))}
        world.hosts = {"kobe": hosts["28100"].id, "miyagi": hosts["04"].id}
        _organisation(world, "kobe-city", "kobe", "Kobe City Board of Education", "神戸市教育委員会", "28100")
        _organisation(world, "sendai", "miyagi", "Sendai Board of Education", "仙台市教育委員会", "04100")
        _organisation(world, "miyagi-board", "miyagi", "Miyagi Board of Education", "宮城県教育委員会", None)
        _person(world, "Abbott", "Grace", "アボット・グレース", "kobe-city", "28100")
        _person(world, "Brown", "Oliver", "ブラウン・オリバー", "sendai", "04100")
        _person(world, "Collins", "Emma", "コリンズ・エマ", "sendai", "04100")
        _person(world, "Diaz", "Lucía", "ディアス・ルシア", "miyagi-board", "04202")
        _person(world, "Evans", "Rhys", "エバンズ・リース", "miyagi-board", "04202")
        _user(world, "clair", Role.CLAIR)
        _user(world, "kobe", Role.HOST, host_id=world.hosts["kobe"])
        _user(world, "miyagi", Role.HOST, host_id=world.hosts["miyagi"])
        for name in ("kobe-city", "sendai", "miyagi-board"):
            _user(world, name, Role.ORGANISATION, organisation_id=world.organisations[name])
        _user(world, "emma", Role.PARTICIPANT, participant_id=world.people["Collins"])
        world.check = _check(world, "Quake off Miyagi", "宮城県沖の地震", CheckState.RUNNING, EVERYBODY)
        world.closed = _check(world, "Old quake", "以前の地震", CheckState.CLOSED, EVERYBODY)
        world.proposed = _check(world, "Level 4 warning", "レベル4", CheckState.PROPOSED, set())
        _answer(world, "Collins", Answer.NEED_HELP, wrong=["hurt"], place="Car park", note="=1+1")
        _answer(world, "Abbott", Answer.SAFE)
        _answer(world, "Diaz", Answer.SAFE, given_by="ABE Yumi: telephone")
        _failed(world, "Evans")
        telegram = Telegram(digest="0" * 64, type="VXSE53", received_at=now(), body=b"", action="start", why="5+")
        sender = Sender(channel=Channel.SMS, address="+815000000000")
        reply = InboundMessage(
            provider_id="SM1", from_address="+819000000002", body="I think I am fine?", state=InboundState.WAITING,
            recipient_id=world.recipients["Brown"], why="not clear",
        )  # fmt: skip
        session.add_all([telegram, sender, reply])
        session.flush()
        world.telegram, world.sender, world.reply = telegram.id, sender.id, reply.id
    return world


def _organisation(world: World, key: str, host: str, english: str, japanese: str, municipality: str | None) -> None:
    row = ContractingOrganisation(
        code=f"ORG-{key}", host_id=world.hosts[host], name_en=english, name_ja=japanese,
        kind=OrganisationKind.MUNICIPALITY if municipality else OrganisationKind.PREFECTURE,
        municipality_code=municipality, night_phone="+81221110000",
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    world.organisations[key] = row.id


def _person(world: World, family: str, given: str, kana: str, organisation: str, municipality: str) -> None:
    number = len(world.people) + 1
    place = Workplace(
        organisation_id=world.organisations[organisation], name=f"{family} school", municipality_code=municipality
    )
    person = Participant(
        jet_number=f"2025011000{number}", family_name=family, given_name=given, kana=kana, nationality="GB",
        position=Position.ALT, languages=["en"], home_municipality_code=municipality, code_word="river-17",
    )  # fmt: skip
    person.contacts = [
        ContactPoint(channel=Channel.SMS, value=f"+81900000000{number}", state=ContactState.VERIFIED),
        ContactPoint(channel=Channel.EMAIL, value=f"{family.lower()}@example.org", state=ContactState.VERIFIED),
    ]
    person.placements = [
        Placement(
            organisation_id=world.organisations[organisation],
            workplace=place,
            start_date=date(2024, 8, 1),
            end_date=None,
        )
    ]
    db.session.add(person)
    db.session.flush()
    world.people[family] = person.id


def _user(world: World, name: str, role: Role, **scope: int) -> None:
    user = User(email=f"{name}@example.org", name=f"User {name}", password_hash=_hash())
    user.memberships = [Membership(role=role, **scope)]
    db.session.add(user)
    db.session.flush()
    world.users[name] = user.id


_HASHES: list[str] = []


def _hash() -> str:
    # One hash for all: making them is slow on purpose.
    if not _HASHES:
        _HASHES.append(hash_password(PASSWORD))
    return _HASHES[0]


def _check(world: World, english: str, japanese: str, state: CheckState, people: set[str]) -> int:
    opened = now() - timedelta(minutes=30)
    check = SafetyCheck(
        key=english, title_en=english, title_ja=japanese, state=state, event_at=opened, opened_at=opened,
        proposed_at=opened, closed_at=now() if state is CheckState.CLOSED else None,
        event={"kind": "intensity", "max_value": "6+", "at": opened.isoformat(), "magnitude": 7.3},
    )  # fmt: skip
    check.rounds = [CheckRound(number=1, event_at=opened, opened_at=opened, label=english)]
    db.session.add(check)
    db.session.flush()
    for family in sorted(people):
        world_organisation = {"Abbott": "kobe-city", "Brown": "sendai", "Collins": "sendai"}.get(family, "miyagi-board")
        row = Recipient(
            check_id=check.id, participant_id=world.people[family],
            organisation_id=world.organisations[world_organisation],
            host_id=world.hosts["kobe" if family == "Abbott" else "miyagi"],
            municipality_code="28100" if family == "Abbott" else "04100",
            prefecture_code="28" if family == "Abbott" else "04",
            token=f"{check.id}-{family}"[:16], asked_at=opened, severity_kind="intensity", severity_rank=60,
            severity_label="6+", reasons="work", reach=Reach.ARRIVED,
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        if state is CheckState.RUNNING:
            world.recipients[family] = row.id
    return check.id


def _answer(world: World, family: str, answer: Answer, given_by: str = "", **details: object) -> None:
    row = db.session.get(Recipient, world.recipients[family])
    at = now() - timedelta(minutes=20)
    row.answer, row.answered_at, row.answer_round, row.answered_by = answer, at, 1, given_by
    row.first_answer, row.first_answered_at, row.details = answer, at, details
    db.session.add(
        SafetyAnswer(
            recipient_id=row.id,
            check_id=row.check_id,
            round_number=1,
            answer=answer,
            given_by=given_by,
            details=details,
            channel="staff" if given_by else "page",
            received_at=at,
        )  # fmt: skip
    )


def _failed(world: World, family: str) -> None:
    row = db.session.get(Recipient, world.recipients[family])
    row.reach = Reach.FAILED
    db.session.add(
        Message(
            key=f"{row.check_id}:{family}:1:0:sms",
            check_id=row.check_id,
            recipient_id=row.id,
            participant_id=row.participant_id,
            channel=Channel.SMS,
            address="+819000000005",
            round_number=1,
            body=f"JET safety check for {family}",
            state=MessageState.UNDELIVERED,
            error_code="30003",
            reason="The phone is off or has no signal",
        )  # fmt: skip
    )


def csrf_token(client: FlaskClient, url: str = "/sign-in") -> str:
    """The token of a page's form."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(url, follow_redirects=True).text)
    assert found is not None, f"no form on {url}"
    return found[1]


def sign_in(client: FlaskClient, user: str, password: str = PASSWORD) -> None:
    """Through the door, as people do."""
    data = {"email": f"{user}@example.org", "password": password, "csrf_token": csrf_token(client)}
    answer = client.post("/sign-in", data=data)
    assert answer.status_code == 302, (answer.status_code, answer.text)


def post(client: FlaskClient, url: str, page: str = "/hats", **data: object) -> TestResponse:
    """A form sent from `page`, with its token."""
    return client.post(url, data={**data, "csrf_token": csrf_token(client, page)})
