"""Warnings of liveness detection: their codes and texts."""

from enum import IntEnum
from typing import Final


class WarningCode(IntEnum):
    """Codes of FRS: below 100 for videos, from 100 for single images. Codes from 200 are OpenFRS's own and more precise."""

    NOT_FRONTAL = 1
    TOO_SHORT = 2
    TOO_LONG = 3
    TWO_FACES = 4
    NO_FACE = 5
    SMALL_MOVEMENT = 6
    NOT_A_PERSON = 7
    NO_GOOD_FRAME = 8
    LOW_QUALITY = 101
    BLURRED = 102
    TURNED_AWAY = 103
    OCCLUDED = 104
    BADLY_LIT = 105
    SEVERAL_FACES = 106
    MISSING_ACTION = 201
    WRONG_ORDER = 202
    EXTRA_MOVEMENT = 203

    @property
    def frs_code(self) -> int:
        """The nearest code of FRS."""
        return _NEAREST.get(self, self).value

    @property
    def message(self) -> str:
        """The warning in English. FRS publishes no English texts."""
        return _MESSAGES[self]


_MESSAGES: Final = {
    WarningCode.NOT_FRONTAL: "The face does not look at the camera.",
    WarningCode.TOO_SHORT: "The video is not longer than 1 second.",
    WarningCode.TOO_LONG: "The video is longer than 15 seconds.",
    WarningCode.TWO_FACES: "The video shows two faces.",
    WarningCode.NO_FACE: "The video shows no face.",
    WarningCode.SMALL_MOVEMENT: "The movement is too small.",
    WarningCode.NOT_A_PERSON: "The video is of poor quality or was not filmed from a person.",
    WarningCode.NO_GOOD_FRAME: "No good image of the face could be selected.",
    WarningCode.LOW_QUALITY: "The quality of the face is too low.",
    WarningCode.BLURRED: "The face is blurred.",
    WarningCode.TURNED_AWAY: "The face is turned away too far.",
    WarningCode.OCCLUDED: "The face is covered.",
    WarningCode.BADLY_LIT: "The face is badly lit: too dark, too bright, or from one side.",
    WarningCode.SEVERAL_FACES: "The image shows several faces.",
    WarningCode.MISSING_ACTION: "A requested action is missing or too small.",
    WarningCode.WRONG_ORDER: "The requested actions were performed in another order or at another time.",
    WarningCode.EXTRA_MOVEMENT: "There was another turn or nod before the last requested action.",
}

_NEAREST: Final = dict.fromkeys(
    (WarningCode.MISSING_ACTION, WarningCode.WRONG_ORDER, WarningCode.EXTRA_MOVEMENT), WarningCode.SMALL_MOVEMENT
)
