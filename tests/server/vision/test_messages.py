"""Messages between a server process and its vision processes."""

import os
import pickle
from typing import Any

import numpy as np
import pytest

from openfrs.core.errors import ServiceError
from openfrs.core.geometry import BoundingBox
from openfrs.core.telemetry.stages import StageTime
from openfrs.recognition.types import FaceTemplate
from openfrs.server.vision.messages import Decoder, Ended, Paused, encode
from openfrs.vision.attributes.types import HeadPose, Traits


def received(*messages: object) -> list[Any]:
    """Return the messages as they arrive in parts."""
    data, decoder = b"".join(part for message in messages for part in encode(message)), Decoder()
    middle = len(data) // 2
    return [*decoder.messages(data[:3]), *decoder.messages(data[3:middle]), *decoder.messages(data[middle:])]


def test_results_arrive_whole() -> None:
    embedding = np.arange(4, dtype=np.float32)
    face = FaceTemplate(BoundingBox(1, 2, 3, 4), embedding, 0.5, Traits(pose=HeadPose(1, 2, 3)), is_main=True)
    stages = [StageTime("detect", 12, 0.5)]
    paused, ended = received(Paused(1), Ended(2, [face], stages=stages))
    assert (paused, ended.task_id, ended.stages) == (Paused(1), 2, stages)
    (restored,) = ended.result
    assert (restored.box, restored.traits, restored.is_main) == (face.box, face.traits, True)
    np.testing.assert_array_equal(restored.embedding, embedding)


def test_errors_keep_their_message_and_headers() -> None:
    (ended,) = received(Ended(1, error=ServiceError("FRS.0302", "people", headers={"Retry-After": "7"})))
    assert isinstance(ended.error, ServiceError)
    assert (ended.error.entry.key, ended.error.headers) == ("FRS.0302", {"Retry-After": "7"})
    assert "people" in ended.error.message


class _Command:
    def __reduce__(self) -> Any:
        return os.system, ("true",)


class _Call:
    def __reduce__(self) -> Any:
        return received, ()


@pytest.mark.parametrize("value", [_Command(), _Call(), ArithmeticError(), print, eval])
def test_a_vision_process_cannot_make_the_server_run_code(value: object) -> None:
    with pytest.raises(pickle.UnpicklingError, match="a vision process sent"):
        received(Ended(1, value))
