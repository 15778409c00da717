"""A manifest of tiny weights, and archives that contain them."""

import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from openfrs.vision.weights.manifest import UNATTRIBUTED, Artefact, Manifest, Weight

from .onnx_models import dequantizing, quantised_sample, tiny

VERSION = "1.2"
MEMBERS: Mapping[str, bytes] = {
    "tinyweights/models/one.onnx": tiny(),
    "tinyweights/models/two.onnx": dequantizing(*quantised_sample(), axis=0),
}
OTHER: Mapping[str, bytes] = {"model/three.tflite": b"flat"}
"""Files of an npm package of unstated origin, for an optional weight."""

PHOTOS: Mapping[str, bytes] = {"photos/a.jpg": b"first", "photos/deep/b.jpg": b"second", "other/c.jpg": b"third"}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def wheel(folder: Path, *, ballast: int = 0) -> Path:
    """Write a wheel that pip accepts as tinyweights 1.2, with ``ballast`` incompressible bytes."""
    info = f"tinyweights-{VERSION}.dist-info"
    files = {
        **MEMBERS,
        "tinyweights/ballast": os.urandom(ballast),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tinyweights\nVersion: {VERSION}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    path = folder / f"tinyweights-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def source_archive(folder: Path) -> Path:
    path = folder / "tinyphotos-3.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in PHOTOS.items():
            member = tarfile.TarInfo(f"tinyphotos-3/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def npm_package(folder: Path) -> Path:
    path = folder / "tiny-other-0.1.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in OTHER.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def artefact(path: Path, photos: str = "") -> Artefact:
    registry: Literal["npm", "pypi"] = "npm" if path.suffix == ".tgz" else "pypi"
    name = path.name.removesuffix(".tgz").removesuffix(".tar.gz").removesuffix("-py3-none-any.whl")
    package, _, version = name.rpartition("-")
    return Artefact(
        registry=registry,
        package=package,
        version=version,
        filename=path.name,
        sha256=sha256(path.read_bytes()),
        photos=photos,
    )


def manifest_of(weights: Path, photos: Path) -> Manifest:
    """Return the manifest of a wheel's two weights and a source archive's photos."""
    return Manifest(
        artefacts={"tinyweights": artefact(weights), "samples": artefact(photos, "photos/")},
        weights={
            Path(member).stem: Weight(
                role="detector",
                artefact="tinyweights",
                member=member,
                sha256=sha256(data),
                licence="MIT",
                origin="here",
                input="x",
                output="y",
            )
            for member, data in MEMBERS.items()
        },
    )


def with_other(manifest: Manifest, package: Path) -> Manifest:
    """Return a manifest extended by the weight of an npm package of unstated origin."""
    ((member, data),) = OTHER.items()
    weight = next(iter(manifest.weights.values())).model_copy(
        update={
            "role": "liveness",
            "artefact": "other",
            "member": member,
            "sha256": sha256(data),
            "origin": UNATTRIBUTED,
        }
    )
    return Manifest(
        artefacts={"other": artefact(package), **manifest.artefacts}, weights={"three": weight, **manifest.weights}
    )
