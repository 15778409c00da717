"""Re-embedding: new templates for enrolled faces, from the images they were enrolled from."""

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
from openfrs.recognition.recognizer import Recognizer
from openfrs.recognition.types import FaceTemplate
from openfrs.store.faces.models import Face

MIN_OVERLAP: Final = 0.3
"""Minimum intersection over union of the enrolled and the detected bounding box of a face."""

MAX_CONCURRENT_IMAGES: Final = 8
"""Images in memory at the same time."""


@dataclass
class Reembedding:
    """New templates, and the faces and images without a match."""

    templates: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)  # by face id, shape (dimension,)
    without_image: list[Face] = field(default_factory=list)
    without_face: list[tuple[Face, str]] = field(default_factory=list)  # with the reason
    unused: list[Path] = field(default_factory=list)  # images without enrolled faces

    @property
    def missing(self) -> list[Face]:
        """The faces without a new template."""
        return self.without_image + [face for face, _ in self.without_face]


async def reembed_templates(
    recognizer: Recognizer, faces: Sequence[Face], images: Mapping[str, Path], advance: Callable[[int], None]
) -> Reembedding:
    """Detect enrolled faces in their images and embed them.

    ``images`` maps external image ids to files. Each enrolled face is matched with the detected face that overlaps its
    bounding box most. ``advance`` is called with the number of faces done since the last call.
    """
    faces_by_image: dict[str, list[Face]] = defaultdict(list)
    for face in faces:
        faces_by_image[face.external_image_id].append(face)
    reembedding = Reembedding(unused=sorted(path for stem, path in images.items() if stem not in faces_by_image))
    slots = asyncio.Semaphore(MAX_CONCURRENT_IMAGES)

    async def embed(external_image_id: str, enrolled: list[Face]) -> None:
        path = images.get(external_image_id)
        if path is None:
            reembedding.without_image += enrolled
        else:
            async with slots:
                try:
                    data = await asyncio.to_thread(path.read_bytes)
                    detected = await recognizer.templates(EncodedImage(data, path.name), main_only=False)
                except (ServiceError, OSError) as error:
                    reembedding.without_face += [(face, str(error)) for face in enrolled]
                else:
                    matches = match_faces(enrolled, detected)
                    reembedding.templates |= {face_id: template.embedding for face_id, template in matches.items()}
                    reason = f"none of the {len(detected)} faces in {path.name} overlaps the enrolled face"
                    reembedding.without_face += [(face, reason) for face in enrolled if face.face_id not in matches]
        advance(len(enrolled))

    async with asyncio.TaskGroup() as group:
        for external_image_id, enrolled in faces_by_image.items():
            group.create_task(embed(external_image_id, enrolled))
    return reembedding


def match_faces(enrolled: Sequence[Face], detected: Sequence[FaceTemplate]) -> dict[str, FaceTemplate]:
    """Assign detected to enrolled faces of an image, largest overlap first; return the detected faces by face id."""
    pairs = sorted(
        (
            (intersection_over_union(face.box, template.box), i, j)
            for i, face in enumerate(enrolled)
            for j, template in enumerate(detected)
        ),
        key=lambda pair: (-pair[0], pair[1:]),
    )
    matches: dict[str, FaceTemplate] = {}
    assigned = set[int]()
    for overlap, i, j in pairs:
        if overlap >= MIN_OVERLAP and enrolled[i].face_id not in matches and j not in assigned:
            matches[enrolled[i].face_id] = detected[j]
            assigned.add(j)
    return matches
