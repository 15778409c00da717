"""Everything that compares faces uses scores normalised with the embedder's cohort, without re-enrolment."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import numpy as np
import numpy.typing as npt
import pytest

from openfrs.core.errors import ServiceError
from openfrs.core.settings import Settings
from openfrs.faces.dry_run import DryRun
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.scale import Scale
from openfrs.recognition.similarity import SIMILARITY_BY_FALSE_MATCH_RATE
from openfrs.services import Services
from tests.support.cohorts import make_cohort, make_scale
from tests.support.fake_models import FakePipeline, embedding_of, photo
from tests.support.projects import PEOPLE, Person, Project

POINTS = [
    {"similarity": similarity, "score": similarity / 0.9 - 0.5, "false_match_rate": rate, "true_match_rate": 1}
    for rate, similarity in SIMILARITY_BY_FALSE_MATCH_RATE.items()
]
NORMALIZED = make_scale(
    make_cohort(FakePipeline.dimension), knots=[(-0.5, 0), (0.5, 0.9), (1, 1)], operating_points=POINTS
)
"""A scale on which strangers are similar in different degrees."""

PLAIN = make_scale(None)


@contextmanager
def project_of(data: Path, scale: Scale, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Open a data directory, with an account from the first time, and a scale for its embedder."""
    monkeypatch.setattr("openfrs.services.load_scale", lambda _: scale)
    services = Services.open(Settings(data=data, threads=2), FakePipeline())
    try:
        services.bootstrap("http://127.0.0.1")
        yield Project(services, json.loads((data / "credentials.json").read_text())["project_id"])
    finally:
        services.close()


def test_a_policy_rejects_faces_that_are_like_those_of_the_cohort(project: Project) -> None:
    project.create()
    known = {person: NORMALIZED.recognisability(embedding_of(person)) for person in PEOPLE[:40]}
    low, *_, high = sorted(known, key=lambda person: known[person] or 0)
    limit = known[high]
    assert limit is not None
    assert (known[low] or 0) < limit
    project.services.policies.set_policy(project.id, "test", {"min_recognisability": limit})
    assert len(project.add(high)) == 1
    with pytest.raises(ServiceError, match="LOW_RECOGNISABILITY"):
        project.add(low)

    async def check() -> None:
        image = EncodedImage(photo(low), "image_file")
        _, (face,) = await project.services.policies.check_image(project.id, "test", image, None, single=True)
        assert (face.reasons, face.recognisability) == (("LOW_RECOGNISABILITY",), known[low])

    anyio.run(check)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    with project_of(tmp_path, NORMALIZED, monkeypatch) as opened:
        yield opened


def stored(person: Person) -> npt.NDArray[np.float32]:
    return embedding_of(person).astype(np.float16).astype(np.float32)


def expected(scale: Scale, probe: Person, enrolled: dict[str, Person]) -> dict[str, float]:
    return {face_id: scale.compare(stored(person), embedding_of(probe)) for face_id, person in enrolled.items()}


def test_a_data_directory_enrolled_without_a_cohort_is_searched_with_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = PEOPLE[0]
    with project_of(tmp_path, PLAIN, monkeypatch) as project:
        project.create()
        enrolled = {project.add(person)[0].face_id: person for person in PEOPLE[:40]}
        plain = dict(project.search(probe, top_n=40))
        assert plain == expected(PLAIN, probe, enrolled)
    with project_of(tmp_path, NORMALIZED, monkeypatch) as project:
        normalized = project.search(probe, top_n=40)
        assert dict(normalized) == expected(NORMALIZED, probe, enrolled) != plain
        assert [similarity for _, similarity in normalized] == sorted(dict(normalized).values(), reverse=True)
        assert normalized[0][1] == 1.0
    with project_of(tmp_path, PLAIN, monkeypatch) as project:
        assert dict(project.search(probe, top_n=40)) == plain


def test_searches_by_face_id_and_comparisons_agree(project: Project) -> None:
    project.create()
    first, second = PEOPLE[3], PEOPLE[4]
    (one,), (other,) = project.add(first), project.add(second)
    results = project.search_face(one.face_id)
    assert results[0] == (one.face_id, 1.0)
    assert results[1] == (other.face_id, NORMALIZED.compare(stored(first), stored(second)))
    images = [EncodedImage(photo(person), "image") for person in (first, second)]

    async def compare() -> float:
        return (await project.services.recognizer.compare(*images)).similarity

    assert anyio.run(compare) == NORMALIZED.compare(embedding_of(first), embedding_of(second))


def test_a_threshold_is_one_of_the_final_similarity(project: Project) -> None:
    project.create()
    enrolled = {project.add(person)[0].face_id: person for person in PEOPLE[:40]}
    similarities = expected(NORMALIZED, PEOPLE[50], enrolled)
    for threshold in sorted(similarities.values())[20::5]:
        found = project.search(PEOPLE[50], top_n=40, threshold=threshold)
        assert {face_id for face_id, _ in found} == {
            face_id for face_id, similarity in similarities.items() if similarity >= threshold
        }


SIMILARITY = max(NORMALIZED.compare(stored(PEOPLE[0]), embedding_of(person)) for person in PEOPLE[1:60])


@pytest.mark.parametrize(
    ("limit", "passes", "rejects"),
    [
        ("duplicate_similarity", round(SIMILARITY + 1e-4, 4), SIMILARITY),
        ("duplicate_false_match_rate", 1e-5, 0.1),
    ],
)
def test_duplicates_are_found_by_the_final_similarity(
    project: Project, limit: str, passes: float, rejects: float
) -> None:
    assert 0.4 < SIMILARITY < 0.9
    similar = next(
        each for each in PEOPLE[1:] if NORMALIZED.compare(stored(PEOPLE[0]), embedding_of(each)) == SIMILARITY
    )
    project.create()
    project.services.policies.set_policy(project.id, "test", {limit: passes})
    (enrolled,) = project.add(PEOPLE[0])
    (other,) = project.add(similar)
    project.delete(other.face_id)
    project.services.policies.set_policy(project.id, "test", {limit: rejects})
    with pytest.raises(ServiceError, match="DUPLICATE_PERSON"):
        project.add(similar)
    image = EncodedImage(photo(similar), "image")

    async def check() -> tuple[str, float]:
        _, (face,) = await project.services.policies.check_image(project.id, "test", image, None, single=True)
        assert face.duplicate is not None
        return face.duplicate.face.face_id, face.duplicate.similarity

    assert anyio.run(check) == (enrolled.face_id, SIMILARITY)


def test_a_dry_run_compares_as_enrolment_does() -> None:
    templates = [embedding_of(person) for person in PEOPLE[:60]]
    for limit in (0.4, 0.5, 0.93):
        kept: list[int] = []
        for position, template in enumerate(templates):
            if all(NORMALIZED.compare(stored(PEOPLE[other]), template) < limit - 5e-5 for other in kept):
                kept.append(position)
        dry_run = DryRun(NORMALIZED)
        assert sum(dry_run.add([template], limit - 5e-5) for template in templates) == len(kept)


def test_the_risk_is_measured_with_the_final_similarity(project: Project) -> None:
    project.create()
    for person in PEOPLE[:30]:
        project.add(person)
    risk = project.services.risks.of_set(project.id, "test")
    templates = [stored(person) for person in PEOPLE[:30]]
    best = sorted(max(NORMALIZED.compare(one, other) for other in templates if other is not one) for one in templates)
    assert list(risk.best_impostors) == best
