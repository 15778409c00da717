"""An operator's own embedder: an ArcFace-style ONNX file, and a TOML file that says what it is."""

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from openfrs.core.errors import OperatorError

from .download import sha256_of
from .manifest import Preprocessing, manifest


class CustomEmbedder(BaseModel):
    """A network that takes one aligned chip, shape (1, 3, 112, 112), and gives ``dimension`` numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,48}$")]
    file: Path
    """The ONNX file; like the calibration, relative to the manifest's folder."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    dimension: Annotated[int, Field(ge=1, le=4096)]
    channels: Literal["rgb", "bgr"] = "rgb"
    mean: float = 127.5
    scale: float = 1 / 127.5
    mirrored: bool = False
    """Whether the chip's mirror image is embedded too, at twice the cost, and the mean direction taken."""

    precision: Literal["f32", "bf16"] = "f32"
    calibration: Path | None = None
    """What ``openfrs eval calibrate`` wrote; the service does not start without it."""

    @property
    def identity(self) -> str:
        """What face sets remember. Another file, or one that is fed in another way, is another embedder."""
        fed = f"{self.sha256} {self.channels} {self.mean} {self.scale} {self.mirrored}"
        return f"{self.name}-{hashlib.sha256(fed.encode()).hexdigest()[:8]}"

    @property
    def preprocessing(self) -> Preprocessing:
        """How the network is fed."""
        return Preprocessing(channels=self.channels, mean=self.mean, scale=self.scale)


def read_custom_embedder(manifest: Path) -> CustomEmbedder:
    """An operator's embedder, its files checked.

    Raises:
        OperatorError: the manifest or the ONNX file cannot be used.
    """
    try:
        own = CustomEmbedder.model_validate(tomllib.loads(manifest.read_text("utf-8")))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise OperatorError(f"{manifest}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (OSError, ValueError) as error:
        raise OperatorError(f"the embedder's manifest {manifest} cannot be read: {error}") from error
    calibration = None if own.calibration is None else manifest.parent / own.calibration
    own = own.model_copy(update={"file": manifest.parent / own.file, "calibration": calibration})
    if not own.file.is_file():
        raise OperatorError(f"{own.file}, which {manifest} names, is not a file")
    if (digest := sha256_of(own.file)) != own.sha256:
        raise OperatorError(f"{own.file} is not the file that {manifest} names: its SHA-256 is {digest}")
    return own


def embedder_identity(embedder: str | CustomEmbedder) -> tuple[str, int]:
    """Return the identity that face sets store for an embedder, and the length of its embeddings."""
    if isinstance(embedder, CustomEmbedder):
        return embedder.identity, embedder.dimension
    return embedder, manifest().dimension(embedder)
