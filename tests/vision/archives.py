"""A manifest of tiny weights, and archives that hold them."""

import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from openfrs.vision.manifest import Artefact, Manifest, Weight

from .models import dequantizing, quantised_sample, tiny

VERSION = "1.2"
MEMBERS: Mapping[str, bytes] = {
    "tinyweights/models/one.onnx": tiny(),
    "tinyweights/models/two.onnx": dequantizing(*quantised_sample(), axis=0),
}
PHOTOS: Mapping[str, bytes] = {"photos/a.jpg": b"first", "photos/deep/b.jpg": b"second", "other/c.jpg": b"third"}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def wheel(folder: Path, *, ballast: int = 0) -> Path:
    """A wheel that pip takes for tinyweights 1.2, with so many bytes that do not compress."""
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


def artefact(path: Path, photos: str = "") -> Artefact:
    package, version = path.name.removesuffix(".tar.gz").split("-")[:2]
    return Artefact(
        registry="pypi",
        package=package,
        version=version,
        filename=path.name,
        sha256=sha256(path.read_bytes()),
        photos=photos,
    )


def manifest_of(weights: Path, photos: Path) -> Manifest:
    """The manifest of a wheel's two weights and a source archive's photos."""
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
                precision="f32",
            )
            for member, data in MEMBERS.items()
        },
    )
