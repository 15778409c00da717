from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
import pytest

from openfrs.core.geometry import intersection_over_union
from openfrs.core.limits import MAX_IMAGE_SIDE
from openfrs.vision.detection.yunet import SIDE, STRIDES, YuNet
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.base import Tensor
from openfrs.vision.types import Detection, Image
from openfrs.vision.weights.cache import WeightCache
from tests.support.fake_session import FakeSession

LANDMARKS = np.array([[0.3, 0.3], [0.7, 0.3], [0.5, 0.5], [0.35, 0.75], [0.65, 0.75]], np.float32)


def outputs(*faces: tuple[int, int, int, float], cells: float = 4) -> list[Tensor]:
    """Return the network's outputs for square faces of ``cells`` cells, each with stride, column, row and score."""
    outputs = [np.zeros((1, (SIDE // stride) ** 2, size), np.float32) for size in (1, 1, 4, 10) for stride in STRIDES]
    for stride, column, row, score in faces:
        index, cell = STRIDES.index(stride), row * (SIDE // stride) + column
        outputs[index][0, cell] = outputs[3 + index][0, cell] = score
        outputs[6 + index][0, cell] = [0.5, 0.5, np.log(cells), np.log(cells)]
        outputs[9 + index][0, cell] = (LANDMARKS * cells + 0.5 - cells / 2).reshape(-1)
    return outputs


def box(face: Detection) -> list[float]:
    return [face.left, face.top, face.width, face.height]


def near(face: Detection, expected: list[float], share: float) -> bool:
    """Return whether a box is at its expected position, within a share of its width."""
    return bool(np.abs(np.subtract(box(face), expected)).max() <= share * expected[2])


def same(first: list[Detection], second: list[Detection]) -> bool:
    return [(*box(face), face.score, face.landmarks.tobytes()) for face in first] == [
        (*box(face), face.score, face.landmarks.tobytes()) for face in second
    ]


def only_face(faces: list[Detection]) -> Detection:
    assert len(faces) == 1
    return faces[0]


def head_of(pipeline: ModelPipeline, photo: Image, side: int) -> tuple[Image, list[float]]:
    """Return a crop of the head whose face has an area of ``side`` squared, and the face's box in the crop."""
    face = only_face(pipeline.detect(photo))
    margin, scale = 0.6 * face.width, side / face.area**0.5
    left, top = max(0, int(face.left - margin)), max(0, int(face.top - margin))
    right, bottom = int(face.left + face.width + margin), int(face.top + face.height + margin)
    head = cv2.resize(photo[top:bottom, left:right], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(head, np.uint8), [
        (face.left - left) * scale,
        (face.top - top) * scale,
        face.width * scale,
        face.height * scale,
    ]


def test_the_network_input_has_the_image_in_bgr_at_the_top_left() -> None:
    session = FakeSession(outputs((8, 1, 1, 1.0)))
    YuNet(session).detect(np.full((200, 400, 3), (10, 20, 30), np.uint8))
    (canvas,) = session.batches
    assert canvas.shape == (1, 3, SIDE, SIDE)
    assert canvas[0, :, 100, 100].tolist() == [30, 20, 10]
    assert canvas[0, :, : SIDE // 2].all()
    assert not canvas[0, :, SIDE // 2 :].any()


def test_the_network_input_keeps_nothing_of_earlier_images() -> None:
    session = FakeSession(outputs((8, 1, 1, 1.0)))
    detector = YuNet(session)
    for size in [(640, 640), (200, 400), (400, 200), (640, 640)]:
        detector.detect(np.full((*size, 3), 255, np.uint8))
    filled = [(canvas > 0).mean() for canvas in session.batches]
    assert filled == [1, 0.5, 0.5, 1]


@pytest.mark.parametrize("size", [(640, 640), (1280, 1280), (320, 640), (3000, 1500), (100, 90)])
@pytest.mark.parametrize("stride", STRIDES)
def test_boxes_and_landmarks_are_in_pixels_of_the_image(stride: int, size: tuple[int, int]) -> None:
    height, width = size
    face = only_face(YuNet(FakeSession(outputs((stride, 3, 2, 0.9)))).detect(np.zeros((height, width, 3), np.uint8)))
    unit = stride * max(size) / SIDE
    np.testing.assert_allclose(box(face), [1.5 * unit, 0.5 * unit, 4 * unit, 4 * unit], rtol=0.01)
    corner = np.array([face.left, face.top])
    np.testing.assert_allclose(face.landmarks, corner + LANDMARKS * 4 * unit, rtol=0.02)
    assert face.score == pytest.approx(0.9)


def test_the_score_is_the_geometric_mean_of_class_and_objectness() -> None:
    scaled = outputs((8, 5, 5, 1.0))
    scaled[3] *= 0.64
    assert only_face(YuNet(FakeSession(scaled)).detect(np.zeros((9, 9, 3), np.uint8))).score == pytest.approx(0.8)


def test_faces_below_the_minimum_score_are_dropped() -> None:
    assert YuNet(FakeSession(outputs((8, 5, 5, 0.59)))).detect(np.zeros((9, 9, 3), np.uint8)) == []


def test_of_overlapping_boxes_the_best_score_is_kept() -> None:
    session = FakeSession(outputs((16, 10, 10, 0.8), (16, 11, 10, 0.95), (16, 30, 30, 0.75)))
    faces = YuNet(session).detect(np.zeros((640, 640, 3), np.uint8))
    assert sorted(round(face.score, 2) for face in faces) == [0.75, 0.95]


def test_faces_come_largest_first() -> None:
    session = FakeSession(outputs((8, 60, 60, 0.99), (32, 3, 3, 0.8), (16, 30, 30, 0.9)))
    assert [round(face.width) for face in YuNet(session).detect(np.zeros((640, 640, 3), np.uint8))] == [128, 64, 32]


def test_an_image_without_faces_is_searched_again_at_half_the_size() -> None:
    session = FakeSession(outputs(), outputs((32, 7, 7, 0.9)))
    face = only_face(YuNet(session).detect(np.full((640, 640, 3), 9, np.uint8)))
    assert box(face) == pytest.approx([2 * (32 * 5.5 - 160), 2 * (32 * 5.5 - 160), 256, 256])
    assert face.landmarks == pytest.approx(np.array([face.left, face.top]) + LANDMARKS * 256)
    whole, half = (canvas[0, 0] > 0 for canvas in session.batches)
    assert whole.all()
    assert half[160:480, 160:480].all()
    assert half.sum() == 320**2


def test_a_face_too_large_for_the_network_is_measured_at_half_the_size() -> None:
    session = FakeSession(outputs((32, 9, 9, 0.7), cells=13), outputs((32, 9, 9, 0.9), cells=8))
    face = only_face(YuNet(session).detect(np.full((640, 640, 3), 9, np.uint8)))
    assert box(face) == pytest.approx([2 * (32 * 5.5 - 160), 2 * (32 * 5.5 - 160), 512, 512])
    assert len(session.batches) == 2


def test_small_faces_beside_a_large_one_are_kept_from_the_first_pass() -> None:
    first = outputs((32, 12, 12, 0.7), cells=13)
    for head, beside in zip(first, outputs((8, 5, 5, 0.9), (8, 50, 50, 0.8)), strict=True):
        head += beside
    session = FakeSession(first, outputs((32, 11, 11, 0.9), (8, 23, 23, 0.9), cells=8))
    large, small = YuNet(session).detect(np.zeros((640, 640, 3), np.uint8))
    assert box(large) == pytest.approx([2 * (32 * 7.5 - 160)] * 2 + [512, 512])
    assert box(small) == pytest.approx([8 * 3.5, 8 * 3.5, 32, 32])


def test_a_large_face_not_found_at_half_the_size_is_kept() -> None:
    face = only_face(
        YuNet(FakeSession(outputs((32, 9, 9, 0.7), cells=13), outputs())).detect(np.zeros((64, 64, 3), np.uint8))
    )
    assert face.score == pytest.approx(0.7)


def test_one_pass_is_enough_for_a_clear_face() -> None:
    session = FakeSession(outputs((8, 30, 30, 0.9)))
    YuNet(session).detect(np.zeros((4096, 4096, 3), np.uint8))
    assert len(session.batches) == 1


def test_one_pass_is_enough_for_a_small_image() -> None:
    session = FakeSession(small_face(0.9))
    YuNet(session).detect(np.zeros((150, 200, 3), np.uint8))
    assert len(session.batches) == 1


def small_face(score: float) -> list[Tensor]:
    """Return the network's outputs for a face of 16 pixels."""
    return outputs((8, 30, 20, score), cells=2)


def test_a_small_face_triggers_the_search_in_tiles() -> None:
    session = FakeSession(small_face(0.9), *[outputs()] * 3, outputs((8, 20, 10, 0.8)), outputs())
    in_tile, in_whole = sorted(YuNet(session).detect(np.zeros((960, 1280, 3), np.uint8)), key=lambda face: face.left)
    assert len(session.batches) == 1 + 3 * 2
    assert box(in_whole) == pytest.approx([472, 312, 32, 32])
    # the fourth tile is the first of the lower row: 320 pixels down, at the image's own scale
    assert box(in_tile) == pytest.approx([148, 388, 32, 32])


def test_a_large_image_without_a_face_is_searched_in_tiles() -> None:
    session = FakeSession(outputs())
    assert YuNet(session).detect(np.zeros((4096, 4096, 3), np.uint8)) == []
    assert len(session.batches) == 2 + 8 * 8
    session = FakeSession(outputs())
    assert YuNet(session).detect_quick(np.zeros((4096, 4096, 3), np.uint8)) == []
    assert len(session.batches) == 2


def test_faces_found_in_tiles_need_a_higher_score() -> None:
    session = FakeSession(small_face(0.9), outputs((8, 10, 10, 0.69)))
    assert len(YuNet(session).detect(np.zeros((640, 640, 3), np.uint8))) == 1


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((480, 640), (256, 320)),
        ((640, 480), (320, 256)),
        ((720, 1280), (192, 320)),
        ((100, 100), (320, 320)),
        ((10, 4000), (192, 320)),
    ],
)
def test_large_faces_are_detected_in_an_input_of_the_shape_of_the_image(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    height, width = expected
    empty = [
        np.zeros((1, height * width // stride**2, channels), np.float32)
        for channels in (1, 1, 4, 10)
        for stride in STRIDES
    ]
    index = 2 * (width // 32) + 3
    for output, values in zip(empty[2::3], ([0.9], [0.9], [0.5, 0.5, np.log(2), np.log(2)], [0.0] * 10), strict=True):
        output[0, index] = values
    empty[0][0, 0] = empty[3][0, 0] = 0.9  # a face of 8 pixels
    session = FakeSession(empty)
    face = only_face(YuNet(session).detect_large(np.full((*size, 3), 9, np.uint8)))
    assert session.batches[0].shape == (1, 3, *expected)
    scale = max(size) / 320
    assert box(face)[0] == pytest.approx((3.5 * 32 - 32) * scale, rel=0.01)
    assert box(face)[2] == pytest.approx(64 * scale, rel=0.01)


@pytest.mark.models
@pytest.mark.parametrize("name", ["biden", "obama", "obama2", "obama3"])
def test_a_photo_shows_one_face_with_its_landmarks_in_order(
    pipeline: ModelPipeline, photos: Mapping[str, Image], name: str
) -> None:
    face = only_face(pipeline.detect(photos[name]))
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert 0.7 < face.score <= 1
    assert (face.landmarks > [face.left, face.top]).all()
    assert (face.landmarks < [face.left + face.width, face.top + face.height]).all()
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


@pytest.mark.models
@pytest.mark.parametrize("name", ["biden", "obama", "obama2", "obama3"])
def test_detections_match_opencv_s_decoder(
    weights: WeightCache, pipeline: ModelPipeline, photos: Mapping[str, Image], name: str
) -> None:
    photo = cv2.resize(photos[name], (480, SIDE), interpolation=cv2.INTER_AREA)
    canvas = cv2.copyMakeBorder(photo[:, :, ::-1], 0, 0, 0, SIDE - 480, cv2.BORDER_CONSTANT)
    _, rows = cv2.FaceDetectorYN.create(str(weights.path("yunet")), "", (SIDE, SIDE), 0.7, 0.3).detect(canvas)
    face = only_face(pipeline.detect(np.asarray(photo, np.uint8)))
    ours = [*box(face), *face.landmarks.reshape(-1).tolist(), face.score]
    np.testing.assert_allclose(ours, rows[0], atol=0.05)


@pytest.mark.models
@pytest.mark.parametrize("name", ["biden", "obama", "obama3"])
def test_a_mirrored_photo_gives_the_mirrored_face(
    pipeline: ModelPipeline, photos: Mapping[str, Image], name: str
) -> None:
    photo = photos[name]
    width = photo.shape[1]
    face = only_face(pipeline.detect(photo))
    mirrored = only_face(pipeline.detect(np.ascontiguousarray(photo[:, ::-1])))
    assert near(mirrored, [width - face.left - face.width, face.top, face.width, face.height], 0.1)
    swapped = face.landmarks[[1, 0, 2, 4, 3]] * [-1, 1] + [width, 0]
    assert np.abs(mirrored.landmarks - swapped).max() < 0.1 * face.width


@pytest.mark.models
@pytest.mark.parametrize("name", ["biden", "obama", "obama2", "obama3"])
def test_a_face_that_fills_the_image_is_found(pipeline: ModelPipeline, photos: Mapping[str, Image], name: str) -> None:
    face = only_face(pipeline.detect(photos[name]))
    left, top, width, height = map(round, box(face))
    for cut in (0, 0.05, 0.1, 0.15):  # of the face, on each side
        across, down = round(cut * width), round(cut * height)
        crop = photos[name][top + down : top + height - down, left + across : left + width - across]
        detection = only_face(pipeline.detect(np.ascontiguousarray(crop)))
        detection = replace(detection, left=detection.left + left + across, top=detection.top + top + down)
        assert intersection_over_union(detection, face) > 0.6


@pytest.mark.models
@pytest.mark.parametrize(
    ("name", "side"),
    [("obama", side) for side in (20, 80, 250, 1500, 2800, MAX_IMAGE_SIDE)]
    + [(name, MAX_IMAGE_SIDE) for name in ("biden", "obama2", "obama3")],
)
def test_a_face_of_any_size_is_found_in_the_largest_image(
    pipeline: ModelPipeline, photos: Mapping[str, Image], name: str, side: int
) -> None:
    canvas = np.full((MAX_IMAGE_SIDE, MAX_IMAGE_SIDE, 3), 110, np.uint8)
    head, face = head_of(pipeline, photos[name], side)
    start_of_face = [min(1900, (MAX_IMAGE_SIDE - length) / 2) for length in face[2:]]
    left, top = (round(start - inside) for start, inside in zip(start_of_face, face[:2], strict=True))
    part = canvas[max(0, top) : top + head.shape[0], max(0, left) : left + head.shape[1]]
    part[:] = head[max(0, -top) :, max(0, -left) :][: part.shape[0], : part.shape[1]]
    detection = only_face(pipeline.detect(canvas))
    expected = replace(detection, left=left + face[0], top=top + face[1], width=face[2], height=face[3])
    assert intersection_over_union(detection, expected) > (0.8 if side >= 250 else 0.6)


@pytest.mark.models
@pytest.mark.parametrize(("side", "min_count"), [(20, 98), (24, 100), (60, 100)])
def test_a_hundred_faces_are_found(
    pipeline: ModelPipeline, photos: Mapping[str, Image], side: int, min_count: int
) -> None:
    canvas = np.full((1600, 2400, 3), 110, np.uint8)
    heads = [head_of(pipeline, photo, side)[0] for photo in photos.values()]
    for index in range(100):
        head = heads[index % len(heads)]
        top, left = 10 + 155 * (index // 10), 10 + 235 * (index % 10)
        canvas[top : top + head.shape[0], left : left + head.shape[1]] = head
    faces = pipeline.detect(canvas)
    assert min_count <= len(faces) <= 100
    assert len({(int(face.left) // 235, int(face.top) // 155) for face in faces}) == len(faces)


@pytest.mark.models
@pytest.mark.parametrize("value", [0, 127, 255])
def test_a_blank_image_has_no_face(pipeline: ModelPipeline, value: int) -> None:
    assert pipeline.detect(np.full((480, 640, 3), value, np.uint8)) == []


@pytest.mark.models
@pytest.mark.parametrize("size", [(1, 1), (1, 4096), (4096, 1), (2, 3), (16, 16)])
def test_the_smallest_and_narrowest_images_have_no_face(pipeline: ModelPipeline, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert pipeline.detect(noise) == []


@pytest.mark.models
@pytest.mark.parametrize("size", [(900, 2700), (2700, 900), (2000, 2000)])
def test_a_face_is_located_in_tall_and_wide_images(
    pipeline: ModelPipeline, photos: Mapping[str, Image], size: tuple[int, int]
) -> None:
    photo = cv2.resize(photos["obama"], (720, 900), interpolation=cv2.INTER_AREA)
    alone = only_face(pipeline.detect(np.asarray(photo, np.uint8)))
    canvas = np.zeros((*size, 3), np.uint8)
    top, left = size[0] - 900, size[1] - 720
    canvas[top:, left:] = photo
    assert near(
        only_face(pipeline.detect(canvas)), [alone.left + left, alone.top + top, alone.width, alone.height], 0.12
    )


@pytest.mark.models
def test_two_people_come_largest_first(pipeline: ModelPipeline, photos: Mapping[str, Image]) -> None:
    canvas = np.zeros((1200, 1400, 3), np.uint8)
    canvas[600:1100, :400] = cv2.resize(photos["biden"][:1212], (400, 500))
    canvas[:1137, 450:1360] = photos["obama"]
    large, small = pipeline.detect(canvas)
    assert large.area > small.area
    assert large.left > 450 > small.left


@pytest.mark.models
def test_several_threads_return_the_detections_of_one(pipeline: ModelPipeline, photos: Mapping[str, Image]) -> None:
    images = [photos["biden"], photos["obama3"], np.zeros((99, 99, 3), np.uint8)] * 6
    alone = [pipeline.detect(image) for image in images[:3]] * 6
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(pipeline.detect, images))
    assert all(map(same, together, alone))


@pytest.mark.models
def test_detection_does_not_change_the_image(pipeline: ModelPipeline, photos: Mapping[str, Image]) -> None:
    image = photos["obama"].copy()
    assert same(pipeline.detect(image), pipeline.detect(image))
    assert (image == photos["obama"]).all()
