"""Folders of labelled images for the evaluation, and predictors that need no models."""

from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

from openfrs.vision.types import Detection, Image

from .fake_models import FakePipeline, photo

PEOPLE = {
    "anna": (200, 40, 40),
    "bert": (40, 200, 40),
    "cleo": (40, 40, 200),
    "dora": (200, 200, 40),
    "emil": (40, 200, 200),
}
SEVERAL = {"anna": 3, "bert": 2}

Eval = Callable[..., Result]


class CountingPipeline(FakePipeline):
    """Counts detections, and fails at detection number ``fails_at``."""

    def __init__(self) -> None:
        self.detections = 0
        self.fails_at = 0

    def detect(self, image: Image) -> list[Detection]:
        self.detections += 1
        if self.detections == self.fails_at:
            raise KeyboardInterrupt
        return super().detect(image)

    def detect_large(self, image: Image) -> list[Detection]:
        return super().detect(image)


class RednessPredictor:
    """Predicts attributes from the colour of the middle of the face."""

    name = "redness"
    attributes = ("gender", "age", "live")

    def predict(self, image: Image, face: Detection, attribute: str) -> str | float | None:
        x, y = face.landmarks[0].astype(int)
        red = int(image[y, x, 0])
        if attribute == "gender":
            return "female" if red > 100 else None
        return red / 255 if attribute == "live" else red / 10 + 10


def write_data_directory(folder: Path) -> Path:
    """Write a directory with small labelled data sets, and return it."""
    (folder / "age-gender" / "images").mkdir(parents=True)
    printed = folder / "spoof" / "print"
    printed.mkdir(parents=True)
    people, frames = ["path,age,gender"], ["path,label,attack,subject,glasses_code,pos_code,session,frame"]
    for name, colour in PEOPLE.items():
        (folder / "age-gender" / "images" / f"{name}.png").write_bytes(photo(colour))
        people.append(f"images/{name}.png,{colour[0] // 10 + 10},{'F' if colour[0] > 100 else 'M'}")
        (printed / f"{name}.png").write_bytes(photo(colour))
        real = colour[0] > 100
        for person in (1, 2):
            label = "real," if real else "spoof,print"
            frames.append(f"{name}.png,{label},{person},00,01,02,3")
    (folder / "age-gender" / "labels.csv").write_text("\n".join(people))
    (printed / "labels.csv").write_text("\n".join(frames))
    return folder
