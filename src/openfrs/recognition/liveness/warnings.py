"""Warnings of liveness detection: FRS's codes and their texts."""

from enum import IntEnum
from typing import Final


class WarningCode(IntEnum):
    """Codes of FRS: below 100 for videos, from 100 for single images."""

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
}
