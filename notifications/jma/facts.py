"""What a telegram says about one area."""

from __future__ import annotations

from dataclasses import dataclass

NOT_RECEIVED = "not_received"
"""震度５弱以上未入電: no reading has come in from a place where 5-lower or more must be assumed."""

ENDED = "00"
"""The value of a warning that is lifted (解除); `AreaFact.last` tells which one it was."""


@dataclass(frozen=True, slots=True)
class AreaFact:
    """One statement of a telegram.

    system  city7 (市町村等) | region3 (細分区域) | tsunami3 (津波予報区) | prefecture (two digits), and
            three that name no municipality: river, volcano, nation
    kind    intensity | tsunami | warning | landslide | flood | volcano | nankai
    value   intensity "1" … "7" or NOT_RECEIVED; else JMA's code, with lost leading zeros put back
    name    of the area, in Japanese
    label   of the value, in Japanese ("大津波警報：発表"); empty for intensities
    last    the code in force before, where the telegram tells it
    """

    system: str
    code: str
    kind: str
    value: str
    name: str = ""
    label: str = ""
    last: str = ""
