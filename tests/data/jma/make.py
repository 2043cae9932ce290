"""Writes the synthetic telegrams of this folder: `python tests/data/jma/make.py`, then look at the difference."""

from __future__ import annotations

from builders import (
    CITY7,
    METEO,
    OFFICE6,
    SEISMIC,
    VOLCANO,
    Region,
    coasts,
    eruption,
    hypocentre,
    information,
    report,
    shaken,
    warned,
)

PROMPT, QUAKE = ("震度速報", "震度速報"), ("震源・震度に関する情報", "地震情報")
MIYAGI_N: Region = ("04", "宮城県", "220", "宮城県北部")
MIYAGI_C: Region = ("04", "宮城県", "222", "宮城県中部")
KUMAMOTO: Region = ("43", "熊本県", "741", "熊本県熊本")
ASO: Region = ("43", "熊本県", "740", "熊本県阿蘇")
OITA: Region = ("44", "大分県", "751", "大分県中部")
NOTO: Region = ("17", "石川県", "390", "石川県能登")
KAGA: Region = ("17", "石川県", "391", "石川県加賀")
CHUETSU: Region = ("15", "新潟県", "371", "新潟県中越")
OFF_MIYAGI = ("宮城県沖", "283", "7.1")


def prompt(case: str, at: str, event: str, places: dict[Region, str], **head: str) -> None:
    body = shaken(places, cities=False)
    report(f"{case}_VXSE51", PROMPT, at, SEISMIC, body, event=event, headline="強い揺れを感じました。", **head)


def quake(
    case: str, at: str, origin: str, centre: tuple[str, str, str], places: dict[Region, str], **head: str
) -> None:
    body = hypocentre(origin, *centre) + shaken(places, cities=True)
    head = {"event": origin.translate(str.maketrans("", "", "-T:")) + "00", "serial": "1", **head}
    report(f"{case}_VXSE53", QUAKE, at, SEISMIC, body, title="震源・震度情報", headline="地震がありました。", **head)


def cancelled(case: str, at: str, event: str, **head: str) -> None:
    body = "<Text>先ほどの、震源・震度情報を取り消します。</Text>\n"
    report(f"{case}_VXSE53", QUAKE, at, SEISMIC, body, event=event, info="取消", headline="取り消します。", **head)


def miyagi() -> None:
    """One earthquake from the first report to its withdrawal, and the same as drill and as test."""
    day, origin, event = "2027-03-10T", "2027-03-10T03:12", "20270310031200"
    first = {MIYAGI_N: "0421300 栗原市 5+, 0421200 登米市 5-", MIYAGI_C: "0410100 仙台青葉区 5-"}
    second = {
        MIYAGI_N: "0421300 栗原市 6-, 0421200 登米市 5+, 0450100 涌谷町 未入電",
        MIYAGI_C: "0410100 仙台青葉区 5-, 0410500 仙台泉区 5+",
    }
    corrected = {**second, MIYAGI_N: "0421300 栗原市 6-, 0421200 登米市 5-"}
    prompt("miyagi_1_prompt", day + "03:14", event, first)
    quake("miyagi_2_serial1", day + "03:17", origin, OFF_MIYAGI, first)
    quake("miyagi_3_serial2", day + "03:25", origin, OFF_MIYAGI, second, serial="2")
    quake("miyagi_4_corrected", day + "03:32", origin, OFF_MIYAGI, corrected, serial="2", info="訂正")
    cancelled("miyagi_5_cancelled", day + "03:40", event, serial="2")
    drill, test = "20270310095500", "20270310105500"
    prompt("drill_1_prompt", day + "09:57", drill, first, status="訓練")
    quake("drill_2", day + "10:00", day + "09:55", OFF_MIYAGI, second, event=drill, status="訓練")
    cancelled("drill_3_cancelled", day + "10:05", drill, serial="1", status="訓練")
    quake("test", day + "11:00", day + "10:55", OFF_MIYAGI, second, event=test, status="試験")
    cancelled("test_cancelled", day + "11:05", test, serial="1", status="試験")


def single_quakes() -> None:
    prompt("corrected", "2027-03-11T03:15", "20270311031200", {MIYAGI_N: "0421300 栗原市 5-"}, info="訂正")
    silent = {MIYAGI_N: "0421300 栗原市 4, 0450100 涌谷町 未入電"}
    quake("silent", "2027-03-12T03:17", "2027-03-12T03:12", OFF_MIYAGI, silent)
    new_code = {MIYAGI_N: "0421300 栗原市 5+, 0429900 未来市 6-"}
    quake("future_code", "2027-03-13T03:17", "2027-03-13T03:12", OFF_MIYAGI, new_code)
    far = hypocentre("2027-04-01T15:34", "南米西部", "946", "8.5")
    head = {"title": "遠地地震に関する情報", "event": "20270401153400", "serial": "1"}
    report("far_VXSE53", QUAKE, "2027-04-01T16:00", SEISMIC, far, **head)
    forecast = """<Intensity><Forecast><ForecastInt><From>7</From><To>7</To></ForecastInt>
<Pref><Name>宮城</Name><Code>9040</Code><Area><Name>宮城県北部</Name><Code>220</Code>
<ForecastInt><From>7</From><To>7</To></ForecastInt></Area></Pref></Forecast></Intensity>
"""
    kind = ("緊急地震速報（警報）", "緊急地震速報")
    report("forecast_VXSE43", kind, "2027-03-10T03:12", SEISMIC, forecast, event="20270310031200", serial="2")
    nankai = """<EarthquakeInfo type="南海トラフ地震に関連する情報"><InfoKind>南海トラフ地震臨時情報</InfoKind>
<InfoSerial codeType="地震関連情報番号コード"><Name>巨大地震警戒</Name><Code>120</Code></InfoSerial></EarthquakeInfo>
"""
    kind = ("南海トラフ地震臨時情報", "南海トラフ地震に関連する情報")
    report("nankai_VYSE50", kind, "2027-05-01T18:00", SEISMIC, nankai, event="20270501180000")


def pairs() -> None:
    """Kumamoto-like: 28 h apart, the second stronger. Noto-like: three within 16 minutes."""
    centre = ("熊本県熊本地方", "741", "6.5")
    first = {
        KUMAMOTO: "4344300 益城町 7, 4310200 熊本東区 6-, 4310300 熊本西区 6-, 4321300 宇城市 6-, "
        "4340400 菊陽町 5+, 4340300 大津町 5+",
        ASO: "4343200 西原村 6-, 4343300 南阿蘇村 5-",
    }
    second = {
        KUMAMOTO: "4344300 益城町 7, 4310200 熊本東区 6+, 4310300 熊本西区 6+, 4321300 宇城市 6+, "
        "4340400 菊陽町 6+, 4340300 大津町 6+",
        ASO: "4343200 西原村 7, 4343300 南阿蘇村 6+, 4321400 阿蘇市 6-",
        OITA: "4420200 別府市 6-, 4421300 由布市 6-",
    }
    quake("kumamoto_1", "2016-04-14T21:31", "2016-04-14T21:26", centre, first)
    quake("kumamoto_2", "2016-04-16T01:30", "2016-04-16T01:25", (*centre[:2], "7.3"), second)
    place = ("石川県能登地方", "390")
    shocks = [
        ("16:06", "16:08", "5.5", {NOTO: "1720500 珠洲市 5+, 1746300 能登町 5-"}),
        (
            "16:10",
            "16:14",
            "7.6",
            {
                NOTO: "1720400 輪島市 7, 1738400 志賀町 7, 1720200 七尾市 6+, 1720500 珠洲市 6+, "
                "1746100 穴水町 6+, 1740700 中能登町 6-, 1746300 能登町 6-",
                KAGA: "1720100 金沢市 5+",
                CHUETSU: "1520200 長岡市 6-",
            },
        ),
        ("16:18", "16:22", "6.1", {NOTO: "1746100 穴水町 5+, 1720400 輪島市 5-"}),
    ]
    for number, (origin, at, magnitude, places) in enumerate(shocks, 1):
        quake(f"noto_{number}", f"2024-01-01T{at}", f"2024-01-01T{origin}", (*place, magnitude), places)


def tsunamis() -> None:
    event, kind = "20270310031200", ("津波警報・注意報・予報a", "津波警報・注意報・予報")
    for case, at, events, items in (
        ("1_warning", "03:15", event, "220 宮城県 53 00, 210 岩手県 51 00, 312 東京湾内湾 62 00"),
        ("2_lowered", "09:15", event, "220 宮城県 62 53, 210 岩手県 60 51"),
        ("3_released", "15:15", f"{event} 20270310041500", "220 宮城県 60 62, 210 岩手県 50 51"),
    ):
        head = {"event": events, "headline": "津波の情報です。", "office": "大阪管区気象台"}
        report(f"tsunami_{case}_VTSE41", kind, f"2027-03-10T{at}", SEISMIC, coasts(items), **head)


def warning(file: str, at: str, word: str, area: str, towns: str, office: str) -> None:
    code, name = area.split()
    kind = (f"気象警報・注意報（{word}）", "気象警報・注意報")
    head = {"title": f"{name}警報・注意報", "headline": "警戒してください。", "office": office}
    report(file, kind, at, METEO, warned(code, towns), **head)


def weather() -> None:
    day, area, office = "2026-07-04T", "430000 熊本県", "熊本地方気象台"
    quiet = "4310000 熊本市"
    for file, at, word, towns in (
        ("rain_1_level4_VPWW55", "02:00", "大雨", "4320300 人吉市 43 ４ 発表 03, 4351300 球磨村 03 ３ 発表 10"),
        (
            "rain_2_level5_VPWW55",
            "04:50",
            "大雨",
            "4320300 人吉市 33 ５ 発表 43, 4351300 球磨村 33 ５ 発表 43, 4320200 八代市 43 ４ 発表 03",
        ),
        ("rain_3_lowered_VPWW55", "11:50", "大雨", "4320300 人吉市 03 ３ 切替 33, 4351300 球磨村 3 ３ 切替 33"),
        ("rain_4_released_VPWW55", "12:50", "大雨", "4320300 人吉市 33 ５ 解除 33, 4351300 球磨村 33 ５ 解除 33"),
        ("soil_level5_VPWW56", "04:55", "土砂", "4320300 人吉市 39 ５ 発表 49"),
    ):
        warning(file, day + at, f"Ｒ０６）（{word}", area, f"{towns}, {quiet}", office)
    surge = "1410011 横浜市北部 38 ５ 発表 48, 1410012 横浜市南部 48 ４ 発表 08"
    warning("surge_VPWW57", "2026-09-04T04:55", "Ｒ０６）（高潮", "140000 神奈川県", surge, "横浜地方気象台")
    south, office = "460100 鹿児島県", "鹿児島地方気象台"
    towns = "4620100 鹿児島市 35 暴風 発表 05, 4620100 鹿児島市 37 波浪 発表 07, 4620400 枕崎市 5 暴風 継続 5"
    warning("typhoon_VPWW54", "2025-09-04T12:00", "Ｈ２７", south, towns, office)
    notice = "".join(
        information(f"気象特別警報報知（{layer}）", system, "35", "暴風特別警報", *place.split())
        for layer, system, place in (
            ("府県予報区等", OFFICE6, south),
            ("市町村等をまとめた地域等", OFFICE6, "460011 鹿児島・日置"),
            ("市町村等", CITY7, "4620100 鹿児島市"),
            ("警報注意報種別毎", OFFICE6, south),
        )
    )
    kind = ("気象特別警報報知", "気象特別警報報知")
    head = {"title": "鹿児島県気象特別警報報知", "information": notice, "office": office}
    report("typhoon_VPNO50", kind, "2025-09-04T12:00", METEO, "", **head)


def landslides_and_floods() -> None:
    day, office = "2026-07-04T", "熊本地方気象台"
    none = "<Item><Kind><Name>なし</Name><Code>0</Code><Status>なし</Status></Kind>"
    none += "<Area><Name>球磨村</Name><Code>4351300</Code></Area></Item>\n"
    for case, at, serial, code, label in (
        ("landslide_1", "03:00", "1", "3", "警戒"),
        ("landslide_2_released", "13:00", "2", "1", "解除"),
    ):
        item = f"<Item><Kind><Name>{label}</Name><Code>{code}</Code><Status>{label}</Status></Kind>"
        item += "<Area><Name>人吉市</Name><Code>4320300</Code></Area></Item>\n"
        body = f'<Warning type="土砂災害警戒情報">\n{item}{none}</Warning>\n'
        kind, event = ("土砂災害警戒情報", "土砂災害警戒情報"), "熊本県土砂災害警戒情報"
        report(f"{case}_VXWW50", kind, day + at, METEO, body, event=event, serial=serial, office=office)
    areas = "".join(
        f'<Area codeType="水位観測所"><Name>{city}</Name><Code>{station}</Code><Prefecture>熊本県</Prefecture>'
        f"<PrefectureCode>43000</PrefectureCode><City>{city}</City><CityCode>{code}</CityCode></Area>\n"
        for city, code, station in (("人吉市", "4320300", "8300001"), ("球磨村", "4351300", "8300002"))
    )
    reached = "<Kind><Name>浸水想定地区</Name><Code>1</Code></Kind>"
    body = f"<Warning><Item>{reached}<Areas>\n{areas}</Areas></Item></Warning>\n"
    for case, at, code, label in (
        ("flood_1_level4", "04:00", "40", "レベル４氾濫危険警報"),
        ("flood_2_level5", "05:30", "50", "レベル５氾濫特別警報"),
        ("flood_3_released", "23:30", "10", "氾濫警報解除"),
    ):
        told = information("指定河川洪水予報（予報区域）", "予報区域", code, label, "830303000100", "球磨川")
        told += information("指定河川洪水予報（府県予報区等）", OFFICE6, code, label, "430000", "熊本県")
        kind = ("指定河川洪水予報", "指定河川洪水予報")
        head = {"event": "830303000100", "serial": case[6], "information": told, "office": office}
        report(f"{case}_VXKO87", kind, day + at, METEO, body, title=f"球磨川{label}", **head)
    kind = ("指定河川洪水予報", "指定河川洪水予報")
    told = told.replace("<Code>10<", "<Code>50<")
    report("flood_no_cities_VXKO87", kind, day + "06:30", METEO, "", event="830303000100", information=told)


def volcanoes() -> None:
    kind, town = ("噴火警報・予報", "噴火警報・予報"), ("4620100", "鹿児島県鹿児島市")
    codes = (
        (("15", "12"), ("01", "02"), ("41", "43")),
        (("14", "15"), ("01", "01"), ("42", "41")),
        (("13", "14"), ("02", "01"), ("43", "42")),
    )
    for number, (level, city, duty) in enumerate(codes, 1):
        body = eruption("対象火山", "火山名", *level, f"レベル{level[0][1]}", "506", "桜島")
        body += eruption("対象市町村等", CITY7, *city, "-", *town)
        body += eruption("対象市町村の防災対応等", CITY7, *duty, "-", *town)
        file = f"volcano_{number}_level{level[0][1]}_VFVO50"
        report(file, kind, f"2027-06-0{number}T13:26", VOLCANO, body, title="火山名　桜島　噴火警報", event="506")


if __name__ == "__main__":
    miyagi()
    single_quakes()
    pairs()
    tsunamis()
    weather()
    landslides_and_floods()
    volcanoes()
