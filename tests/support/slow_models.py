"""A server with fake models whose attributes take until a file exists.

Run as a program with a data directory and a folder: the folder gets the files ``started`` and ``ended``, and work ends when it has
the file ``end``.
"""

import sys
from collections.abc import Collection
from functools import partial
from pathlib import Path

from openfrs.core.settings import Settings
from openfrs.server.main import serve
from openfrs.vision.attributes.types import Trait, Traits
from openfrs.vision.types import Detection, Image

from . import vision_jobs
from .fake_models import FakePipeline, identify


class SlowPipeline(FakePipeline):
    """Describes a face in pieces until a file exists."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def describe(self, image: Image, face: Detection, traits: Collection[Trait]) -> Traits:
        vision_jobs.work_until(self, self._folder)
        return super().describe(image, face, traits)


def load_slow(_settings: Settings, *, folder: Path) -> SlowPipeline:
    return SlowPipeline(folder)


if __name__ == "__main__":
    load_pipeline = partial(load_slow, folder=Path(sys.argv[2]))
    serve(Settings(data=Path(sys.argv[1]), port=0), load_pipeline=load_pipeline, identify_models=identify)
