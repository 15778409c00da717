import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from openfrs.faces.dry_run import DryRun
from openfrs.store.index.scoring import COSINES
from openfrs.store.index.search import distinct


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 7))
def test_batches_accept_the_same_faces_as_one_call(people: list[int], at_once: int) -> None:
    directions = np.eye(10, dtype=np.float32)
    faces = [directions[person] for person in people]
    dry_run = DryRun(COSINES)
    taken = [dry_run.add(faces[start : start + at_once], 0.5) for start in range(0, len(faces), at_once)]
    assert sum(taken) == len(distinct(faces, range(len(faces)), 0.5, COSINES)) == len(set(people))


def test_many_embeddings_are_kept() -> None:
    faces = np.random.default_rng(0).standard_normal((700, 128)).astype(np.float32)
    faces /= np.linalg.norm(faces, axis=1, keepdims=True)
    dry_run = DryRun(COSINES)
    assert sum(dry_run.add([face], 0.9) for face in faces) == 700
    assert sum(dry_run.add([face], 0.9) for face in faces) == 0
