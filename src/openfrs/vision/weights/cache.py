"""The directory of model weights: what is there, what it must be, and how it gets there.

Each weight is kept twice: as it was published (``yunet.source.onnx``), and as the runtime reads it (``yunet.onnx``, with the
source's hash and its own in ``yunet.json``). Detector and embedder are required; what needs another weight that is not there
is left out of answers. The service reads only the second; nothing here needs a network after ``fetch``.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from openfrs.core.errors import OperatorError
from openfrs.core.files import replacing

from .download import Progress, downloaded, members, sha256_of
from .manifest import Artefact, Manifest, Weight, manifest

CONVERSION = "2"
"""Changes when the conversion does, so that weights converted by an earlier release are converted again."""


class State(StrEnum):
    """What the directory holds of a weight."""

    READY = "ready"
    MISSING = "missing"
    ALTERED = "altered"


@dataclass(frozen=True)
class WeightCache:
    """The weights of one directory."""

    directory: Path
    manifest: Manifest

    @classmethod
    def open(cls, directory: Path, *, unattributed: bool = True) -> "WeightCache":
        """The weights of ``directory``, held against the manifest of this package.

        ``unattributed`` is whether weights whose origin is not stated are among them.
        """
        return cls(directory, manifest() if unattributed else manifest().attributed())

    @property
    def samples(self) -> Path:
        """Folder of the sample photos, once fetched."""
        return self.directory / "samples"

    def path(self, name: str) -> Path:
        """File the runtime reads for the weight ``name``."""
        return self.directory / f"{name}{self._suffix(name)}"

    def state(self, name: str) -> State:
        """Whether the weight is there and is what the manifest and the conversion say."""
        source, ready, record = self._source(name), self.path(name), self._record(name)
        if not (source.is_file() and ready.is_file() and record.is_file()):
            return State.MISSING
        expected = {"conversion": CONVERSION, "source": self.manifest.weights[name].sha256, "sha256": sha256_of(ready)}
        try:
            recorded = json.loads(record.read_bytes())
        except ValueError:
            return State.ALTERED
        return State.READY if recorded == expected and sha256_of(source) == expected["source"] else State.ALTERED

    def states(self) -> dict[str, State]:
        """The state of every weight of the manifest."""
        return {name: self.state(name) for name in self.manifest.weights}

    def require(self, names: Collection[str] | None = None) -> None:
        """Check the weights that the service cannot do without: those named, else the detector and the default embedder.

        Raises:
            OperatorError: one is missing or altered, or is not to be used because its origin is not stated.
        """
        if names is None:
            names = [name for name, weight in self.manifest.weights.items() if weight.required]
        for name in names:
            if name not in self.manifest.weights:
                raise OperatorError(
                    f"model weight {name} is of unstated origin; allow it: OPENFRS_UNATTRIBUTED_WEIGHTS"
                )
            state = self.state(name)
            if state is State.MISSING:
                raise OperatorError(f"model weight {name} is missing from {self.directory}; run: openfrs models fetch")
            if state is State.ALTERED:
                raise OperatorError(f"model weight {name} in {self.directory} is altered; run: openfrs models fetch")

    def fetch(self, progress: Callable[[str], Progress], *, samples: bool = False) -> list[str]:
        """Bring in every weight that is not ready, and the sample photos if asked for. What was published is fetched once.

        ``progress`` makes a progress callback for an artefact's name. What the service cannot do without comes first; of what
        it can do without, the reasons why it could not be fetched are returned.

        Raises:
            OperatorError: an artefact that is needed cannot be fetched; those before it are there.
        """
        lacking = {
            name for name, state in self.states().items() if state is not State.READY and not self._converted(name)
        }
        wanted = {self.manifest.weights[name].artefact for name in lacking}
        required = {weight.artefact for weight in self.manifest.weights.values() if weight.required}
        if samples and not self.samples.is_dir():
            photos = {name for name, artefact in self.manifest.artefacts.items() if artefact.photos}
            wanted, required = wanted | photos, required | photos
        left_out = []
        for name in sorted(wanted, key=lambda name: (name not in required, self._is_from_npm(name), name)):
            artefact = self.manifest.artefacts[name]
            try:
                with downloaded(artefact, progress(name)) as path:
                    self._unpack(name, artefact, path)
            except OperatorError as error:
                if name in required:
                    raise
                left_out.append(str(error))
        return left_out

    def import_file(self, path: Path) -> list[str]:
        """Take weights from a file brought by hand: an artefact of the manifest, or one of its files.

        Returns the names of what it held.

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
        raise OperatorError(f"{path} is none of the manifest's artefacts or weights (SHA-256 {digest})")

    def _unpack(self, artefact_name: str, artefact: Artefact, path: Path) -> list[str]:
        files = members(path)
        names = [name for name, weight in self.manifest.weights.items() if weight.artefact == artefact_name]
        for name in names:
            weight = self.manifest.weights[name]
            self._install(name, weight, files[weight.member])
        if artefact.photos:
            photos = {Path(name).name: data for name, data in files.items() if name.startswith(artefact.photos)}
            write_all(self.samples, photos)
            names.append("samples")
        return names

    def _install(self, name: str, weight: Weight, source: bytes) -> None:
        if hashlib.sha256(source).hexdigest() != weight.sha256:
            raise OperatorError(f"model weight {name} is not the file the manifest names")
        from .conversion import fold_dequantization  # brings onnx along, which takes long to load and no server needs

        ready = fold_dequantization(source) if self._suffix(name) == ".onnx" else source
        record = {"conversion": CONVERSION, "source": weight.sha256, "sha256": hashlib.sha256(ready).hexdigest()}
        files = {self._source(name): source, self.path(name): ready, self._record(name): json.dumps(record).encode()}
        write_all(self.directory, {path.name: data for path, data in files.items()})

    def _converted(self, name: str) -> bool:
        """Whether the weight is ready now, from what is kept of it as it was published."""
        source, weight = self._source(name), self.manifest.weights[name]
        kept = source.is_file() and sha256_of(source) == weight.sha256
        if kept:
            self._install(name, weight, source.read_bytes())
        return kept

    def _is_from_npm(self, artefact: str) -> bool:
        """Not every machine has npm, so what comes from there comes last."""
        return self.manifest.artefacts[artefact].registry == "npm"

    def _source(self, name: str) -> Path:
        return self.directory / f"{name}.source{self._suffix(name)}"

    def _suffix(self, name: str) -> str:
        return Path(self.manifest.weights[name].member).suffix

    def _record(self, name: str) -> Path:
        return self.directory / f"{name}.json"


def write_all(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write files so that none is ever seen half written.

    Raises:
        OperatorError: the directory cannot be written to.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            with replacing(directory / name, durable=False) as temporary:
                temporary.write_bytes(data)
    except OSError as error:
        raise OperatorError(f"cannot write to {directory}: {error.strerror}") from error
