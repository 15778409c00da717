"""A custom embedder, from a tiny ONNX file to a server's responses."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.recognition.scale import load_scale
from openfrs.recognition.similarity import calibration, load_calibration
from openfrs.vision.alignment import TEMPLATE, aligned_chip
from openfrs.vision.loading import configured_embedder
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.types import Detection
from openfrs.vision.weights.cache import WeightCache
from openfrs.vision.weights.custom_embedder import CustomEmbedder, read_custom_embedder
from tests.support.cohorts import make_cohort
from tests.support.servers import REPOSITORY, real_server_command, running

DIMENSION = 6


def tiny_network(side: int = 112) -> bytes:
    """Return a network whose output is the mean of each channel in the upper and the lower half."""
    shape = numpy_helper.from_array(np.array([1, DIMENSION], np.int64), "shape")
    nodes = [
        helper.make_node("AveragePool", ["chip"], ["means"], kernel_shape=[side // 2, side], strides=[side // 2, side]),
        helper.make_node("Reshape", ["means", "shape"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("chip", TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, DIMENSION])],
        [shape],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return bytes(model.SerializeToString())


def write_manifest(folder: Path, network: bytes | None = None, **lines: Any) -> Path:
    """Write a manifest and its ONNX file to a directory; return the manifest's path."""
    network = tiny_network() if network is None else network
    (folder / "tiny.onnx").write_bytes(network)
    fields = {
        "name": "tiny",
        "file": "tiny.onnx",
        "sha256": hashlib.sha256(network).hexdigest(),
        "dimension": DIMENSION,
        **lines,
    }
    file = folder / "tiny.toml"
    file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items()))
    return file


def error_of(manifest: Path) -> str:
    with pytest.raises(OperatorError) as caught:
        read_custom_embedder(manifest)
    return str(caught.value)


def test_the_embedder_is_a_name_unless_a_manifest_is_set(tmp_path: Path) -> None:
    assert configured_embedder(Settings(embedder="fused")) == "fused"
    assert isinstance(
        configured_embedder(Settings(embedder="fused", embedder_manifest=write_manifest(tmp_path))), CustomEmbedder
    )


def test_paths_are_relative_to_the_manifest(tmp_path: Path) -> None:
    embedder = read_custom_embedder(write_manifest(tmp_path, calibration="scale.json"))
    assert embedder.file == tmp_path / "tiny.onnx"
    assert embedder.calibration == tmp_path / "scale.json"


@pytest.mark.parametrize("lines", [{"mirrored": True}, {"mean": 127.0}, {"channels": "bgr"}, {"name": "other"}])
def test_a_change_of_preprocessing_changes_the_identity(tmp_path: Path, lines: dict[str, Any]) -> None:
    embedder = read_custom_embedder(write_manifest(tmp_path))
    assert re.fullmatch(r"tiny-[0-9a-f]{8}", embedder.identity)
    assert read_custom_embedder(write_manifest(tmp_path)).identity == embedder.identity
    assert read_custom_embedder(write_manifest(tmp_path, **lines)).identity != embedder.identity


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ({"sha256": "0" * 64}, f"states {'0' * 64}"),
        ({"sha256": "short"}, "sha256"),
        ({"dimension": 0}, "dimension"),
        ({"file": "nowhere.onnx"}, "is not a file"),
        ({"name": "a b"}, "name"),
        ({"size": 112}, "size"),
        ({"channels": "grey"}, "channels"),
    ],
)
def test_an_invalid_manifest_is_rejected_in_one_line(tmp_path: Path, lines: dict[str, Any], text: str) -> None:
    message = error_of(write_manifest(tmp_path, **lines))
    assert text in message
    assert "\n" not in message


def test_an_unreadable_manifest_is_rejected(tmp_path: Path) -> None:
    assert "cannot be read" in error_of(tmp_path / "nowhere.toml")
    (tmp_path / "bad.toml").write_text("name =")
    assert "cannot be read" in error_of(tmp_path / "bad.toml")


def test_the_input_is_preprocessed_as_in_the_manifest(tmp_path: Path, weights: WeightCache) -> None:
    embedder = read_custom_embedder(write_manifest(tmp_path, channels="bgr", mean=100.0, scale=0.5))
    pipeline = ModelPipeline(weights, Runtime(1), embedder)
    assert (pipeline.embedder, pipeline.dimension) == (embedder.identity, DIMENSION)
    image = np.random.default_rng(1).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    (row,) = pipeline.embed(image, [Detection(0, 0, 112, 112, TEMPLATE, 1.0)])
    chip = (aligned_chip(image, TEMPLATE)[:, :, ::-1].astype(np.float64) - 100) * 0.5
    expected = np.stack([chip[:56].mean(axis=(0, 1)), chip[56:].mean(axis=(0, 1))], axis=1).reshape(-1)
    np.testing.assert_allclose(row, expected / np.linalg.norm(expected), atol=1e-5)


def test_a_network_that_differs_from_its_manifest_is_rejected(tmp_path: Path, weights: WeightCache) -> None:
    with pytest.raises(OperatorError, match="returns 6 numbers, but its manifest states dimension 512"):
        ModelPipeline(weights, Runtime(1), read_custom_embedder(write_manifest(tmp_path, dimension=512)))
    with pytest.raises(OperatorError, match="cannot be run on a chip"):
        ModelPipeline(weights, Runtime(1), read_custom_embedder(write_manifest(tmp_path, tiny_network(64))))
    with pytest.raises(OperatorError, match="cannot be run on a chip"):
        ModelPipeline(weights, Runtime(1), read_custom_embedder(write_manifest(tmp_path, b"no network")))


def test_the_cohort_must_belong_to_the_embedder(tmp_path: Path) -> None:
    embedder = read_custom_embedder(write_manifest(tmp_path, calibration="scale.json", cohort="cohort.npz"))
    assert embedder.cohort == tmp_path / "cohort.npz"
    scale = calibration("sface").model_copy(update={"embedder": embedder.identity, "cohort": ""})
    (tmp_path / "scale.json").write_text(scale.model_dump_json())
    with pytest.raises(OperatorError, match=r"cannot read cohort .*cohort\.npz"):
        load_scale(embedder)
    make_cohort(embedder.dimension, embedder="other").save(tmp_path / "cohort.npz")
    with pytest.raises(OperatorError, match=r"is for embedder other with .* run openfrs eval cohort again"):
        load_scale(embedder)
    cohort = make_cohort(embedder.dimension, embedder=embedder.identity)
    cohort.save(tmp_path / "cohort.npz")
    with pytest.raises(OperatorError, match="was made with cohort none, not test-"):
        load_scale(embedder)
    scale = scale.model_copy(update={"cohort": cohort.identity})
    (tmp_path / "scale.json").write_text(scale.model_dump_json())
    assert load_scale(embedder).identity == cohort.identity


def test_the_calibration_must_belong_to_the_embedder(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="has no calibration; create one"):
        load_calibration(read_custom_embedder(write_manifest(tmp_path)))
    embedder = read_custom_embedder(write_manifest(tmp_path, calibration="scale.json"))
    with pytest.raises(OperatorError, match="is not a calibration"):
        load_calibration(embedder)
    (tmp_path / "scale.json").write_text(calibration("sface").model_dump_json())
    with pytest.raises(OperatorError, match="is for embedder sface, not tiny-"):
        load_calibration(embedder)
    scale = calibration("sface").model_copy(update={"embedder": embedder.identity, "cohort": ""})
    (tmp_path / "scale.json").write_text(scale.model_dump_json())
    assert load_calibration(embedder) == scale


@pytest.mark.models
def test_a_server_with_another_embedder_rejects_the_face_sets(tmp_path: Path, weights: WeightCache) -> None:
    manifest = write_manifest(tmp_path, calibration="scale.json")
    embedder = read_custom_embedder(manifest)
    scale = calibration("sface").model_copy(update={"embedder": embedder.identity, "cohort": ""})
    (tmp_path / "scale.json").write_text(scale.model_dump_json())
    photo = {"image_file": (weights.samples / "obama.jpg").read_bytes()}
    command = real_server_command(tmp_path / "data", weights.directory)
    with (
        running(command, tmp_path / "data", environment={"OPENFRS_EMBEDDER_MANIFEST": str(manifest)}) as server,
        server.http() as client,
    ):
        models = client.get(f"/x/v1/{server.credentials['project_id']}/models").json()
        assert models["embedder"] == embedder.identity
        assert client.post(f"{server.project}/face-sets", json={"face_set_name": "s"}).status_code == 200
        assert client.post(f"{server.project}/face-sets/s/faces", files=photo).status_code == 200
        (match,) = client.post(f"{server.project}/face-sets/s/search", files=photo).json()["faces"]
        assert match["similarity"] == 1
    with running(command, tmp_path / "data") as server, server.http() as client:
        response = client.post(f"{server.project}/face-sets/s/search", files=photo)
        assert response.status_code == 400
        assert f"embedder {embedder.identity}, but this server uses sface" in response.json()["error_msg"]


def test_the_documented_manifest_is_valid(tmp_path: Path) -> None:
    (example,) = re.findall(
        r"```toml\n(.*?)```", (REPOSITORY / "docs" / "how-to" / "custom-embedder.md").read_text("utf-8"), re.DOTALL
    )
    network = tiny_network()
    (tmp_path / "r50.onnx").write_bytes(network)
    text, count = re.subn(r'sha256 = "[^"]*"', f'sha256 = "{hashlib.sha256(network).hexdigest()}"', example)
    assert count == 1
    (tmp_path / "r50.toml").write_text(text)
    embedder = read_custom_embedder(tmp_path / "r50.toml")
    assert embedder.file == tmp_path / "r50.onnx"
    assert embedder.calibration == tmp_path / "r50.calibration.json"
