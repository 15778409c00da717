"""The faces that silent liveness is trained on and measured with, and their cues.

There are faces of webcams, of which only the cues are known, images of a set in which nearly every face is another person's, prints
(NUAA), frames of clips, and ordinary photographs of other sets, in which every face is live.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.progress import track

from liveness_cues import CUES
from openfrs.core.errors import OperatorError
from openfrs.core.geometry import BoundingBox
from openfrs.evaluation.datasets.folders import liveness_set
from openfrs.evaluation.datasets.images import labelled_boxes, read_csv
from openfrs.evaluation.suite import padded
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.main_face import main_face
from openfrs.vision.detection.rotation import upright
from openfrs.vision.liveness.context import context
from openfrs.vision.liveness.head import CROPS
from openfrs.vision.liveness.minifasnet import SIDE, network_margin, surroundings
from openfrs.vision.liveness.spectrum import spectrum
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.base import Session
from openfrs.vision.types import Detection, Image

Floats = np.ndarray[Any, np.dtype[np.float64]]

NETWORK: Final = "network"
"""The network's margin at the crop that it was trained with."""

WIDE: Final = "wide"
"""Its margin at the wide crop."""

DIVERSE: Final = "diverse"
PRINTS: Final = "NUAA"
CLIPS: Final = "clips"
ORDINARY: Final = ("LFW", "UTKFace", "street")
"""Sets of ordinary photographs."""

_KINDS: Final = {
    "phone": "phone",
    "phone_video": "phone",
    "print_idcard": "print",
    "print_photo": "print",
    "screen_closeup": "other screen",
    "tv": "other screen",
    "device": "device",
    "photo": "print",
    "mask": "paper mask",
}
"""Kind of attack by the label of the webcams or of the diverse set."""


@dataclass(frozen=True)
class Sample:
    """A face with its source, kind of attack ("" is live), person and clip; nothing is known of a face's image without ``path``."""

    source: str
    kind: str
    person: str
    clip: str
    path: Path | None = None
    pad: float = 0.0
    """Padding as a share of the image's side."""

    box: BoundingBox | None = None
    """The labelled box, which contains the face; the main face of the image without one."""


def webcams(data: Path) -> tuple[list[Sample], dict[str, Floats]]:
    """Return the faces of the webcams and their cues by name, each of shape (faces, cues)."""
    with (data / "spoof" / "cues" / "webcams.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    samples = [
        Sample(
            row["camera"],
            "" if row["label"] == "live" else _KINDS[row["attack"]],
            f"{row['camera']} {row['person']}",
            row["camera"],
        )
        for row in rows
    ]

    def columns(*names: str) -> Floats:
        return np.array([[float(row[name]) for name in names] for row in rows])

    cues = {
        name: columns(*(column for column in rows[0] if column.startswith(f"{name}_")))
        for name in ("spectrum", "context", *CUES)
    }
    own, wide = (f"margin_{factor:.1f}" for factor in CROPS)
    return samples, {NETWORK: columns(own), WIDE: columns(wide), **cues}


def image_samples(data: Path) -> Iterator[Sample]:
    """Yield the faces of which there are images: diverse people, prints and clips, then ordinary photographs."""
    labels = data / "spoof" / "diverse" / "labels.csv"
    for row in read_csv(labels, "path", "label", "attack", "x", "y", "w", "h"):
        box = BoundingBox(*(round(float(row[name])) for name in ("x", "y", "w", "h")))
        kind = "" if row["label"] == "live" else _KINDS[row["attack"]]
        yield Sample(DIVERSE, kind, row["path"], row["path"], labels.parent / row["path"], box=box)
    labelled = liveness_set(data)
    if labelled is None:
        raise OperatorError(f"{data} has no labelled images for liveness")
    for (path, kind), person, clip in zip(labelled.items, labelled.people, labelled.clips, strict=True):
        yield Sample(PRINTS if person.startswith("print ") else CLIPS, kind, person, clip, path)
    for path in sorted((data / "lfw-dev" / "images").rglob("*.jpg"))[3::14]:
        yield Sample("LFW", "", path.parent.name, path.name, path)
    for row in read_csv(data / "age-gender" / "labels.csv", "path")[::8]:
        yield Sample("UTKFace", "", row["path"], row["path"], data / "age-gender" / row["path"], pad=0.3)
    for path in labelled_boxes(data / "detection" / "boxes.jsonl")[0]:
        yield Sample("street", "", path.name, path.name, path)


def extract_cues(samples: Sequence[Sample], pipeline: ModelPipeline, session: Session) -> dict[str, Floats]:
    """Return the cues of the face of every sample by name, each of shape (samples, cues); NaN without a face."""
    rows: list[dict[str, Floats] | None] = []
    for sample in track(samples, "extracting cues"):
        assert sample.path is not None
        image = padded(EncodedImage.from_file(sample.path).decode(), sample.pad)
        face = _face(pipeline.detect(image), image, sample.box)
        rows.append(None if face is None else _cues(session, *upright(image, face)))
    template = next(row for row in rows if row)
    return {
        name: np.array([row[name] if row else np.full(value.size, np.nan) for row in rows])
        for name, value in template.items()
    }


def _face(faces: Sequence[Detection], image: Image, box: BoundingBox | None) -> Detection | None:
    """Return the main face, or the largest one whose centre is in the box."""
    if box is None:
        return main_face(faces, image)
    return next((face for face in faces if _is_centred_in(face, box)), None)


def _is_centred_in(face: Detection, box: BoundingBox) -> bool:
    across, down = face.left + face.width / 2, face.top + face.height / 2
    return box.left <= across <= box.left + box.width and box.top <= down <= box.top + box.height


def _cues(session: Session, image: Image, face: Detection) -> dict[str, Floats]:
    margins = np.array([network_margin(session, surroundings(image, face, factor, SIDE)) for factor in CROPS])
    cues: Mapping[str, Floats] = {name: cue(image, face) for name, cue in CUES.items()}
    return {
        NETWORK: margins[:1],
        WIDE: margins[1:],
        "spectrum": spectrum(image, face),
        "context": context(image, face),
        **cues,
    }
