import numpy as np
import pytest

from openfrs.recognition import attributes
from openfrs.recognition.attributes import (
    V1_CODES,
    V2_CODES,
    Attribute,
    Attributes,
    Dress,
    parse_attributes,
)
from openfrs.recognition.description import MIN_BALANCED_ACCURACY, describe_codes, traits_for
from openfrs.vision.attributes import classifiers
from openfrs.vision.attributes.types import HeadPose, Trait, Traits

ALL_TRAITS = Traits(
    male=0.4,
    age=30.5,
    pose=HeadPose(1, 2, 3),
    expression={"happy": 0.6, "neutral": 0.4},
    landmarks=np.zeros((468, 2), np.float32),
    mask=0.7,
    glasses={"none": 0.3, "yes": 0.6, "dark": 0.1},
    hat=0.2,
    beard=0.8,
    long_hair=0.9,
)


@pytest.mark.parametrize("codes", [None, "", ",", "99", "abc", "-1", "1.0", "²", "1;2"])
def test_unknown_codes_are_ignored(codes: str | None) -> None:
    assert parse_attributes(codes, V2_CODES) == frozenset()


def test_codes_differ_between_v1_and_v2() -> None:
    assert parse_attributes(" 1, 2,2,4,99,", V2_CODES) == {Attribute.GENDER, Attribute.AGE, Attribute.DRESS}
    assert parse_attributes("0,3,5", V1_CODES) == {Attribute.HEADPOSE, Attribute.LANDMARK, Attribute.SMILE}
    assert parse_attributes("0,3,5", V2_CODES) == frozenset()
    assert parse_attributes("6,12,21", V1_CODES) == frozenset()


def test_only_requested_traits_are_measured() -> None:
    assert traits_for([]) == frozenset()
    assert traits_for([Attribute.PHOTOTYPE]) == frozenset()
    assert traits_for([Attribute.FACE_ANGLE]) == frozenset()
    assert traits_for([Attribute.SMILE, Attribute.EXPRESSION]) == {Trait.EXPRESSION}
    assert traits_for([Attribute.QUALITY, Attribute.AGE]) == {Trait.QUALITY, Trait.AGE}


def test_an_inaccurate_classifier_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifiers, "metrics", lambda name: {"balanced_accuracy": MIN_BALANCED_ACCURACY})
    assert traits_for([Attribute.MASK]) == {Trait.MASK}
    assert traits_for([Attribute.DRESS]) == {Trait.GLASSES, Trait.HAT}
    assert traits_for([Attribute.BEARD]) == {Trait.BEARD}
    assert traits_for([Attribute.HAIR]) == {Trait.HAIR}
    monkeypatch.setattr(classifiers, "metrics", lambda name: {"balanced_accuracy": 0.89})
    assert traits_for([Attribute.MASK, Attribute.DRESS, Attribute.BEARD, Attribute.HAIR]) == frozenset()
    assert describe_codes([Attribute.MASK], Traits(), 0) == Attributes(mask="unknown")


def test_each_classifier_has_its_own_accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifiers, "metrics", lambda name: {"balanced_accuracy": 0.89 if name == "hat" else 0.95})
    assert traits_for([Attribute.DRESS]) == {Trait.GLASSES}
    described = describe_codes([Attribute.DRESS], Traits(glasses={"none": 0.1, "yes": 0.2, "dark": 0.7}), 0)
    assert described == Attributes(dress=Dress("dark", "unknown"))


def test_attributes_without_traits_are_unknown() -> None:
    assert describe_codes([*Attribute], Traits(), 90) == Attributes(
        dress=Dress("unknown", "unknown"),
        smile="unknown",
        mask="unknown",
        hair="unknown",
        beard="unknown",
        face_angle=90,
    )
    assert describe_codes([], Traits(), 90) == Attributes()


def test_traits_become_attributes() -> None:
    described = describe_codes([*Attribute], ALL_TRAITS, 0)
    assert (described.gender, described.age, described.smile, described.mask, described.headpose) == (
        "female",
        30,
        "yes",
        "yes",
        HeadPose(1, 2, 3),
    )
    assert described.expression == attributes.Expression("happy", 0.6)
    assert described.dress == Dress("yes", "none")
    assert (described.beard, described.hair) == ("yes", "long")
    assert describe_codes([Attribute.BEARD, Attribute.HAIR], Traits(beard=0.49, long_hair=0.49), 0) == Attributes(
        beard="none", hair="short"
    )
    assert described.landmark is not None
    assert described.landmark.face.shape == (36, 2)


def test_an_improbable_expression_is_unknown() -> None:
    vague = Traits(expression={"happy": 0.3, "sad": 0.34, "neutral": 0.33})
    described = describe_codes([Attribute.EXPRESSION, Attribute.SMILE], vague, 0)
    assert described.expression == attributes.Expression("unknown", 0.34)
    assert described.smile == "none"
