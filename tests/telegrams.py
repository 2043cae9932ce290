"""Telegrams written by us, in JMA's form, for what the recorded ones do not hold. Titles say that they are made up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from itertools import count

JST = timezone(timedelta(hours=9))
MIYAGI_COAST, ISHIKAWA_COAST = "220", "350"
_EB = "http://xml.kishou.go.jp/jmaxml1/elementBasis1/"
_numbers = count(1)


def jst(text: str) -> datetime:
    """ "2016-04-14 21:26" in Japan."""
    return datetime.fromisoformat(text).replace(tzinfo=JST)


def cities(
    event: str,
    shaken: Mapping[str, str],
    at: datetime,
    *,
    reported: datetime | None = None,
    serial: int = 1,
    status: str = "通常",
    info: str = "発表",
) -> bytes:
    """震源・震度に関する情報: {municipality JIS 5: intensity "5+"}."""
    places = "".join(
        f"<Pref><Name>p</Name><Code>{code[:2]}</Code><Area><Name>a</Name><Code>{code[:2]}0</Code>"
        f"<City><Name>{code}</Name><Code>{code}00</Code><MaxInt>{value}</MaxInt></City></Area></Pref>"
        for code, value in shaken.items()
    )
    worst = max(shaken.values(), default="")
    observed = f"<Intensity><Observation><MaxInt>{worst}</MaxInt>{places}</Observation></Intensity>" if shaken else ""
    body = f"{_quake(at)}{observed}"
    title = "震源・震度に関する情報"
    return _telegram(title, title, event, serial, reported or at + timedelta(minutes=5), at, status, info, body)


def regions(
    event: str, shaken: Mapping[str, str], at: datetime, *, reported: datetime | None = None, info: str = "発表"
) -> bytes:
    """震度速報: {region of three digits: intensity}."""
    places = "".join(
        f"<Pref><Name>p</Name><Code>01</Code><Area><Name>a</Name><Code>{code}</Code><MaxInt>{value}</MaxInt></Area></Pref>"
        for code, value in shaken.items()
    )
    body = (
        f"<Intensity><Observation><MaxInt>{max(shaken.values(), default='')}</MaxInt>{places}</Observation></Intensity>"
    )
    if info == "取消":
        body = "<Text>震度速報を取り消します。</Text>"
    return _telegram("震度速報", "震度速報", event, None, reported or at + timedelta(minutes=2), at, "通常", info, body)


def tsunami(
    event: str,
    coasts: Mapping[str, str],
    at: datetime,
    *,
    reported: datetime | None = None,
    last: str = "00",
    info: str = "発表",
) -> bytes:
    """津波警報・注意報・予報: {coast of three digits: code}."""
    items = "".join(
        f"<Item><Area><Name>c</Name><Code>{coast}</Code></Area><Category><Kind><Name>k</Name><Code>{code}</Code></Kind>"
        f"<LastKind><Name>k</Name><Code>{last}</Code></LastKind></Category></Item>"
        for coast, code in coasts.items()
    )
    body = f"<Tsunami><Forecast>{items}</Forecast></Tsunami>{_quake(at)}"
    title = "津波警報・注意報・予報a"
    return _telegram(title, title, event, None, reported or at + timedelta(minutes=3), at, "通常", info, body)


def withdrawn(event: str, at: datetime, *, serial: int = 1, status: str = "通常") -> bytes:
    """取消 of 震源・震度に関する情報."""
    title = "震源・震度に関する情報"
    return _telegram(title, title, event, serial, at, at, status, "取消", "<Text>取り消します。</Text>")


def _quake(at: datetime) -> str:
    moment = at.isoformat()
    return (
        f"<Earthquake><OriginTime>{moment}</OriginTime><ArrivalTime>{moment}</ArrivalTime>"
        f"<Hypocenter><Area><Name>試験場所</Name><Code>390</Code></Area></Hypocenter>"
        f'<jmx_eb:Magnitude type="Mj" description="Ｍ７．０">7.0</jmx_eb:Magnitude></Earthquake>'
    )


def _telegram(
    control: str,
    title: str,
    event: str,
    serial: int | None,
    reported: datetime,
    target: datetime,
    status: str,
    info: str,
    body: str,
) -> bytes:
    number = "" if serial is None else str(serial)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Report xmlns="http://xml.kishou.go.jp/jmaxml1/">'
        f"<Control><Title>{control}</Title><DateTime>{reported.isoformat()}</DateTime><Status>{status}</Status>"
        "<EditorialOffice>気象庁本庁</EditorialOffice><PublishingOffice>気象庁</PublishingOffice></Control>"
        '<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/">'
        f"<Title>{title}</Title><ReportDateTime>{reported.isoformat()}</ReportDateTime>"
        f"<TargetDateTime>{target.isoformat()}</TargetDateTime><EventID>{event}</EventID><InfoType>{info}</InfoType>"
        f"<Serial>{number}</Serial><InfoKind>{control}</InfoKind><InfoKindVersion>1.0_1</InfoKindVersion>"
        "<Headline><Text>made up for a test</Text></Headline></Head>"
        f'<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/seismology1/" xmlns:jmx_eb="{_EB}">{body}</Body></Report>'
    ).encode()


def redelivered(data: bytes) -> bytes:
    """The same report in other bytes."""
    return data.replace(b"?><Report", b"?>\n<!-- again %d -->\n<Report" % next(_numbers))
