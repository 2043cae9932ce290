"""The demo log-ins, one for each role: who they are, and how to get in."""

from __future__ import annotations

from dataclasses import dataclass

from models.access import Role

PASSWORD = "jet-demo-2026"
"""The same for all of them, and printed wherever the demo runs: the load command refuses to work in production."""


@dataclass(frozen=True, slots=True)
class Hat:
    """What a log-in may act as; `scope` is a host's or organisation's code, or an organisation one person of which
    this is."""

    role: Role
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Login:
    email: str
    name: str
    what_en: str
    what_ja: str
    hats: tuple[Hat, ...]


LOGINS = (
    Login("clair@demo.example", "Clara Demo", "CLAIR staff", "CLAIR職員", (Hat(Role.CLAIR),)),
    Login(
        "fukushima@demo.example",
        "Hana Demo",
        "Host officer, Fukushima Prefecture",
        "取りまとめ団体担当者（福島県）",
        (Hat(Role.HOST, "07"),),
    ),
    Login(
        "sendai@demo.example",
        "Sen Demo",
        "Host officer, Sendai City",
        "取りまとめ団体担当者（仙台市）",
        (Hat(Role.HOST, "04100"),),
    ),
    Login(
        "soma@demo.example",
        "Sora Demo",
        "Supervisor, Soma City",
        "担当者（相馬市）",
        (Hat(Role.ORGANISATION, "07209"),),
    ),
    Login(
        "advisor@demo.example",
        "Ada Demo",
        "Prefectural Advisor of Miyagi, herself a participant there (two hats)",
        "取りまとめ団体アドバイザー（宮城県、参加者兼任）",
        (Hat(Role.HOST, "04"), Hat(Role.PARTICIPANT, "04")),
    ),
    Login(
        "participant@demo.example",
        "Pat Demo",
        "Participant, Soma City",
        "参加者（相馬市）",
        (Hat(Role.PARTICIPANT, "07209"),),
    ),
)
