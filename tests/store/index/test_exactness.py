"""Whatever is done to a face set, in whatever order: searches and deletions agree with a plain list of its faces."""

from tests.support.databases import Place
from tests.support.face_set_machine import FaceSetMachine, processes_over, run


def test_what_is_done_to_a_face_set_is_what_is_done_to_a_list(place: Place) -> None:
    with processes_over(place) as databases:
        run(FaceSetMachine, databases)
