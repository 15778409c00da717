import re
from importlib import resources
from typing import get_args

import pytest
from pydantic import ValidationError

from openfrs.core.settings import Settings
from openfrs.vision import weights
from openfrs.vision.weights.manifest import Manifest, Weight, manifest


def test_every_weight_comes_from_an_artefact_of_the_manifest() -> None:
    assert {weight.artefact for weight in manifest().weights.values()} <= manifest().artefacts.keys()


def test_every_artefact_is_used() -> None:
    of_weights = {weight.artefact for weight in manifest().weights.values()}
    assert {name for name, artefact in manifest().artefacts.items() if not artefact.photos} == of_weights


def test_every_file_is_pinned_by_hash() -> None:
    hashes = [artefact.sha256 for artefact in manifest().artefacts.values()]
    hashes += [weight.sha256 for weight in manifest().weights.values()]
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in hashes)
    assert len(set(hashes)) == len(hashes)


def test_every_weight_states_its_licence_and_origin() -> None:
    assert all(weight.licence and weight.origin for weight in manifest().weights.values())


def test_every_embedder_has_weights_with_a_dimension_and_a_calibration() -> None:
    assert manifest().embedders
    for mode in manifest().embedders.values():
        assert (resources.files(weights) / mode.calibration).is_file()
        for part in mode.parts:
            weight = manifest().weights[part]
            assert weight.role == "embedder"
            assert weight.dimension > 0


def test_every_embedder_can_be_selected() -> None:
    assert {*get_args(Settings.model_fields["embedder"].annotation)} == manifest().embedders.keys()


def test_file_names_carry_package_and_version() -> None:
    for artefact in manifest().artefacts.values():
        package = artefact.package if artefact.registry == "npm" else artefact.package.replace("-", "_")
        assert artefact.filename.startswith(f"{package}-{artefact.version}")


def test_weights_of_unstated_origin_can_be_excluded_and_are_optional() -> None:
    attributed = manifest().attributed()
    excluded = manifest().weights.keys() - attributed.weights.keys()
    assert excluded == {"liveness", "fr_feature"}
    assert attributed.embedders.keys() == {"sface"}
    assert {manifest().weights[name].artefact for name in excluded} == {"faceplugin"}
    assert attributed.artefacts.keys() == manifest().artefacts.keys() - {"faceplugin"}
    assert not any(manifest().weights[name].required for name in excluded)


def test_an_unknown_key_is_rejected() -> None:
    row = next(iter(manifest().weights.values())).model_dump()
    assert Weight.model_validate(row)
    with pytest.raises(ValidationError):
        Weight.model_validate({**row, "precison": "f32"})


def test_the_manifest_is_immutable() -> None:
    with pytest.raises(ValidationError):
        manifest().weights = {}  # type: ignore[misc]
    assert isinstance(manifest(), Manifest)
