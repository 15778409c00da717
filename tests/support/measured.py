"""Decode files in a process of its own and print, as JSON, what came of each and the memory it took.

A fresh process, because the highest memory use of one that has already decoded pictures says nothing.
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
    """What came of a file, and the megabytes the peak of memory rose by."""

    file: Path
    said: str
    megabytes: float


def measured(files: Iterable[Path]) -> list[Outcome]:
    names = "\n".join(map(str, files))
    command = [sys.executable, "-W", "error", "-m", __name__]
    done = subprocess.run(command, input=names, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=120)
    return [Outcome(Path(name), *rest) for name, *rest in json.loads(done.stdout)]


def _said(data: bytes) -> str:
    try:
        picture = EncodedImage(data, "picture").decode()
    except ServiceError as error:
        return error.entry.key
    return f"{picture.dtype} {picture.ndim} {picture.shape[2]}"


def _peak() -> float:
    """Megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << (20 if sys.platform == "darwin" else 10))


if __name__ == "__main__":
    outcomes = []
    for line in sys.stdin.read().splitlines():
        content = Path(line).read_bytes()
        before = _peak()
        said = _said(content)
        outcomes.append((line, said, _peak() - before))
    print(json.dumps(outcomes))
