"""A project of a service layer in this process, over fake models."""

from dataclasses import dataclass
from typing import Any

import anyio
import numpy as np

from openfrs.faces.search import SearchOptions
from openfrs.media.decoding.image import EncodedImage
from openfrs.services import Services
from openfrs.store.faces.models import Face

from .fake_models import photo

Person = tuple[int, int, int]

PEOPLE: list[Person] = [
    (16 * red + 8, 16 * green + 8, 16 * blue + 8)
    for red, green, blue in np.ndindex(16, 16, 16)
    if max(red, green, blue) > 2
]
"""Colours that the fake models distinguish."""


@dataclass(frozen=True)
class Project:
    """A project of an open service."""

    services: Services
    id: str

    def create(self, name: str = "test", **options: Any) -> None:
        self.services.face_sets.create(
            self.id,
            name,
            options.get("capacity"),
            {key: {"type": kind} for key, kind in options.get("fields", {}).items()},
            limit=10,
            max_capacity=options.get("max_capacity", 100_000),
        )

    def add(
        self, *people: Person, name: str = "test", image_id: str | None = None, single: bool = False, **fields: Any
    ) -> list[Face]:
        async def work() -> list[Face]:
            image = EncodedImage(photo(*people), "image_file")
            _, faces = await self.services.faces.add(
                self.id, name, image, external_image_id=image_id, fields=fields, single=single
            )
            return faces

        return anyio.run(work)

    def search(self, person: Person, *, top_n: int = 10, threshold: float = 0.0) -> list[tuple[str, float]]:
        """Return face ids and similarities."""

        async def work() -> list[tuple[str, float]]:
            named = self.services.face_sets.find(self.id, "test")
            image = EncodedImage(photo(person), "image_file")
            matches = await self.services.search.by_image(named, image, SearchOptions(top_n, threshold))
            return [(match.face.face_id, match.similarity) for match in matches]

        return anyio.run(work)

    def search_face(self, face_id: str, *, top_n: int = 10, threshold: float = 0.0) -> list[tuple[str, float]]:
        async def work() -> list[tuple[str, float]]:
            named = self.services.face_sets.find(self.id, "test")
            matches = await self.services.search.by_face_id(named, face_id, SearchOptions(top_n, threshold))
            return [(match.face.face_id, match.similarity) for match in matches]

        return anyio.run(work)

    def delete(self, face_id: str) -> None:
        self.services.faces.delete(self.id, "test", "face_id", face_id)

    def count(self, name: str = "test") -> int:
        return self.services.face_sets.require(self.id, name).face_number
