"""Decode files in a child process, and print the result and the memory use of each as JSON.

The process must be new: the peak memory of a process that has decoded images before is meaningless.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from openfrs.core.errors import ServiceError
from openfrs.media.decoding.image import EncodedImage

from .servers import REPOSITORY


@dataclass(frozen=True)
class Outcome:
    """The result of decoding a file, and the increase of the peak memory in megabytes."""

    file: Path
    result: str
    megabytes: float


def decode_in_subprocess(files: Iterable[Path]) -> list[Outcome]:
    """Decode files in one child process."""
    names = "\n".join(map(str, files))
    command = [sys.executable, "-W", "error", "-m", __name__]
    process = subprocess.run(
        command, input=names, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=120
    )
    return [Outcome(Path(name), *values) for name, *values in json.loads(process.stdout)]


def _decode(data: bytes) -> str:
    try:
        image = EncodedImage(data, "image").decode()
    except ServiceError as error:
        return error.entry.key
    return f"{image.dtype} {image.ndim} {image.shape[2]}"


def _peak() -> float:
    """Return the peak memory of this process in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << (20 if sys.platform == "darwin" else 10))


if __name__ == "__main__":
    outcomes = []
    for line in sys.stdin.read().splitlines():
        content = Path(line).read_bytes()
        before = _peak()
        result = _decode(content)
        outcomes.append((line, result, _peak() - before))
    print(json.dumps(outcomes))
