"""A data directory with a face set, and images to import."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from openfrs.core.settings import Settings
from openfrs.services import Services
from openfrs.store.data_directory import DataDirectory

from .fake_models import FakePipeline, photo

FIELDS = {"n": {"type": "integer"}, "who": {"type": "string"}}


def new_data(data: Path, *sets: str) -> Path:
    """Create a data directory with a first account and these face sets."""
    with DataDirectory(data).lock():
        services = Services.open(Settings(data=data), FakePipeline())
        services.bootstrap("http://127.0.0.1:1")
        for name in sets:
            services.face_sets.create(project_of(services), name, None, FIELDS, limit=1_000_000, max_capacity=100_000)
        services.close()
    return data


def project_of(services: Services) -> str:
    """Return the id of the only project."""
    (domain,) = services.administration.list_domains()
    (project,) = services.administration.list_projects(domain.id)
    return project.id


def colour(number: int) -> tuple[int, int, int]:
    """Return the colour of a person, unique for 2,000 numbers."""
    return 56 + 16 * (number % 12), 56 + 16 * (number // 12 % 12), 56 + 16 * (number // 144)


def write_images(folder: Path, count: int, *, first: int = 0) -> None:
    """Write images of one person each, one folder per person."""
    for number in range(first, first + count):
        person = folder / f"person{number}"
        person.mkdir(parents=True)
        (person / "1.png").write_bytes(photo(colour(number)))


def enrolled(data: Path, project_id: str = "%") -> list[tuple[Any, ...]]:
    """Return face set, face id, external image id and custom fields of every face of a project, in the order of insertion."""
    with contextlib.closing(sqlite3.connect(data / "openfrs.db")) as connection:
        query = "select s.name, face_id, external_image_id, f.fields from faces f join face_sets s on s.id = set_id"
        return connection.execute(f"{query} where project_id like ? order by seq", [project_id]).fetchall()
