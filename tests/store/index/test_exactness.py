"""After any sequence of operations on a face set, searches and deletions agree with a plain list of its faces."""

import pytest

from tests.support.databases import DatabaseLocation
from tests.support.face_set_machine import FaceSetMachine, processes_over, run


@pytest.mark.fuzz
def test_a_face_set_behaves_like_a_list_of_faces(location: DatabaseLocation) -> None:
    with processes_over(location) as databases:
        run(FaceSetMachine, databases)
