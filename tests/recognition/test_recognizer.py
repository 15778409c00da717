import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import numpy as np
import pytest

from openfrs.core import limits
from openfrs.core.errors import ServiceError
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.recognizer import Recognizer
from openfrs.recognition.similarity import calibration
from openfrs.vision.types import Detection, Image
from tests.support.fake_models import FakePipeline, embedding_of, photo

ANN, BOB = (200, 60, 60), (60, 200, 60)


class GatedPipeline(FakePipeline):
    """Works only while the gate is open, and counts what it began."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.begun: list[int] = []

    def detect(self, image: Image) -> list[Detection]:
        self.begun.append(image.shape[0])
        assert self.gate.wait(20)
        return super().detect(image)


@pytest.fixture
def recognizer() -> Iterator[Recognizer]:
    made = Recognizer(FakePipeline(), calibration("sface"), threads=2, queue=2, large_queue=2)
    yield made
    made.close()


@pytest.fixture
def pipeline() -> GatedPipeline:
    return GatedPipeline()


@pytest.fixture
def narrow(pipeline: GatedPipeline) -> Iterator[Recognizer]:
    """One picture is worked on, one waits."""
    made = Recognizer(pipeline, calibration("sface"), threads=1, queue=1, large_queue=1)
    yield made
    pipeline.gate.set()
    made.close()


def picture(*people: tuple[int, int, int], side: int = 240) -> EncodedImage:
    return EncodedImage(photo(*people, side=side), "image_base64")


def refusal(work: Awaitable[Any]) -> ServiceError:
    async def awaited() -> None:
        await work

    with pytest.raises(ServiceError) as caught:
        asyncio.run(awaited())
    return caught.value


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(4000):
        if condition():
            return
        await asyncio.sleep(0.005)
    pytest.fail("it never came to that")


async def refused(recognizer: Recognizer) -> ServiceError | None:
    """How the recognizer refuses a picture now; a picture it would take is withdrawn."""
    task = asyncio.ensure_future(recognizer.detect(picture()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    if not task.done():
        task.cancel()
        return None
    error = task.exception()
    assert isinstance(error, ServiceError)
    return error


def test_detecting_lists_faces_largest_first(recognizer: Recognizer) -> None:
    large, small = (face.box for face in asyncio.run(recognizer.detect(picture(ANN, BOB))))
    assert (large.left, large.top, large.width, large.height) == (20, 20, 180, 180)
    assert (small.left, small.width) == (260, 160)


def test_detecting_nothing_is_no_error(recognizer: Recognizer) -> None:
    assert asyncio.run(recognizer.detect(picture())) == []


def test_templates_of_all_faces_or_of_the_largest(recognizer: Recognizer) -> None:
    both = asyncio.run(recognizer.templates(picture(ANN, BOB), main_only=False))
    np.testing.assert_allclose([face.embedding for face in both], [embedding_of(ANN), embedding_of(BOB)])
    (largest,) = asyncio.run(recognizer.templates(picture(ANN, BOB), main_only=True))
    assert largest.box == both[0].box
    assert asyncio.run(recognizer.templates(picture(), main_only=True)) == []


def test_comparing_takes_the_largest_faces(recognizer: Recognizer) -> None:
    same = asyncio.run(recognizer.compare(picture(ANN, BOB), picture(ANN)))
    assert same.similarity == 1.0
    assert [box.width for box in same.boxes] == [180, 180]
    assert asyncio.run(recognizer.compare(picture(BOB, ANN), picture(ANN))).similarity < 0.93


@pytest.mark.parametrize("pair", [((), (ANN,)), ((ANN,), ()), ((), ())])
def test_comparing_needs_a_face_in_both(recognizer: Recognizer, pair: tuple[Any, Any]) -> None:
    first, second = pair
    assert refusal(recognizer.compare(picture(*first), picture(*second))).entry.key == "FRS.0501"


def test_pictures_to_compare_share_the_limit_of_size(recognizer: Recognizer) -> None:
    data = photo(ANN)
    half = limits.MAX_IMAGE_BYTES // 2
    first, second = (EncodedImage(data + bytes(half - len(data)), f"image{place}_file") for place in (1, 2))
    assert asyncio.run(recognizer.compare(first, second)).similarity == 1.0
    assert refusal(recognizer.compare(first, EncodedImage(second.data + b"\0", "image2_file"))).entry.key == "FRS.0017"


def test_the_damaged_picture_is_named(recognizer: Recognizer) -> None:
    error = refusal(recognizer.compare(picture(ANN), EncodedImage(b"text", "image2_base64")))
    assert error.entry.key == "FRS.0015"
    assert "image2_base64" in error.message


def test_when_the_queue_is_full_the_next_is_refused_at_once(narrow: Recognizer, pipeline: GatedPipeline) -> None:
    async def crowd() -> None:
        tasks = [asyncio.create_task(narrow.detect(picture(ANN))) for _ in range(2)]
        await until(lambda: bool(pipeline.begun))
        for _ in range(3):
            error = await refused(narrow)
            assert error is not None
            assert error.entry.key == "FRS.0033"
            assert error.headers["Retry-After"].isdigit()
        pipeline.gate.set()
        assert [len(boxes) for boxes in await asyncio.gather(*tasks)] == [1, 1]

    asyncio.run(crowd())
    assert len(pipeline.begun) == 2


def test_places_are_given_back_after_success_and_failure(narrow: Recognizer, pipeline: GatedPipeline) -> None:
    pipeline.gate.set()
    for _ in range(5):
        assert len(asyncio.run(narrow.detect(picture(ANN)))) == 1
        assert refusal(narrow.detect(EncodedImage(b"text", "p"))).entry.key == "FRS.0015"
        assert refusal(narrow.compare(picture(), picture())).entry.key == "FRS.0501"


def test_a_place_is_given_back_when_a_model_fails(narrow: Recognizer, pipeline: GatedPipeline) -> None:
    def broken(image: Image) -> list[Detection]:
        raise ArithmeticError("no numbers")

    pipeline.detect = broken  # type: ignore[method-assign]
    for _ in range(5):
        with pytest.raises(ArithmeticError):
            asyncio.run(narrow.detect(picture(ANN)))


def test_cancelled_work_that_waits_is_dropped_and_its_place_given_back(
    narrow: Recognizer, pipeline: GatedPipeline
) -> None:
    async def impatient() -> None:
        running = asyncio.create_task(narrow.detect(picture(ANN, side=240)))
        await until(lambda: bool(pipeline.begun))
        for side in (250, 251, 252):
            waiting = asyncio.create_task(narrow.detect(picture(ANN, side=side)))
            await asyncio.sleep(0.01)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        last = asyncio.create_task(narrow.detect(picture(ANN, side=260)))
        await asyncio.sleep(0.01)
        pipeline.gate.set()
        await asyncio.gather(running, last)

    asyncio.run(impatient())
    assert pipeline.begun == [240, 260]


def test_cancelled_work_that_runs_keeps_its_place_until_it_ends(narrow: Recognizer, pipeline: GatedPipeline) -> None:
    async def impatient() -> None:
        running, waiting = (asyncio.create_task(narrow.detect(picture(ANN))) for _ in range(2))
        await until(lambda: bool(pipeline.begun))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await refused(narrow) is not None
        pipeline.gate.set()
        assert len(await waiting) == 1
        assert await refused(narrow) is None

    asyncio.run(impatient())


def test_no_more_pictures_are_worked_on_than_there_are_threads(pipeline: GatedPipeline) -> None:
    recognizer = Recognizer(pipeline, calibration("sface"), threads=2, queue=6, large_queue=0)

    async def crowd() -> None:
        tasks = [asyncio.create_task(recognizer.detect(picture(ANN))) for _ in range(8)]
        await until(lambda: len(pipeline.begun) == 2)
        await asyncio.sleep(0.05)
        assert len(pipeline.begun) == 2
        pipeline.gate.set()
        await asyncio.gather(*tasks)

    asyncio.run(crowd())
    recognizer.close()
    assert len(pipeline.begun) == 8


def test_the_event_loop_is_never_held(narrow: Recognizer, pipeline: GatedPipeline) -> None:
    async def other_work() -> int:
        task = asyncio.create_task(narrow.detect(picture(ANN)))
        await until(lambda: bool(pipeline.begun))
        turns = 0
        while turns < 100 and not task.done():
            await asyncio.sleep(0)
            turns += 1
        pipeline.gate.set()
        await task
        return turns

    assert asyncio.run(other_work()) == 100


def test_closing_ends_what_has_begun(pipeline: GatedPipeline) -> None:
    recognizer = Recognizer(pipeline, calibration("sface"), threads=1, queue=1, large_queue=1)

    async def leave() -> int:
        task = asyncio.create_task(recognizer.detect(picture(ANN)))
        await until(lambda: bool(pipeline.begun))
        closing = asyncio.get_running_loop().run_in_executor(None, recognizer.close)
        pipeline.gate.set()
        await closing
        return len(await task)

    assert asyncio.run(leave()) == 1
