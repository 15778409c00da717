"""An operator's own embedder, from a tiny ONNX file to a server's answers."""

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
from openfrs.recognition.similarity import calibration, calibration_of
from openfrs.vision.alignment import TEMPLATE, aligned_chip
from openfrs.vision.loading import configured_embedder
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.types import Detection
from openfrs.vision.weights.cache import WeightCache
from openfrs.vision.weights.custom_embedder import CustomEmbedder, read_custom_embedder
from tests.support.servers import REPOSITORY, real_server_command, running

DIMENSION = 6


def tiny_network(side: int = 112) -> bytes:
    """A network that gives the means of the quarters' upper rows and so on: each channel's mean above and below."""
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


def mounted(folder: Path, network: bytes | None = None, **lines: Any) -> Path:
    """A manifest and its ONNX file in a folder."""
    network = tiny_network() if network is None else network
    (folder / "tiny.onnx").write_bytes(network)
    told = {
        "name": "tiny",
        "file": "tiny.onnx",
        "sha256": hashlib.sha256(network).hexdigest(),
        "dimension": DIMENSION,
        **lines,
    }
    file = folder / "tiny.toml"
    file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in told.items()))
    return file


def refused(manifest: Path) -> str:
    with pytest.raises(OperatorError) as caught:
        read_custom_embedder(manifest)
    return str(caught.value)


def test_a_name_is_the_choice_where_no_manifest_is_given(tmp_path: Path) -> None:
    assert configured_embedder(Settings(embedder="fused")) == "fused"
    assert isinstance(
        configured_embedder(Settings(embedder="fused", embedder_manifest=mounted(tmp_path))), CustomEmbedder
    )


def test_files_are_found_beside_the_manifest(tmp_path: Path) -> None:
    own = read_custom_embedder(mounted(tmp_path, calibration="scale.json"))
    assert own.file == tmp_path / "tiny.onnx"
    assert own.calibration == tmp_path / "scale.json"


@pytest.mark.parametrize("lines", [{"mirrored": True}, {"mean": 127.0}, {"channels": "bgr"}, {"name": "other"}])
def test_what_makes_other_embeddings_is_another_embedder(tmp_path: Path, lines: dict[str, Any]) -> None:
    own = read_custom_embedder(mounted(tmp_path))
    assert re.fullmatch(r"tiny-[0-9a-f]{8}", own.identity)
    assert read_custom_embedder(mounted(tmp_path)).identity == own.identity
    assert read_custom_embedder(mounted(tmp_path, **lines)).identity != own.identity


@pytest.mark.parametrize(
    ("lines", "said"),
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
def test_a_manifest_that_is_wrong_is_refused_in_one_line(tmp_path: Path, lines: dict[str, Any], said: str) -> None:
    message = refused(mounted(tmp_path, **lines))
    assert said in message
    assert "\n" not in message


def test_a_manifest_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path / "nowhere.toml")
    (tmp_path / "bad.toml").write_text("name =")
    assert "cannot be read" in refused(tmp_path / "bad.toml")


def test_the_network_is_fed_as_the_manifest_says(tmp_path: Path, weights: WeightCache) -> None:
    own = read_custom_embedder(mounted(tmp_path, channels="bgr", mean=100.0, scale=0.5))
    pipeline = ModelPipeline(weights, Runtime(1), own)
    assert (pipeline.embedder, pipeline.dimension) == (own.identity, DIMENSION)
    image = np.random.default_rng(1).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    (row,) = pipeline.embed(image, [Detection(0, 0, 112, 112, TEMPLATE, 1.0)])
    chip = (aligned_chip(image, TEMPLATE)[:, :, ::-1].astype(np.float64) - 100) * 0.5
    expected = np.stack([chip[:56].mean(axis=(0, 1)), chip[56:].mean(axis=(0, 1))], axis=1).reshape(-1)
    np.testing.assert_allclose(row, expected / np.linalg.norm(expected), atol=1e-5)


def test_a_network_that_is_not_as_the_manifest_says_is_refused(tmp_path: Path, weights: WeightCache) -> None:
    with pytest.raises(OperatorError, match="returns 6 numbers, but its manifest states dimension 512"):
        ModelPipeline(weights, Runtime(1), read_custom_embedder(mounted(tmp_path, dimension=512)))
    with pytest.raises(OperatorError, match="cannot be run on a chip"):
        ModelPipeline(weights, Runtime(1), read_custom_embedder(mounted(tmp_path, tiny_network(64))))
    with pytest.raises(OperatorError, match="cannot be run on a chip"):
        ModelPipeline(weights, Runtime(1), read_custom_embedder(mounted(tmp_path, b"no network")))


def test_the_calibration_must_be_its_own(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="has no calibration; make one"):
        calibration_of(read_custom_embedder(mounted(tmp_path)))
    own = read_custom_embedder(mounted(tmp_path, calibration="scale.json"))
    with pytest.raises(OperatorError, match="is not a calibration"):
        calibration_of(own)
    (tmp_path / "scale.json").write_text(calibration("sface").model_dump_json())
    with pytest.raises(OperatorError, match="is for embedder sface, not tiny-"):
        calibration_of(own)
    scale = calibration("sface").model_copy(update={"embedder": own.identity})
    (tmp_path / "scale.json").write_text(scale.model_dump_json())
    assert calibration_of(own) == scale


@pytest.mark.models
def test_a_server_runs_it_and_one_that_does_not_refuses_its_face_sets(tmp_path: Path, weights: WeightCache) -> None:
    manifest = mounted(tmp_path, calibration="scale.json")
    own = read_custom_embedder(manifest)
    scale = calibration("sface").model_copy(update={"embedder": own.identity})
    (tmp_path / "scale.json").write_text(scale.model_dump_json())
    photo = {"image_file": (weights.samples / "obama.jpg").read_bytes()}
    command = real_server_command(tmp_path / "data", weights.directory)
    with (
        running(command, tmp_path / "data", environment={"OPENFRS_EMBEDDER_MANIFEST": str(manifest)}) as server,
        server.http() as client,
    ):
        models = client.get(f"/x/v1/{server.credentials['project_id']}/models").json()
        assert models["embedder"] == own.identity
        assert client.post(f"{server.project}/face-sets", json={"face_set_name": "s"}).status_code == 200
        assert client.post(f"{server.project}/face-sets/s/faces", files=photo).status_code == 200
        (found,) = client.post(f"{server.project}/face-sets/s/search", files=photo).json()["faces"]
        assert found["similarity"] == 1
    with running(command, tmp_path / "data") as server, server.http() as client:
        answer = client.post(f"{server.project}/face-sets/s/search", files=photo)
        assert answer.status_code == 400
        assert f"embedder {own.identity}, this server runs sface" in answer.json()["error_msg"]


def test_the_documented_manifest_is_one(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", (REPOSITORY / "docs" / "embedders.md").read_text("utf-8"), re.DOTALL)
    network = tiny_network()
    (tmp_path / "r50.onnx").write_bytes(network)
    text, found = re.subn(r'sha256 = "[^"]*"', f'sha256 = "{hashlib.sha256(network).hexdigest()}"', example)
    assert found == 1
    (tmp_path / "r50.toml").write_text(text)
    own = read_custom_embedder(tmp_path / "r50.toml")
    assert own.file == tmp_path / "r50.onnx"
    assert own.calibration == tmp_path / "r50.calibration.json"
