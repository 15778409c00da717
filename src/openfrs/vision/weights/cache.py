"""The directory of model weights.

Each weight is stored twice: the published file (``yunet.source.onnx``), and the converted file that the runtime reads
(``yunet.onnx``, with the hashes of both in ``yunet.json``). The service reads only the converted file and needs no network after
``fetch``. The detector and the embedder are required; if another weight is missing, results that need it are omitted.
"""

import hashlib
import json
import shlex
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from openfrs.core.errors import OperatorError
from openfrs.core.files import replacing
from openfrs.core.settings import Settings

from .download import Progress, download, read_members, sha256_of
from .manifest import Artefact, Manifest, Weight, manifest

CONVERSION = "2"
"""Version of the conversion. Weights converted by an earlier version are converted again."""


class State(StrEnum):
    """State of a weight in the directory."""

    READY = "ready"
    MISSING = "missing"
    ALTERED = "altered"


@dataclass(frozen=True)
class WeightCache:
    """The model weights in a directory."""

    directory: Path
    manifest: Manifest

    @classmethod
    def open(cls, directory: Path, *, unattributed: bool = True) -> "WeightCache":
        """Open a directory with the manifest of this package. ``unattributed`` includes weights of unstated origin."""
        return cls(directory, manifest() if unattributed else manifest().attributed())

    @property
    def samples(self) -> Path:
        """Directory of the sample photos, present after they are fetched."""
        return self.directory / "samples"

    @property
    def fetch_command(self) -> str:
        """The command that fetches the weights to this directory."""
        default = Settings.model_fields["models"].get_default(call_default_factory=True)
        return "openfrs models fetch" + (
            "" if self.directory == default else f" --models {shlex.quote(str(self.directory))}"
        )

    def path(self, name: str) -> Path:
        """Return the converted file of a weight."""
        return self.directory / f"{name}{self._suffix(name)}"

    def state(self, name: str) -> State:
        """Return the state of a weight; its files are compared with the manifest and the conversion record."""
        source, converted, record = self._source(name), self.path(name), self._record(name)
        if not (source.is_file() and converted.is_file() and record.is_file()):
            return State.MISSING
        expected = _conversion_record(self.manifest.weights[name], sha256_of(converted))
        try:
            recorded = json.loads(record.read_bytes())
        except ValueError:
            return State.ALTERED
        return State.READY if recorded == expected and sha256_of(source) == expected["source"] else State.ALTERED

    def states(self) -> dict[str, State]:
        """Return the state of every weight of the manifest."""
        return {name: self.state(name) for name in self.manifest.weights}

    def require(self, names: Collection[str] | None = None) -> None:
        """Check that required weights are ready: those named, or else the detector and the default embedder.

        Raises:
            OperatorError: a weight is missing or altered, or is excluded because its origin is not stated.
        """
        if names is None:
            names = [name for name, weight in self.manifest.weights.items() if weight.required]
        for name in names:
            if name not in self.manifest.weights:
                raise OperatorError(
                    f"model weight {name} is of unstated origin; allow it with OPENFRS_UNATTRIBUTED_WEIGHTS=true"
                )
            state = self.state(name)
            if state is State.MISSING:
                raise OperatorError(f"model weight {name} is missing from {self.directory}; run: {self.fetch_command}")
            if state is State.ALTERED:
                raise OperatorError(f"model weight {name} in {self.directory} is altered; run: {self.fetch_command}")

    def fetch(self, progress: Callable[[str], Progress], *, samples: bool = False) -> list[str]:
        """Download every weight that is not ready, and the sample photos on request. Required artefacts come first.

        Weights whose published file is present are converted again without a download. ``progress`` creates a progress callback
        for an artefact's name.

        Returns:
            Reasons why optional artefacts could not be fetched.

        Raises:
            OperatorError: the directory cannot be written to, which is checked before a download; or a required artefact cannot be
                fetched. Artefacts fetched before it are kept.
        """
        missing = {
            name for name, state in self.states().items() if state is not State.READY and not self._convert_again(name)
        }
        needed = {self.manifest.weights[name].artefact for name in missing}
        required = {weight.artefact for weight in self.manifest.weights.values() if weight.required}
        if samples and not self.samples.is_dir():
            photos = {name for name, artefact in self.manifest.artefacts.items() if artefact.photos}
            needed, required = needed | photos, required | photos
        if needed:
            _require_writable(self.directory)
        failures = []
        for name in sorted(needed, key=lambda name: (name not in required, self._is_from_npm(name), name)):
            artefact = self.manifest.artefacts[name]
            try:
                with download(artefact, progress(name)) as path:
                    self._unpack(name, artefact, path)
            except OperatorError as error:
                if name in required:
                    raise
                failures.append(str(error))
        return failures

    def import_file(self, path: Path) -> list[str]:
        """Import weights from a file: an artefact of the manifest, or one weight file.

        Returns:
            Names of the imported weights.

        Raises:
            OperatorError: the file is not in the manifest.
        """
        if not path.is_file():
            raise OperatorError(f"{path} is not a file")
        digest = sha256_of(path)
        for name, artefact in self.manifest.artefacts.items():
            if artefact.sha256 == digest:
                return self._unpack(name, artefact, path)
        for name, weight in self.manifest.weights.items():
            if weight.sha256 == digest:
                self._install(name, weight, path.read_bytes())
                return [name]
        raise OperatorError(f"{path} is not an artefact or a weight of the manifest (SHA-256 {digest})")

    def _unpack(self, artefact_name: str, artefact: Artefact, path: Path) -> list[str]:
        files = read_members(path)
        names = [name for name, weight in self.manifest.weights.items() if weight.artefact == artefact_name]
        for name in names:
            weight = self.manifest.weights[name]
            self._install(name, weight, files[weight.member])
        if artefact.photos:
            photos = {Path(name).name: data for name, data in files.items() if name.startswith(artefact.photos)}
            write_files(self.samples, photos)
            names.append("samples")
        return names

    def _install(self, name: str, weight: Weight, source: bytes) -> None:
        if hashlib.sha256(source).hexdigest() != weight.sha256:
            raise OperatorError(f"model weight {name} does not match the SHA-256 in the manifest")
        from .conversion import fold_dequantization  # imports onnx, which loads slowly and no server needs

        converted = fold_dequantization(source) if self._suffix(name) == ".onnx" else source
        record = json.dumps(_conversion_record(weight, hashlib.sha256(converted).hexdigest())).encode()
        files = {self._source(name): source, self.path(name): converted, self._record(name): record}
        write_files(self.directory, {path.name: data for path, data in files.items()})

    def _convert_again(self, name: str) -> bool:
        """Convert a weight from its published file; return False if that file is missing or altered."""
        source, weight = self._source(name), self.manifest.weights[name]
        intact = source.is_file() and sha256_of(source) == weight.sha256
        if intact:
            self._install(name, weight, source.read_bytes())
        return intact

    def _is_from_npm(self, artefact: str) -> bool:
        """Return whether npm delivers an artefact. Such artefacts are fetched last, because npm may not be installed."""
        return self.manifest.artefacts[artefact].registry == "npm"

    def _source(self, name: str) -> Path:
        return self.directory / f"{name}.source{self._suffix(name)}"

    def _suffix(self, name: str) -> str:
        return Path(self.manifest.weights[name].member).suffix

    def _record(self, name: str) -> Path:
        return self.directory / f"{name}.json"


def _conversion_record(weight: Weight, sha256: str) -> dict[str, str]:
    """Return the record of a converted file with the hash ``sha256``."""
    return {"conversion": CONVERSION, "source": weight.sha256, "sha256": sha256}


def _require_writable(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise _not_writable(directory, error) from error


def _not_writable(directory: Path, error: OSError) -> OperatorError:
    return OperatorError(f"cannot write to {directory}: {error.strerror}")


def write_files(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write files to a directory, each atomically.

    Raises:
        OperatorError: the directory cannot be written to.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            with replacing(directory / name, durable=False) as temporary:
                temporary.write_bytes(data)
    except OSError as error:
        raise _not_writable(directory, error) from error
