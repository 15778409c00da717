"""Following the main face of a video with fake models, which detect coloured patches."""

from collections.abc import Sequence

import numpy as np
import pytest

from openfrs.media.decoding.video import Frame
from openfrs.recognition.liveness.tracking import SEARCH_INTERVAL, FaceTracker
from openfrs.vision.types import Detection, Image
from tests.support.fake_models import FakePipeline

PERSON, OTHER = (200, 180, 90), (200, 120, 90)


class CountingPipeline(FakePipeline):
    """Counts searches of whole frames."""

    def __init__(self) -> None:
        super().__init__()
        self.searches = 0

    def detect(self, image: Image) -> list[Detection]:
        self.searches += image.shape[0] == 480
        return super().detect(image)


def frame(time: int, *patches: tuple[tuple[int, int, int], int, int, int]) -> Frame:
    """A frame with patches of a colour at x, y with a side."""
    pixels = np.zeros((480, 640, 3), np.uint8)
    for colour, x, y, side in patches:
        pixels[y : y + side, x : x + side] = colour
    return Frame(time, pixels)


def lefts(tracker: FaceTracker, frames: Sequence[Frame]) -> list[int | None]:
    faces = [tracker.update(each) for each in frames]
    return [None if face is None else round(face.left) for face in faces]


@pytest.fixture
def pipeline() -> CountingPipeline:
    return CountingPipeline()


def test_a_face_that_moves_is_followed_without_searching_whole_frames(pipeline: CountingPipeline) -> None:
    frames = [frame(100 * place, (PERSON, 100 + 20 * place, 200, 100)) for place in range(10)]
    assert lefts(FaceTracker(pipeline), frames) == [100 + 20 * place for place in range(10)]
    assert pipeline.searches == 1


def test_the_followed_face_stays_although_a_larger_one_appears(pipeline: CountingPipeline) -> None:
    tracker = FaceTracker(pipeline)
    both = frame(100, (PERSON, 100, 200, 100), (OTHER, 400, 100, 200))
    assert lefts(tracker, [frame(0, (PERSON, 100, 200, 100)), both]) == [100, 100]
    face = tracker.look(both)
    assert face is not None
    assert round(face.left) == 100
    assert (tracker.looks, tracker.crowded) == (2, 1)


def test_a_lost_face_is_searched_in_the_whole_frame(pipeline: CountingPipeline) -> None:
    frames = [frame(0, (PERSON, 50, 50, 100)), frame(100, (PERSON, 500, 300, 100))]
    assert lefts(FaceTracker(pipeline), frames) == [50, 500]


def test_frames_without_faces_are_searched_from_time_to_time(pipeline: CountingPipeline) -> None:
    tracker = FaceTracker(pipeline)
    assert lefts(tracker, [frame(100 * place) for place in range(30)]) == [None] * 30
    assert pipeline.searches <= 3 + 2700 // SEARCH_INTERVAL
    assert tracker.update(frame(3000 + SEARCH_INTERVAL, (PERSON, 50, 50, 100))) is not None


def test_faces_too_small_to_measure_are_not_followed(pipeline: CountingPipeline) -> None:
    assert lefts(FaceTracker(pipeline), [frame(0, (PERSON, 50, 50, 30))]) == [None]
