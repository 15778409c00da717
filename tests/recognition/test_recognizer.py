import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import numpy as np
import pytest

from openfrs.core import limits
from openfrs.core.checkpoints import checkpoint
from openfrs.core.errors import ServiceError
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.attributes import Attribute
from openfrs.recognition.executor import Lane, Task
from openfrs.recognition.recognizer import Recognizer, WorkLimits
from openfrs.recognition.scale import load_scale
from openfrs.recognition.threads import ThreadExecutor
from openfrs.vision.attributes.types import Trait
from openfrs.vision.types import Detection, Image
from tests.support.fake_models import FakePipeline, embedding_of, photo

ANN, BOB = (200, 60, 60), (60, 200, 60)


class GatedPipeline(FakePipeline):
    """Blocks until the gate opens, and records the heights of the images."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.started: list[int] = []

    def detect(self, image: Image) -> list[Detection]:
        self.started.append(image.shape[0])
        assert self.gate.wait(20)
        return super().detect(image)


def recognizer_of(pipeline: FakePipeline, *, threads: int, queue: int) -> Recognizer:
    executor = ThreadExecutor(pipeline, threads=threads, queue=queue, large_queue=queue)
    return Recognizer(executor, load_scale("sface"))


@pytest.fixture
def recognizer() -> Iterator[Recognizer]:
    recognizer = recognizer_of(FakePipeline(), threads=2, queue=2)
    yield recognizer
    recognizer.close()


@pytest.fixture
def pipeline() -> GatedPipeline:
    return GatedPipeline()


@pytest.fixture
def narrow(pipeline: GatedPipeline) -> Iterator[Recognizer]:
    """One thread and a queue of one."""
    recognizer = recognizer_of(pipeline, threads=1, queue=1)
    yield recognizer
    pipeline.gate.set()
    recognizer.close()


def image(*people: tuple[int, int, int], side: int = 240) -> EncodedImage:
    return EncodedImage(photo(*people, side=side), "image_base64")


def error_of(work: Awaitable[Any]) -> ServiceError:
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
    pytest.fail("the condition was not met in time")


async def rejection(recognizer: Recognizer) -> ServiceError | None:
    """Return the error that rejects another image now, or None; an accepted image is cancelled."""
    task = asyncio.ensure_future(recognizer.detect(image()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    if not task.done():
        task.cancel()
        return None
    error = task.exception()
    assert isinstance(error, ServiceError)
    return error


def test_detecting_lists_faces_largest_first(recognizer: Recognizer) -> None:
    large, small = (face.box for face in asyncio.run(recognizer.detect(image(ANN, BOB))))
    assert (large.left, large.top, large.width, large.height) == (20, 20, 180, 180)
    assert (small.left, small.width) == (260, 160)


def test_an_image_without_a_face_is_no_error(recognizer: Recognizer) -> None:
    assert asyncio.run(recognizer.detect(image())) == []


def test_templates_of_all_faces_or_of_the_largest(recognizer: Recognizer) -> None:
    both = asyncio.run(recognizer.templates(image(ANN, BOB), main_only=False))
    np.testing.assert_allclose([face.embedding for face in both], [embedding_of(ANN), embedding_of(BOB)])
    (largest,) = asyncio.run(recognizer.templates(image(ANN, BOB), main_only=True))
    assert largest.box == both[0].box
    assert asyncio.run(recognizer.templates(image(), main_only=True)) == []


def test_traits_for_comparison_are_measured_on_several_faces_only(recognizer: Recognizer) -> None:
    (alone,) = asyncio.run(recognizer.templates(image(ANN), main_only=False, compared={Trait.POSE}))
    assert alone.traits.pose is None
    both = asyncio.run(recognizer.templates(image(ANN, BOB), {Trait.AGE}, main_only=False, compared={Trait.POSE}))
    assert all(face.traits.pose is not None and face.traits.age is not None for face in both)


def test_comparison_uses_the_largest_faces(recognizer: Recognizer) -> None:
    same = asyncio.run(recognizer.compare(image(ANN, BOB), image(ANN)))
    assert same.similarity == 1.0
    assert [box.width for box in same.boxes] == [180, 180]
    assert asyncio.run(recognizer.compare(image(BOB, ANN), image(ANN))).similarity < 0.93


@pytest.mark.parametrize("pair", [((), (ANN,)), ((ANN,), ()), ((), ())])
def test_comparison_needs_a_face_in_both_images(recognizer: Recognizer, pair: tuple[Any, Any]) -> None:
    first, second = pair
    assert error_of(recognizer.compare(image(*first), image(*second))).entry.key == "FRS.0501"


def test_images_to_compare_share_the_size_limit(recognizer: Recognizer) -> None:
    data = photo(ANN)
    half = limits.MAX_IMAGE_BYTES // 2
    first, second = (EncodedImage(data + bytes(half - len(data)), f"image{place}_file") for place in (1, 2))
    assert asyncio.run(recognizer.compare(first, second)).similarity == 1.0
    assert error_of(recognizer.compare(first, EncodedImage(second.data + b"\0", "image2_file"))).entry.key == "FRS.0017"


def test_the_error_names_the_damaged_image(recognizer: Recognizer) -> None:
    error = error_of(recognizer.compare(image(ANN), EncodedImage(b"text", "image2_base64")))
    assert error.entry.key == "FRS.0015"
    assert "image2_base64" in error.message


def test_a_full_queue_rejects_at_once(narrow: Recognizer, pipeline: GatedPipeline) -> None:
    async def run() -> None:
        tasks = [asyncio.create_task(narrow.detect(image(ANN))) for _ in range(2)]
        await until(lambda: bool(pipeline.started))
        for _ in range(3):
            error = await rejection(narrow)
            assert error is not None
            assert error.entry.key == "FRS.0033"
            assert error.headers["Retry-After"].isdigit()
        pipeline.gate.set()
        assert [len(boxes) for boxes in await asyncio.gather(*tasks)] == [1, 1]

    asyncio.run(run())
    assert len(pipeline.started) == 2


def test_capacity_is_released_after_success_and_failure(narrow: Recognizer, pipeline: GatedPipeline) -> None:
    pipeline.gate.set()
    for _ in range(5):
        assert len(asyncio.run(narrow.detect(image(ANN)))) == 1
        assert error_of(narrow.detect(EncodedImage(b"text", "p"))).entry.key == "FRS.0015"
        assert error_of(narrow.compare(image(), image())).entry.key == "FRS.0501"


def test_capacity_is_released_after_an_error_of_a_model(narrow: Recognizer, pipeline: GatedPipeline) -> None:
    def broken(image: Image) -> list[Detection]:
        raise ArithmeticError("no numbers")

    pipeline.detect = broken  # type: ignore[method-assign]
    for _ in range(5):
        with pytest.raises(ArithmeticError):
            asyncio.run(narrow.detect(image(ANN)))


def test_cancelling_a_waiting_task_releases_its_capacity(narrow: Recognizer, pipeline: GatedPipeline) -> None:
    async def run() -> None:
        running = asyncio.create_task(narrow.detect(image(ANN, side=240)))
        await until(lambda: bool(pipeline.started))
        for side in (250, 251, 252):
            waiting = asyncio.create_task(narrow.detect(image(ANN, side=side)))
            await asyncio.sleep(0.01)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        last = asyncio.create_task(narrow.detect(image(ANN, side=260)))
        await asyncio.sleep(0.01)
        pipeline.gate.set()
        await asyncio.gather(running, last)

    asyncio.run(run())
    assert pipeline.started == [240, 260]


def test_a_cancelled_running_task_keeps_its_capacity_until_it_ends(narrow: Recognizer, pipeline: GatedPipeline) -> None:
    async def run() -> None:
        running, waiting = (asyncio.create_task(narrow.detect(image(ANN))) for _ in range(2))
        await until(lambda: bool(pipeline.started))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await rejection(narrow) is not None
        pipeline.gate.set()
        assert len(await waiting) == 1
        assert await rejection(narrow) is None

    asyncio.run(run())


def test_at_most_one_image_per_thread_is_processed(pipeline: GatedPipeline) -> None:
    recognizer = recognizer_of(pipeline, threads=2, queue=6)

    async def run() -> None:
        tasks = [asyncio.create_task(recognizer.detect(image(ANN))) for _ in range(8)]
        await until(lambda: len(pipeline.started) == 2)
        await asyncio.sleep(0.05)
        assert len(pipeline.started) == 2
        pipeline.gate.set()
        await asyncio.gather(*tasks)

    asyncio.run(run())
    recognizer.close()
    assert len(pipeline.started) == 8


def test_the_event_loop_is_not_blocked(narrow: Recognizer, pipeline: GatedPipeline) -> None:
    async def other_work() -> int:
        task = asyncio.create_task(narrow.detect(image(ANN)))
        await until(lambda: bool(pipeline.started))
        turns = 0
        while turns < 100 and not task.done():
            await asyncio.sleep(0)
            turns += 1
        pipeline.gate.set()
        await task
        return turns

    assert asyncio.run(other_work()) == 100


def test_closing_finishes_accepted_work(pipeline: GatedPipeline) -> None:
    recognizer = recognizer_of(pipeline, threads=1, queue=1)

    async def run() -> int:
        task = asyncio.create_task(recognizer.detect(image(ANN)))
        await until(lambda: bool(pipeline.started))
        closing = asyncio.get_running_loop().run_in_executor(None, recognizer.close)
        pipeline.gate.set()
        await closing
        return len(await task)

    assert asyncio.run(run()) == 1


def test_only_the_largest_faces_get_attributes() -> None:
    executor = ThreadExecutor(FakePipeline(), threads=1, queue=1, large_queue=1)
    recognizer = Recognizer(executor, load_scale("sface"), WorkLimits(described_faces=1))
    faces = asyncio.run(recognizer.detect(image(ANN, BOB), {Attribute.AGE}))
    recognizer.close()
    assert [face.attributes and face.attributes.age for face in faces] == [60, None]


def checkpoints_until_stopped(_pipeline: Any, started: threading.Event, ended: threading.Event) -> None:
    started.set()
    try:
        while True:
            checkpoint()
    finally:
        ended.set()


def endless_task(seconds: float) -> Task[None]:
    return Task(checkpoints_until_stopped, (threading.Event(), threading.Event()), Lane.SMALL, seconds)


def test_cancelled_work_stops_at_its_next_checkpoint() -> None:
    executor, endless = ThreadExecutor(FakePipeline(), threads=1, queue=0, large_queue=0), endless_task(60)
    started, ended = endless.arguments

    async def run() -> None:
        task = asyncio.create_task(executor.run(endless))
        await until(started.is_set)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert ended.wait(20)
    executor.close()


def test_work_beyond_its_time_limit_stops_with_status_503() -> None:
    executor = ThreadExecutor(FakePipeline(), threads=1, queue=0, large_queue=0)
    error = error_of(executor.run(endless_task(0.01)))
    executor.close()
    assert (error.entry.status, error.entry.code) == (503, "FRS.0018")
    assert error.headers["Retry-After"].isdigit()
