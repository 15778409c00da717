"""The result of an import: a report line for each image, and their counts."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """The result of an image."""

    ADDED = "added"
    PRESENT = "present"
    UPDATED = "updated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Line:
    """The report line of an image, with what is stored of it; nothing is stored of a refused one, unless it was imported before.

    ``faces`` counts the faces that were added. A dry run reports what would be stored, without ids of faces.
    """

    file: str
    outcome: Outcome
    external_image_id: str | None = None
    face_ids: Sequence[str] = ()
    faces: int = 0
    reason: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    named: bool = True
    """False if the face set has no field for the name of the person."""

    def as_json(self) -> str:
        """Return the line of the report file."""
        values: dict[str, Any] = {"file": self.file, "outcome": self.outcome}
        values |= {"external_image_id": self.external_image_id, "external_fields": self.fields or None}
        values |= {"faces": self.faces, "face_ids": list(self.face_ids), "reason": self.reason}
        return json.dumps({name: value for name, value in values.items() if value is not None}, ensure_ascii=False)


@dataclass
class Tally:
    """Counts of the images by outcome, and of the faces added."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    faces: int = 0
    unnamed: int = 0
    """Images whose person's name is not kept, because the face set has no field for it."""

    def count(self, line: Line) -> None:
        """Add the line of an image."""
        self.outcomes[line.outcome] += 1
        self.faces += line.faces
        self.unnamed += not line.named
