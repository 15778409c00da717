"""Traits of the sample photos, with the real models."""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from openfrs.vision.attributes.contours import contours
from openfrs.vision.attributes.types import Trait, Traits
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.base import Session
from openfrs.vision.runtime.lazy import LazySessions
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.types import Detection, Image
from openfrs.vision.weights.cache import WeightCache

pytestmark = pytest.mark.models

ALL = frozenset(Trait)
Described = tuple[Image, Detection, Traits]


@pytest.fixture(scope="session")
def describing(all_weights: WeightCache) -> ModelPipeline:
    return ModelPipeline(all_weights, Runtime(2))


@pytest.fixture(scope="session")
def described(describing: ModelPipeline, photos: Mapping[str, Image]) -> dict[str, Described]:
    """Each photo with its face and all its traits."""
    photos_with_traits = {}
    for name, image in photos.items():
        face = describing.detect(image)[0]
        photos_with_traits[name] = (image, face, describing.describe(image, face, ALL))
    return photos_with_traits


def test_middle_aged_men_are_recognised_as_such(described: dict[str, Described]) -> None:
    for name, (_, _, traits) in described.items():
        assert traits.male is not None
        assert traits.age is not None
        assert traits.male > 0.9, name
        assert 35 < traits.age < 75, name


def test_official_portraits_are_frontal_and_of_good_quality(described: dict[str, Described]) -> None:
    for name in ("biden", "obama"):
        _, _, traits = described[name]
        assert traits.pose is not None
        assert traits.quality is not None
        assert max(map(abs, (traits.pose.yaw, traits.pose.pitch, traits.pose.roll))) < 15
        assert traits.quality.total > 0.45
        assert (
            max(traits.quality.blur, traits.quality.pose, traits.quality.occlusion, traits.quality.illumination) < 0.3
        )


def test_expressions_are_probabilities_and_a_smile_is_happy(described: dict[str, Described]) -> None:
    for _, _, traits in described.values():
        assert traits.expression is not None
        assert sum(traits.expression.values()) == pytest.approx(1)
    smiling = described["obama"][2].expression
    assert smiling is not None
    assert max(smiling, key=smiling.__getitem__) == "happy"


def test_the_photos_show_no_mask(described: dict[str, Described]) -> None:
    assert all(traits.mask is not None and traits.mask < 0.5 for _, _, traits in described.values())


def test_official_portraits_show_no_glasses_and_no_hat(described: dict[str, Described]) -> None:
    for name in ("biden", "obama"):
        _, _, traits = described[name]
        assert traits.glasses is not None
        assert traits.hat is not None
        assert sum(traits.glasses.values()) == pytest.approx(1, abs=1e-5)
        assert max(traits.glasses, key=traits.glasses.__getitem__) == "none", name
        assert traits.hat < 0.5, name


def test_the_photos_show_no_beard_and_no_long_hair(described: dict[str, Described]) -> None:
    for name, (_, _, traits) in described.items():
        assert traits.beard is not None
        assert traits.beard < 0.5, name
        assert traits.long_hair is None or traits.long_hair < 0.5, name


def test_a_drawn_beard_is_detected(described: dict[str, Described], describing: ModelPipeline) -> None:
    random = np.random.default_rng(1)
    for name in ("biden", "obama"):
        image, face, traits = described[name]
        drawn = image.copy()
        distance = float(np.linalg.norm(face.landmarks[1] - face.landmarks[0]))
        x, y = face.landmarks[3:].mean(axis=0).round().astype(int).tolist()
        area = np.zeros(image.shape[:2], np.uint8)
        cv2.ellipse(
            area, (x, y + int(0.25 * distance)), (int(0.75 * distance), int(0.7 * distance)), 0, 0, 180, 255, -1
        )
        cv2.ellipse(area, (x, y), (int(0.6 * distance), int(0.25 * distance)), 0, 0, 360, 255, -1)
        cv2.ellipse(area, (x, y), (int(0.35 * distance), int(0.12 * distance)), 0, 0, 360, 0, -1)
        drawn[area > 0] = random.integers(15, 70, (int((area > 0).sum()), 1))
        beard = describing.describe(drawn, face, {Trait.BEARD}).beard
        assert traits.beard is not None
        assert beard is not None
        assert beard > 0.5 > traits.beard, name


def test_painted_sunglasses_are_detected(described: dict[str, Described], describing: ModelPipeline) -> None:
    for name, (image, face, _) in described.items():
        hidden = image.copy()
        distance = float(np.linalg.norm(face.landmarks[1] - face.landmarks[0]))
        for x, y in face.landmarks[:2].round().astype(int).tolist():
            cv2.ellipse(hidden, (x, y), (int(0.42 * distance), int(0.32 * distance)), 0, 0, 360, (12, 12, 14), -1)
        left, right = (tuple(point) for point in face.landmarks[:2].round().astype(int).tolist())
        cv2.line(hidden, left, right, (12, 12, 14), max(2, int(0.08 * distance)))
        glasses = describing.describe(hidden, face, {Trait.GLASSES}).glasses
        assert glasses is not None
        assert max(glasses, key=glasses.__getitem__) == "dark", name


def test_contours_enclose_the_landmarks(described: dict[str, Described]) -> None:
    for _, face, traits in described.values():
        assert traits.landmarks is not None
        outline = contours(traits.landmarks)
        eyes = outline.eyes[:16].mean(axis=0), outline.eyes[16:].mean(axis=0)
        distance = float(np.linalg.norm(face.landmarks[1] - face.landmarks[0]))
        for centre, landmark in zip(eyes, face.landmarks[:2], strict=True):
            assert np.linalg.norm(centre - landmark) < 0.2 * distance
        mouth = face.landmarks[3:].mean(axis=0)
        assert np.linalg.norm(outline.mouth.mean(axis=0) - mouth) < 0.25 * distance
        inside = cv2.pointPolygonTest(outline.face, tuple(map(float, face.landmarks[2])), False)
        assert inside > 0


def test_only_requested_traits_are_measured(described: dict[str, Described], describing: ModelPipeline) -> None:
    image, face, everything = described["biden"]
    names = {
        Trait.GENDER: "male",
        Trait.AGE: "age",
        Trait.POSE: "pose",
        Trait.EXPRESSION: "expression",
        Trait.QUALITY: "quality",
        Trait.MASK: "mask",
        Trait.GLASSES: "glasses",
        Trait.HAT: "hat",
        Trait.BEARD: "beard",
        Trait.HAIR: "long_hair",
    }
    for trait, name in names.items():
        alone = describing.describe(image, face, {trait})
        assert alone == Traits(**{name: getattr(everything, name)})
    assert describing.describe(image, face, ()) == Traits()


def test_mirroring_negates_yaw_and_roll(described: dict[str, Described], describing: ModelPipeline) -> None:
    for image, _, traits in described.values():
        mirrored = np.ascontiguousarray(image[:, ::-1])
        other = describing.describe(mirrored, describing.detect(mirrored)[0], {Trait.POSE}).pose
        assert other is not None
        assert traits.pose is not None
        assert other.yaw == pytest.approx(-traits.pose.yaw, abs=8)
        assert other.pitch == pytest.approx(traits.pose.pitch, abs=8)
        assert other.roll == pytest.approx(-traits.pose.roll, abs=4)


@pytest.mark.parametrize("degrees", [-25, 25])
def test_roll_is_positive_for_a_face_that_leans_clockwise(
    described: dict[str, Described], describing: ModelPipeline, degrees: float
) -> None:
    image, _, traits = described["obama"]
    height, width = image.shape[:2]
    rotation = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1)
    leaning = np.asarray(cv2.warpAffine(image, rotation, (width, height)), np.uint8)
    pose = describing.describe(leaning, describing.detect(leaning)[0], {Trait.POSE}).pose
    assert pose is not None
    assert traits.pose is not None
    assert pose.roll - traits.pose.roll == pytest.approx(degrees, abs=4)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_rotated_face_has_the_traits_of_the_upright_one(
    described: dict[str, Described], describing: ModelPipeline, rotation: int
) -> None:
    for image, _, traits in described.values():
        (face, *_) = describing.detect_all_rotations(np.ascontiguousarray(np.rot90(image, -rotation // 90)))
        assert face.rotation == rotation
        measured = describing.describe(
            np.ascontiguousarray(np.rot90(image, -rotation // 90)), face, ALL - {Trait.EXPRESSION}
        )
        assert measured.pose is not None
        assert traits.pose is not None
        assert measured.quality is not None
        assert traits.quality is not None
        assert astuple(measured.quality) == pytest.approx(astuple(traits.quality), abs=0.01)
        assert measured.age == pytest.approx(traits.age, abs=1)
        assert measured.pose.yaw == pytest.approx(traits.pose.yaw, abs=1)
        assert (measured.pose.roll - traits.pose.roll - rotation + 180) % 360 - 180 == pytest.approx(0, abs=1)


def test_covering_a_face_counts_as_occlusion(described: dict[str, Described], describing: ModelPipeline) -> None:
    for name, (image, face, _) in described.items():
        occlusions = []
        for share in (0, 0.2, 0.4, 0.6):
            hidden = image.copy()
            bottom, left, width = face.top + face.height, int(face.left), int(face.width)
            top = int(bottom - share * face.height)
            hidden[max(0, top) : int(bottom), max(0, left) : left + width] = (60, 110, 160)
            quality = describing.describe(hidden, face, {Trait.QUALITY}).quality
            assert quality is not None
            occlusions.append(quality.occlusion)
        assert occlusions == sorted(occlusions), name
        assert occlusions[0] < 0.15 < 0.3 < occlusions[-1], name


def test_threads_and_streams_change_nothing(described: dict[str, Described], describing: ModelPipeline) -> None:
    def all_again(name: str) -> Traits:
        image, face, _ = described[name]
        return describing.describe(image, face, ALL - {Trait.LANDMARKS})

    names = [*described] * 3
    with ThreadPoolExecutor(4) as pool:
        for name, repeated in zip(names, pool.map(all_again, names), strict=True):
            assert repeated == replace(described[name][2], landmarks=None)


def test_a_missing_weight_omits_its_trait_and_is_logged_once(
    weights: WeightCache, described: dict[str, Described], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("yunet", "sface"):
        for file in weights.directory.glob(f"{name}.*"):
            (tmp_path / file.name).symlink_to(file)
    bare = ModelPipeline(WeightCache.open(tmp_path), Runtime(1))
    image, face, traits = described["biden"]
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert bare.describe(image, face, ALL) == Traits(
                mask=traits.mask,
                glasses=traits.glasses,
                hat=traits.hat,
                beard=traits.beard,
                long_hair=traits.long_hair,
            )
    messages = sorted(record.getMessage().split(";")[0] for record in caplog.records)
    assert messages == [
        f"model weight {name} is missing" for name in ("age", "blendshapes", "gender", "landmarks", "liveness", "mesh")
    ]


def test_a_weight_is_loaded_once_on_first_use(all_weights: WeightCache, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    lazy = LazySessions(Runtime(1), all_weights)
    load = LazySessions._load_weight

    def recording_load(self: LazySessions, name: str) -> Session | None:
        loaded.append(name)
        return load(self, name)

    monkeypatch.setattr(LazySessions, "_load_weight", recording_load)
    with ThreadPoolExecutor(4) as pool:
        sessions = list(pool.map(lazy.weight, ["gender"] * 8))
    assert loaded == ["gender"]
    assert len({id(session) for session in sessions}) == 1
    assert lazy.weight("nothing") is None
