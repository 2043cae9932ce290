"""Chance that can be repeated: the same seed gives the same person the same luck, in whatever order requests come."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from hashlib import blake2b

from jetapp.sandbox.knobs import Rule


def draw(seed: int, purpose: str, key: str) -> float:
    """A number in [0, 1) that depends on nothing but its arguments."""
    digest = blake2b(f"{seed}|{purpose}|{key}".encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / (1 << 56)


def happens(share: float, seed: int, purpose: str, key: str) -> bool:
    return share > 0 and (share >= 1 or draw(seed, purpose, key) < share)


def rule_for(rules: Iterable[Rule], to: str, seed: int, purpose: str, key: str) -> Rule | None:
    """The first rule that names this number or address and whose share it falls into."""
    for position, rule in enumerate(rules):
        if fnmatchcase(to, rule.to) and happens(rule.share, seed, f"{purpose}{position}", key):
            return rule
    return None
