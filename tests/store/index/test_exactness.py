"""After any sequence of operations on a face set, searches and deletions agree with a plain list of its faces."""

import pytest

from openfrs.store.index.scoring import COSINES, Scoring
from tests.support.databases import DatabaseLocation
from tests.support.face_set_machine import NORMALIZED, FaceSetMachine, processes_over, run


@pytest.mark.fuzz
@pytest.mark.parametrize("scoring", [COSINES, NORMALIZED], ids=["cosines", "normalized"])
def test_a_face_set_behaves_like_a_list_of_faces(location: DatabaseLocation, scoring: Scoring) -> None:
    with processes_over(location) as databases:
        run(FaceSetMachine, databases, scoring)
