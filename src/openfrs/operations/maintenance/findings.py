"""What a look at a part of the service finds."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a part is."""

    WELL = "well"
    ODD = "odd"
    ILL = "ill"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of a part, and what to do if it is not well."""

    part: str
    verdict: Verdict
    text: str
