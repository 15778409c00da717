"""Making the templates of a face set again, from the pictures its faces came from."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from openfrs.core.errors import ServiceError
from openfrs.core.geometry import intersection_over_union
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.recognizer import FaceTemplate, Recognizer
from openfrs.store.faces.models import Face

MIN_OVERLAP: Final = 0.3
"""Intersection over union of a stored box and a detected one, from which on they are taken for the same face."""

MAX_CONCURRENT_IMAGES: Final = 8
"""Pictures in memory at the same time."""


@dataclass
class Reembedding:
    """New templates, and what stood in the way of others."""

    templates: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)  # by face id, shape (dimension,)
    without_image: list[Face] = field(default_factory=list)
    without_face: list[tuple[Face, str]] = field(default_factory=list)  # and why
    unused: list[Path] = field(default_factory=list)  # pictures that no face came from

    @property
    def missing(self) -> list[Face]:
        """The faces without a new template."""
        return self.without_image + [face for face, _ in self.without_face]


async def reembed_templates(
    recognizer: Recognizer, faces: Sequence[Face], images: Mapping[str, Path], advance: Callable[[int], None]
) -> Reembedding:
    """Look for each face, in the picture whose name without suffix is its external image id, where its box is.

    ``advance`` is told how many more faces are done.
    """
    by_image: dict[str, list[Face]] = defaultdict(list)
    for face in faces:
        by_image[face.external_image_id].append(face)
    reembedding = Reembedding(unused=sorted(path for stem, path in images.items() if stem not in by_image))
    places = asyncio.Semaphore(MAX_CONCURRENT_IMAGES)

    async def look(stem: str, wanted: list[Face]) -> None:
        if stem not in images:
            reembedding.without_image += wanted
        else:
            async with places:
                try:
                    data = await asyncio.to_thread(images[stem].read_bytes)
                    found = await recognizer.templates(EncodedImage(data, images[stem].name), main_only=False)
                except (ServiceError, OSError) as error:
                    reembedding.without_face += [(face, str(error)) for face in wanted]
                else:
                    same = match_faces(wanted, found)
                    reembedding.templates |= {face_id: template.embedding for face_id, template in same.items()}
                    why = f"none of its {len(found)} faces is where the face was"
                    reembedding.without_face += [(face, why) for face in wanted if face.face_id not in same]
        advance(len(wanted))

    async with asyncio.TaskGroup() as group:
        for stem, wanted in by_image.items():
            group.create_task(look(stem, wanted))
    return reembedding


def match_faces(wanted: Sequence[Face], found: Sequence[FaceTemplate]) -> dict[str, FaceTemplate]:
    """Which face of a picture each stored face is, by face id: those that overlap most first, each at most once."""
    pairs = sorted(
        (
            (intersection_over_union(face.box, template.box), one, other)
            for one, face in enumerate(wanted)
            for other, template in enumerate(found)
        ),
        key=lambda pair: (-pair[0], pair[1:]),
    )
    same: dict[str, FaceTemplate] = {}
    taken = set[int]()
    for share, one, other in pairs:
        if share >= MIN_OVERLAP and wanted[one].face_id not in same and other not in taken:
            same[wanted[one].face_id] = found[other]
            taken.add(other)
    return same
