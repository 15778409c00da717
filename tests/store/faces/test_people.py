"""People: faces that share an external image id."""

import contextlib
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.faces.crops import CropRepository
from openfrs.store.faces.models import Match
from openfrs.store.faces.people import PeopleRepository, PersonExistsError, PersonMissingError, pair_of
from openfrs.store.faces.predicate import EXTERNAL_IMAGE_ID, Equal
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.templates import Templates
from openfrs.store.index.search import Galleries, Listing
from tests.support.galleries import MEMORY, face, new_database, new_set

FACES = {0: "Anna", 1: "Anna", 2: "Berta-Ann", 3: "Carl_Otto", 4: "anton"}


def filled(database: Database, faces: Mapping[int, str] = FACES) -> tuple[PeopleRepository, FaceRepository, int]:
    repository = FaceRepository(database)
    set_id = new_set(repository)
    repository.add(set_id, [replace(face(number), external_image_id=person) for number, person in faces.items()])
    return PeopleRepository(database), repository, set_id


def ids(people: PeopleRepository, set_id: int, key: str = "") -> list[str]:
    total, page = people.list_page(set_id, key, 0, 100)
    assert total == len(page)
    return [person.external_image_id for person in page]


def known(database: Database) -> list[tuple[str, str]]:
    table = tables.distinct_people
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(select(table.c.first, table.c.second).order_by(table.c.first))]


def test_people_are_listed_by_id(database: Database) -> None:
    people, _, set_id = filled(database)
    assert sorted(ids(people, set_id)) == sorted({"Anna", "Berta-Ann", "Carl_Otto", "anton"})
    total, page = people.list_page(set_id, "", 1, 2)
    assert (total, len(page)) == (4, 2)
    (anna,) = people.list_page(set_id, "anna", 0, 10)[1]
    assert (anna.face_number, anna.face.face_id, anna.cropped_face_id) == (2, "00000000", None)


def test_people_are_found_by_a_part_of_their_id_prefixes_first(database: Database) -> None:
    people, _, set_id = filled(database)
    assert ids(people, set_id, "an")[-1] == "Berta-Ann"
    assert ids(people, set_id, "bertaann") == ["Berta-Ann"]
    assert ids(people, set_id, "carlotto") == ["Carl_Otto"]
    assert ids(people, set_id, "zoe") == []


def test_a_person_has_the_oldest_crop(database: Database) -> None:
    people, repository, set_id = filled(database)
    CropRepository(database, Templates()).enable(set_id)
    for number in (5, 6):
        repository.add(set_id, [replace(face(number), external_image_id="Anna", crop=b"\xff\xd8\xff")])
    assert people.list_page(set_id, "anna", 0, 10)[1][0].cropped_face_id == "00000005"


def test_indexes_see_merged_renamed_and_split_people(database: Database) -> None:
    people, repository, set_id = filled(database)
    galleries = Galleries.in_memory(repository, MEMORY)

    def indexed(person: str) -> list[str]:
        listing = Listing(0, 10, Equal(EXTERNAL_IMAGE_ID, person))
        return sorted(each.face_id for each in galleries.list_faces(set_id, listing)[1])

    assert indexed("Anna") == ["00000000", "00000001"]
    assert people.merge(set_id, ["anton", "Carl_Otto"], "Anna") == 2
    assert indexed("Anna") == ["00000000", "00000001", "00000003", "00000004"]
    assert people.rename(set_id, "Anna", "Anne") == 4
    assert (indexed("Anna"), len(indexed("Anne"))) == ([], 4)
    assert people.split(set_id, "Anne", ["00000003"], "Carl") == 1
    assert indexed("Carl") == ["00000003"]
    assert len(indexed("Anne")) == 3


def test_people_who_do_not_exist_are_not_changed(database: Database) -> None:
    people, repository, set_id = filled(database)
    before = repository.list_faces(set_id, 0, 10)
    for change in (
        lambda: people.merge(set_id, ["Anna"], "Zoe"),
        lambda: people.merge(set_id, ["anton", "Zoe"], "Anna"),
        lambda: people.rename(set_id, "Zoe", "Zara"),
        lambda: people.split(set_id, "Anna", ["00000000", "00000002"], "Zara"),
        lambda: people.split(set_id, "Anna", ["00000000", "00000001"], "Zara"),
        lambda: people.set_distinct(set_id, ("Anna", "Zoe")),
    ):
        with pytest.raises(PersonMissingError):
            change()
    for change in (
        lambda: people.rename(set_id, "Anna", "anton"),
        lambda: people.split(set_id, "Anna", ["00000000"], "anton"),
    ):
        with pytest.raises(PersonExistsError):
            change()
    assert repository.list_faces(set_id, 0, 10) == before
    assert known(database) == []


def test_what_is_known_follows_people(database: Database) -> None:
    people, repository, set_id = filled(database)
    people.set_distinct(set_id, pair_of("Anna", "anton"))
    people.set_distinct(set_id, pair_of("Anna", "anton"))
    assert people.distinct_from(set_id, "anton") == {"Anna", "anton"}
    people.rename(set_id, "Anna", "Zoe")
    assert known(database) == [("Zoe", "anton")]
    people.merge(set_id, ["anton"], "Carl_Otto")
    assert known(database) == [("Carl_Otto", "Zoe")]
    people.split(set_id, "Zoe", ["00000001"], "Yara")
    assert known(database) == [("Carl_Otto", "Zoe"), ("Yara", "Zoe")]
    repository.delete(set_id, Match(external_image_id="Carl_Otto"))
    assert known(database) == [("Yara", "Zoe")]
    repository.update(set_id, "00000001", external_image_id="Berta-Ann", fields={})
    assert known(database) == []


def test_what_is_known_goes_with_the_set(database: Database) -> None:
    people, repository, set_id = filled(database)
    people.set_distinct(set_id, pair_of("Anna", "anton"))
    repository.delete_set("p" * 32, "s")
    assert known(database) == []


def test_listing_people_reads_an_index_and_not_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "faces.db"
    database = new_database(path)
    people, _, set_id = filled(database)
    statements = list[str]()
    people.list_page(set_id, "an", 0, 1)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.set_trace_callback(statements.append)
        query = (
            "explain query plan select external_image_id, count(*), min(seq) from faces where set_id = 1 "
            "and replace(lower(external_image_id), '_', '') like '%an%' group by external_image_id"
        )
        plan = " ".join(row[3] for row in connection.execute(query))
    database.close()
    assert "COVERING INDEX ix_faces_set_id_external_image_id" in plan
