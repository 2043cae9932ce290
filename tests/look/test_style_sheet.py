"""The style sheet: contrast of its colours, sizes of its text, and the files others made."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "jetapp" / "static"
CSS = (STATIC / "app.css").read_text(encoding="utf-8")
TOKENS = dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", CSS))

# The ratio of each text colour on white, and on its own tint (ux.md §2; info on its tint computed again: 6.8).
ON_WHITE = {
    "ink": 17.4, "ink-2": 8.5, "ink-3": 5.7, "action": 11.1, "action-2": 14.2, "help": 5.8, "silent": 6.1,
    "lost": 9.2, "safe": 8.3, "info": 7.2, "warn": 7.0,
}  # fmt: skip
ON_TINT = {
    ("action", "action-50"): 9.8, ("help", "help-50"): 5.1, ("silent", "silent-50"): 5.4, ("lost", "lost-50"): 7.9,
    ("safe", "safe-50"): 7.3, ("info", "info-50"): 6.8, ("warn", "warn-50"): 6.4,
}  # fmt: skip
TEXT_PAIRS = [
    ("ink-3", "paper-2"), ("ink-2", "paper-2"), ("link", "paper"), ("ink", "share-0"), ("ink", "share-1"),
    ("ink", "share-2"), ("ink", "share-3"), ("paper", "share-4"), ("ink", "people-1"), ("paper", "people-3"),
    ("paper", "people-4"), ("paper", "help"), ("paper", "help-2"), ("paper", "action"), ("paper", "action-2"),
    ("focus-ring", "ink"),
]  # fmt: skip
SHAPE_PAIRS = ["field", "warn-edge", "hot-edge", "silent-bar", "lost-bar", "safe-bar", "people-3"]


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(TOKENS[one]), luminance(TOKENS[other])), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("name", "ratio"), ON_WHITE.items())
def test_contrast_on_white_is_as_written(name: str, ratio: float) -> None:
    assert contrast(name, "paper") == pytest.approx(ratio, abs=0.1)


@pytest.mark.parametrize(("pair", "ratio"), ON_TINT.items())
def test_contrast_on_its_tint_is_as_written(pair: tuple[str, str], ratio: float) -> None:
    assert contrast(*pair) == pytest.approx(ratio, abs=0.1)


@pytest.mark.parametrize("pair", TEXT_PAIRS)
def test_text_can_be_read(pair: tuple[str, str]) -> None:
    assert contrast(*pair) >= 4.5


@pytest.mark.parametrize("name", SHAPE_PAIRS)
def test_shapes_and_borders_can_be_seen(name: str) -> None:
    assert contrast(name, "paper") >= 3


def test_weights_and_smallest_text() -> None:
    assert set(re.findall(r"font-weight:\s*(\d+)", CSS)) <= {"400", "700"}
    rem = [float(size) for size in re.findall(r"--text-\d+:\s*([\d.]+)rem", CSS)]
    assert min(rem) * 16 == 14


def test_colours_are_named_once() -> None:
    """Outside the tokens only black, white and the near-black of the bands are written out."""
    rules = CSS.split("/* ---- ground ---- */")[1]
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", rules)) <= {"#fff", "#000", "#1a1a1a"}


def test_files_of_others_are_what_their_package_holds() -> None:
    vendor = STATIC / "vendor"
    listed = set()
    for entry in json.loads((vendor / "manifest.json").read_text(encoding="utf-8")):
        assert {"name", "version", "licence", "source"} <= entry.keys()
        for name, digest in ((entry["file"], entry["sha512"]), (entry["licence_file"], entry["licence_sha512"])):
            listed.add(name)
            found = base64.b64encode(hashlib.sha512((vendor / name).read_bytes()).digest()).decode()
            assert digest == f"sha512-{found}", name
    assert listed == {path.name for path in vendor.iterdir()} - {"manifest.json"}


def test_style_sheet_and_script_stay_small() -> None:
    assert len(CSS) < 40_000
    assert len((STATIC / "live.js").read_bytes()) < 8_000
