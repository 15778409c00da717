"""Action liveness with the real models: labelled clips, a replay, a photograph, two people."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from openfrs.evaluation.datasets.attacks import MOVES, film
from openfrs.evaluation.datasets.videos import labelled_clips
from openfrs.media.decoding.image import EncodedImage
from openfrs.media.decoding.video import open_video
from openfrs.recognition.liveness.action import (
    ActionDecision,
    ActionRequest,
    Observation,
    is_alive,
    is_one_person,
    observe,
    verdict,
)
from openfrs.recognition.liveness.gestures import Action, gestures, neutral
from openfrs.recognition.liveness.warnings import WarningCode
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.weights.cache import WeightCache
from tests.support.videos import Pixels, encode

pytestmark = pytest.mark.models

LEFT, RIGHT, NOD, MOUTH, BLINK = Action
FIRST, SECOND, REPLAY = "621ea6b1e2c5d221d5131267", "621ea6c1b99da7739f2be705", "pyimagesearch_liveness/videos/fake"


@pytest.fixture(scope="module")
def pipeline(all_weights: WeightCache) -> ModelPipeline:
    return ModelPipeline(all_weights, Runtime(1))


@pytest.fixture(scope="module")
def clips(shared_data: Path) -> dict[str, bytes]:
    """The bytes of some labelled clips."""
    found = labelled_clips(shared_data / "video" / "clips.json")
    wanted = {name: clip for name in (FIRST, SECOND, REPLAY) for clip in found if name in str(clip.path)}
    return {name: clip.path.read_bytes() for name, clip in wanted.items()}


@pytest.fixture(scope="module")
def person(pipeline: ModelPipeline, clips: dict[str, bytes]) -> Observation:
    """Somebody who turns to the picture's right, its left, looks up and looks down."""
    return observe(pipeline, clips[FIRST], eyes=False)


def judged(seen: Observation, *actions: Action, nod_threshold: float = 10, mirrored: bool = False) -> ActionDecision:
    return verdict(seen, ActionRequest(actions, nod_threshold=nod_threshold, mirrored=mirrored))


def scenes(video: bytes, start: float, seconds: float) -> Iterator[Pixels]:
    with open_video(video, 10) as frames:
        for frame in frames:
            if start * 1000 <= frame.time < (start + seconds) * 1000:
                yield frame.pixels


def test_a_person_did_what_the_labels_say_and_nothing_else(person: Observation) -> None:
    rest = neutral(person.moments)
    assert rest is not None
    found = gestures(person.moments, rest)
    assert [each.action for each in found] == [LEFT, RIGHT, NOD]
    assert np.allclose([each.peak for each in found], [2250, 4500, 8500], atol=500)


def test_who_did_it_is_alive_where_it_was_asked(person: Observation) -> None:
    answer = judged(person, LEFT, RIGHT, NOD)
    assert answer.alive
    assert answer.warnings == ()
    assert all(sure > 0.9 for _, sure in answer.actions)
    assert EncodedImage(answer.picture, "picture").decode().shape == (480, 360, 3)
    assert judged(person, RIGHT, LEFT, NOD, mirrored=True).alive


@pytest.mark.parametrize("asked", [(RIGHT, LEFT, NOD), (LEFT, RIGHT), (LEFT,), (MOUTH,), (LEFT, RIGHT, NOD, NOD)])
def test_and_nowhere_else(person: Observation, asked: tuple[Action, ...]) -> None:
    answer = judged(person, *asked)
    assert not answer.alive
    assert answer.warnings == (WarningCode.SMALL_MOVEMENT,)


def test_a_nod_may_be_asked_to_be_deep(person: Observation) -> None:
    assert judged(person, LEFT, RIGHT, NOD, nod_threshold=30).alive
    assert not judged(person, LEFT, RIGHT, NOD, nod_threshold=60).alive


def test_a_photograph_on_a_telephone_is_not_alive(pipeline: ModelPipeline, clips: dict[str, bytes]) -> None:
    seen = observe(pipeline, clips[REPLAY], eyes=False)
    assert not is_alive(seen)
    rest = neutral(seen.moments)
    assert rest is not None
    assert gestures(seen.moments, rest) == []


@pytest.mark.parametrize("move", ["zoom", "tilt sideways"])
def test_a_photograph_that_is_moved_does_nothing(pipeline: ModelPipeline, clips: dict[str, bytes], move: str) -> None:
    photo = next(scenes(clips[FIRST], 0, 1))
    seen = observe(pipeline, film(photo, MOVES[move]), eyes=True)
    for asked in Action:
        assert not judged(seen, asked).alive, asked


def test_another_person_may_not_go_on(pipeline: ModelPipeline, clips: dict[str, bytes]) -> None:
    swapped = [*scenes(clips[FIRST], 0, 3), *scenes(clips[SECOND], 0, 1)]
    seen = observe(pipeline, encode(swapped), eyes=False)
    assert not is_one_person(seen)
    answer = judged(seen, LEFT)
    assert not answer.alive
    assert WarningCode.NOT_A_PERSON in answer.warnings
