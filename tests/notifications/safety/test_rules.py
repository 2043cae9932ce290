"""The rule table and the decisions made from it."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.jma.facts import AreaFact
from notifications.jma.telegram import Telegram, read
from notifications.safety.rules import DEFAULT_RULES, Rule, RuleError, decide, load
from notifications.safety.severity import Severity, severity_of

DATA = Path(__file__).resolve().parents[2] / "data" / "jma"
ALL = sorted(DATA.glob("*.xml"))


def telegram(case: str) -> Telegram:
    path = DATA / f"synthetic_{case}.xml"
    return read(path.read_bytes(), path.name)


def row(**values: str) -> dict[str, str]:
    return {"type_group": "VXSE53", "kind": "intensity", "value": "5-", "action": "start"} | values


# The decision


def test_how_bad_it_is_in_each_municipality():
    decision = decide(telegram("miyagi_3_serial2_VXSE53"))

    assert {code: severity.label for code, severity in decision.severities.items()} == {
        "04213": "6-",
        "04212": "5+",
        "04100": "5+",
        "04501": "not_received",
    }
    assert not decision.coarse


def test_region_reports_are_marked_coarse():
    assert decide(telegram("miyagi_1_prompt_VXSE51")).coarse


def test_second_shock_is_stronger_where_it_is_and_not_elsewhere():
    first = decide(telegram("kumamoto_1_VXSE53")).severities
    second = decide(telegram("kumamoto_2_VXSE53")).severities
    stronger = {code for code in first if second[code].stronger_than(first[code])}

    assert "43443" not in stronger  # 益城町: 7 both times
    assert stronger == {"43100", "43213", "43403", "43404", "43432"}
    assert second.keys() - first.keys() == {"43214", "43433", "44202", "44213"}


def test_tsunami_warning_asks_the_coast_and_counts_as_stronger_than_shaking():
    decision = decide(telegram("tsunami_1_warning_VTSE41"))

    assert decision.severities == {}
    assert {code: severity.label for code, severity in decision.coastal_prefectures.items()} == {
        "04": "major warning",
        "03": "warning",
    }
    assert decision.coastal_prefectures["03"].stronger_than(Severity("intensity", 65, "7"))


def test_advisory_beside_a_lifted_warning_is_told_but_releases_nothing():
    decision = decide(telegram("tsunami_2_lowered_VTSE41"))

    assert (decision.action, decision.notice) == ("none", True)


def test_dead_code_is_reported_and_never_dropped():
    decision = decide(telegram("future_code_VXSE53"))

    assert decision.unknown_codes == ("0429900",)
    assert decision.fallback_prefectures["04"].label == "6-"
    assert "04299" not in decision.severities


def test_level_4_eruption_asks_the_towns_under_warning_though_none_must_leave():
    assert decide(telegram("volcano_2_level4_VFVO50")).severities.keys() == {"46201"}


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_drills_and_tests_never_come_out_as_real(path):
    text = path.read_text(encoding="utf-8")
    for status in ("通常", "訓練", "試験"):
        text = text.replace(f"<Status>{status}</Status>", "<Status>@</Status>")

    drill = decide(read(text.replace(">@<", ">訓練<").encode(), path.name))
    test = decide(read(text.replace(">@<", ">試験<").encode(), path.name))

    assert drill.action in {"drill-start", "drill-propose", "drill-release", "drill-none"}
    assert test.action == "none"
    assert not test.severities
    assert not test.coastal_prefectures


def test_an_intensity_nobody_knows_is_for_a_person_to_look_at():
    told = telegram("far_VXSE53")
    told = replace(told, facts=(AreaFact("city7", "0421300", "intensity", "8"),))

    decision = decide(told)

    assert (decision.action, decision.notice) == ("none", True)
    assert "not understood: 8" in decision.why


def test_unknown_type_needs_no_action_and_says_so():
    text = (DATA / "synthetic_far_VXSE53.xml").read_text(encoding="utf-8")
    text = text.replace("<Title>震源・震度に関する情報", "<Title>新しい情報").replace(
        "地震情報</InfoKind>", "新しい</InfoKind>"
    )

    for name, why in (("x_VABC99.xml", "unknown type of telegram VABC99"), ("x.xml", "unknown type of telegram")):
        decision = decide(read(text.encode(), name))
        assert (decision.action, decision.why) == ("none", why)


def test_cancelled_forecast_matters_to_nobody():
    assert decide(replace(telegram("forecast_VXSE43"), info_type="cancelled")).action == "none"


@given(st.sampled_from(ALL), st.randoms(use_true_random=False))
def test_order_does_not_matter(path, random):
    told = read(path.read_bytes(), path.name)
    shuffled = list(told.facts)
    random.shuffle(shuffled)

    assert decide(replace(told, facts=tuple(shuffled))) == decide(told)


@given(st.sampled_from(ALL), st.data())
def test_unknown_elements_do_not_matter(path, data):
    before = decide(read(path.read_bytes(), path.name))
    root = ElementTree.fromstring(path.read_bytes())
    parents = list(root.iter())
    for _ in range(data.draw(st.integers(1, 5))):
        parent = data.draw(st.sampled_from(parents))
        name = data.draw(st.sampled_from(["New", "{urn:x}Status", "{urn:x}Code", "{urn:x}Kind"]))
        extra = ElementTree.Element(name, {"type": "市町村等"})
        extra.text = "7"
        parent.insert(data.draw(st.integers(0, len(parent))), extra)

    assert decide(read(ElementTree.tostring(root), path.name)) == before


# The table


def test_staff_may_lower_the_line():
    rules = (*(r for r in DEFAULT_RULES if (r.type_group, r.value) != ("VXSE53", "5-")), Rule(**row()))

    assert decide(telegram("noto_3_VXSE53"), rules).severities.keys() == {"17461", "17204"}


def test_the_most_exact_rule_wins_in_any_order():
    rules = load(
        [
            row(value="*", action="none"),
            row(value="5+", action="start"),
            row(type_group="VXSE", value="5+", action="propose"),
        ]
    )

    assert decide(telegram("noto_1_VXSE53"), rules).action == "start"
    assert decide(telegram("noto_1_VXSE53"), rules[::-1]).action == "start"
    assert decide(telegram("noto_1_VXSE53"), rules[2:]).action == "propose"


def test_an_empty_table_asks_nobody():
    assert {decide(read(path.read_bytes(), path.name), ()).action for path in ALL} == {"none", "drill-none"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"action": "send"}, "rule_action"),
        ({"action": ""}, "rule_action"),
        ({"kind": "tsunami"}, "rule_kind"),
        ({"type_group": "VXSE43"}, "rule_kind"),
        ({"type_group": ""}, "rule_kind"),
        ({"type_group": "", "kind": "report", "value": "*"}, "rule_group"),
        ({"value": ""}, "rule_value"),
        ({"value": "*5"}, "rule_value"),
        ({"value": "5 upper"}, "rule_value_intensity"),
        ({"type_group": "VYSE50", "kind": "nankai", "value": "120"}, "rule_areas"),
        ({"type_group": "VXSE43", "kind": "report", "value": "*"}, "rule_areas"),
    ],
)
def test_unusable_rows_are_refused(changes, code):
    with pytest.raises(RuleError) as caught:
        load([row(**changes)])

    assert caught.value.code == code
    assert str(caught.value)


def test_the_same_row_twice_is_refused():
    with pytest.raises(RuleError, match="stands in the table twice"):
        load([row(), row(action="none")])


# Severity


def test_intensities_are_ordered():
    values = ["1", "2", "3", "4", "5-", "5+", "6-", "6+", "7"]
    severities = [severity_of(AreaFact("city7", "", "intensity", value)) for value in values]

    assert severities == sorted(severities)
    assert len({severity.rank for severity in severities}) == len(values)


def test_a_silent_town_counts_as_5_lower():
    silent, lower = (severity_of(AreaFact("city7", "", "intensity", value)) for value in ("not_received", "5-"))

    assert not silent.stronger_than(lower)
    assert not lower.stronger_than(silent)


def test_levels_of_all_kinds_are_ordered():
    for kind, codes in (
        ("warning", ["10", "03", "43", "33"]),
        ("flood", ["20", "30", "40", "50"]),
        ("tsunami", ["62", "51", "53"]),
        ("volcano", ["13", "14", "15"]),
    ):
        ranks = [severity_of(AreaFact("city7", "", kind, code)).rank for code in codes]
        assert ranks == sorted(set(ranks)), kind
