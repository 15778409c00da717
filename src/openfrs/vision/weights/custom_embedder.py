"""Custom embedders: an ArcFace-style ONNX file, described by a TOML manifest."""

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from openfrs.core.errors import OperatorError

from .download import sha256_of
from .manifest import Preprocessing, manifest


class CustomEmbedder(BaseModel):
    """The manifest of a network with input shape (1, 3, 112, 112), one aligned chip, and ``dimension`` outputs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,48}$")]
    file: Path
    """The ONNX file. Paths are relative to the manifest's directory."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    dimension: Annotated[int, Field(ge=1, le=4096)]
    channels: Literal["rgb", "bgr"] = "rgb"
    mean: float = 127.5
    scale: float = 1 / 127.5
    mirrored: bool = False
    """Average the embeddings of the chip and its mirror image, at twice the cost."""

    precision: Literal["f32", "bf16"] = "f32"
    calibration: Path | None = None
    """File written by ``openfrs eval calibrate``. The service does not start without it."""

    cohort: Path | None = None
    """File written by ``openfrs eval cohort``, which the calibration was made with; None if it was made without one."""

    @property
    def identity(self) -> str:
        """The identity stored in face sets. A change of the file or of its preprocessing gives another identity."""
        content = f"{self.sha256} {self.channels} {self.mean} {self.scale} {self.mirrored}"
        return f"{self.name}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"

    @property
    def preprocessing(self) -> Preprocessing:
        """Preprocessing of the network's input."""
        return Preprocessing(channels=self.channels, mean=self.mean, scale=self.scale)


def read_custom_embedder(manifest: Path) -> CustomEmbedder:
    """Read the manifest of a custom embedder and check the hash of its ONNX file.

    Raises:
        OperatorError: the manifest or the ONNX file cannot be used.
    """
    try:
        embedder = CustomEmbedder.model_validate(tomllib.loads(manifest.read_text("utf-8")))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise OperatorError(f"{manifest}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (OSError, ValueError) as error:
        raise OperatorError(f"embedder manifest {manifest} cannot be read: {error}") from error
    file = manifest.parent / embedder.file
    if not file.is_file():
        raise OperatorError(f"{file}, named in {manifest}, is not a file")
    if (digest := sha256_of(file)) != embedder.sha256:
        raise OperatorError(f"{file} has SHA-256 {digest}, but {manifest} states {embedder.sha256}")
    optional = {"calibration": embedder.calibration, "cohort": embedder.cohort}
    paths = {name: None if path is None else manifest.parent / path for name, path in optional.items()}
    return embedder.model_copy(update={"file": file, **paths})


def embedder_identity(embedder: str | CustomEmbedder) -> tuple[str, int]:
    """Return the identity that face sets store for an embedder, and the length of its embeddings."""
    if isinstance(embedder, CustomEmbedder):
        return embedder.identity, embedder.dimension
    return embedder, manifest().dimension(embedder)
