"""The parts that our synthetic telegrams are made of, in the form of JMA's XML."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
MARK = "【合成電文】jetappの試験のために作った電文です。気象庁の発表ではありません。"
BODY = "http://xml.kishou.go.jp/jmaxml1/body/"
SEISMIC, METEO, VOLCANO = f"{BODY}seismology1/", f"{BODY}meteorology1/", f"{BODY}volcanology1/"
CITY7 = "気象・地震・火山情報／市町村等"
OFFICE6 = "気象情報／府県予報区・細分区域等"
LAYERS = ("府県予報区等", "一次細分区域等", "市町村等をまとめた地域等", "市町村等")
INTENSITIES = ["1", "2", "3", "4", "5-", "5+", "6-", "6+", "7"]
TSUNAMI = {"00": "津波なし", "50": "警報解除", "51": "津波警報", "53": "大津波警報：発表"}
TSUNAMI |= {"60": "津波注意報解除", "62": "津波注意報"}

Region = tuple[str, str, str, str]
"""prefecture, its name, quake region, its name"""


def report(
    file: str,
    control: tuple[str, str],
    at: str,
    namespace: str,
    body: str,
    *,
    title: str = "",
    event: str = "",
    serial: str = "",
    status: str = "通常",
    info: str = "発表",
    headline: str = "",
    information: str = "",
    office: str = "気象庁本庁",
) -> None:
    """control: Control/Title and Head/InfoKind; at: Japanese time without zone"""
    moment = datetime.fromisoformat(f"{at}+09:00")
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- {MARK} Synthetic: written for the tests of jetapp, never issued by JMA. -->
<Report xmlns="http://xml.kishou.go.jp/jmaxml1/" xmlns:jmx="http://xml.kishou.go.jp/jmaxml1/">
<Control>
<Title>{control[0]}</Title>
<DateTime>{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}</DateTime>
<Status>{status}</Status>
<EditorialOffice>{office}</EditorialOffice>
<PublishingOffice>{office.replace("本庁", "")}</PublishingOffice>
</Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/">
<Title>{title or control[0]}</Title>
<ReportDateTime>{at}:00+09:00</ReportDateTime>
<TargetDateTime>{at}:00+09:00</TargetDateTime>
<EventID>{event}</EventID>
<InfoType>{info}</InfoType>
<Serial>{serial}</Serial>
<InfoKind>{control[1]}</InfoKind>
<InfoKindVersion>1.0_1</InfoKindVersion>
<Headline>
<Text>{MARK}{headline}</Text>
{information}</Headline>
</Head>
<Body xmlns="{namespace}" xmlns:jmx_eb="http://xml.kishou.go.jp/jmaxml1/elementBasis1/">
{body}</Body>
</Report>
"""
    (HERE / f"synthetic_{file}.xml").write_text(text, encoding="utf-8")


def hypocentre(origin: str, name: str, code: str, magnitude: str) -> str:
    return f"""<Earthquake>
<OriginTime>{origin}:00+09:00</OriginTime>
<ArrivalTime>{origin}:00+09:00</ArrivalTime>
<Hypocenter><Area><Name>{name}</Name><Code type="震央地名">{code}</Code></Area></Hypocenter>
<jmx_eb:Magnitude type="Mj" description="Ｍ{magnitude}">{magnitude}</jmx_eb:Magnitude>
</Earthquake>
"""


def shaken(places: dict[Region, str], *, cities: bool) -> str:
    """The Intensity element. places: region -> "city7 name intensity, …"; 未入電 for 震度５弱以上未入電"""
    prefectures: dict[tuple[str, str], str] = {}
    values = []
    for (prefecture, prefecture_name, region, region_name), listed in places.items():
        towns = [town.split() for town in listed.split(", ")]
        values += [town[2] for town in towns]
        inside = "".join(_city(*town) for town in towns) if cities else ""
        prefectures[prefecture, prefecture_name] = prefectures.get((prefecture, prefecture_name), "") + (
            f"<Area><Name>{region_name}</Name><Code>{region}</Code>"
            f"<MaxInt>{_strongest(town[2] for town in towns)}</MaxInt>\n{inside}</Area>\n"
        )
    inner = "".join(
        f"<Pref><Name>{name}</Name><Code>{code}</Code>{a}</Pref>\n" for (code, name), a in prefectures.items()
    )
    return f"<Intensity><Observation>\n<MaxInt>{_strongest(values)}</MaxInt>\n{inner}</Observation></Intensity>\n"


def _strongest(values: Iterable[str]) -> str:
    return max((value for value in values if value in INTENSITIES), key=INTENSITIES.index, default="")


def _city(code: str, name: str, value: str) -> str:
    said = "<Condition>震度５弱以上未入電</Condition>" if value == "未入電" else f"<MaxInt>{value}</MaxInt>"
    return f"<City><Name>{name}</Name><Code>{code}</Code>{said}</City>\n"


def coasts(listed: str) -> str:
    """The Tsunami element. listed: "area name code code-before, …" """
    items = ""
    for item in listed.split(", "):
        area, name, code, last = item.split()
        items += (
            f"<Item><Area><Name>{name}</Name><Code>{area}</Code></Area><Category>"
            f"<Kind><Name>{TSUNAMI[code]}</Name><Code>{code}</Code></Kind>"
            f"<LastKind><Name>{TSUNAMI[last]}</Name><Code>{last}</Code></LastKind></Category>\n<MaxHeight>"
            '<jmx_eb:TsunamiHeight type="津波の高さ" unit="m" condition="不明" description="巨大">NaN'
            "</jmx_eb:TsunamiHeight></MaxHeight></Item>\n"
        )
    return f"<Tsunami><Forecast>\n{items}</Forecast></Tsunami>\n"


def warned(office: str, listed: str) -> str:
    """Four layers of warnings. listed: "city7 name code label status code-before, …", or "city7 name" for none"""
    towns = [town.split() for town in listed.split(", ")]
    coarse = [[office, "全域", *towns[0][2:]]]
    layers = ""
    for layer in LAYERS:
        items = "".join(_warning(*town) for town in (towns if layer == LAYERS[-1] else coarse))
        layers += f'<Warning type="気象警報・注意報（{layer}）">\n{items}</Warning>\n'
    return layers


def _warning(place: str, name: str, code: str = "", label: str = "", status: str = "", last: str = "") -> str:
    kind = "<Status>発表警報・注意報はなし</Status>"
    if code:
        kind = f"<Name>{label}</Name><Code>{code}</Code><Status>{status}</Status>"
        kind += f"<LastKind><Name>{label}</Name><Code>{last}</Code></LastKind>"
    return f"<Item><Kind>{kind}</Kind><Area><Name>{name}</Name><Code>{place}</Code></Area></Item>\n"


def information(layer: str, system: str, code: str, label: str, area: str, name: str) -> str:
    """One part of the Headline."""
    return (
        f'<Information type="{layer}"><Item><Kind><Name>{label}</Name><Code>{code}</Code></Kind>'
        f'<Areas codeType="{system}"><Area><Name>{name}</Name><Code>{area}</Code></Area></Areas></Item></Information>\n'
    )


def eruption(layer: str, system: str, code: str, last: str, label: str, place: str, name: str) -> str:
    return (
        f'<VolcanoInfo type="噴火警報・予報（{layer}）"><Item><Kind><Name>{label}</Name><Code>{code}</Code></Kind>'
        f"<LastKind><Name>-</Name><Code>{last}</Code></LastKind>\n"
        f'<Areas codeType="{system}"><Area><Name>{name}</Name><Code>{place}</Code></Area></Areas>'
        "</Item></VolcanoInfo>\n"
    )
