"""Action liveness on labelled clips and on videos made from photographs."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from openfrs.recognition.liveness.action import Observation, is_alive, is_one_person
from openfrs.recognition.liveness.gestures import detect_gestures, neutral_face
from openfrs.recognition.liveness.types import HEAD_ACTIONS, Action

from .results import Chart, Part, Result, Table

Curve = tuple[tuple[float, float], ...]


class ClipResult(Part):
    """The result for one video. Actions are codes with the milliseconds of their peak."""

    name: str
    kind: str
    """``live``, or the kind of attack."""

    labelled: tuple[tuple[int, int], ...] | None
    """Labelled turns and nods; None if the video has no labels."""

    recognised: tuple[tuple[int, int], ...]
    alive: bool
    """True if the video passes silent liveness and the identity check."""

    confidence: float
    """The median of silent liveness."""

    curves: dict[str, Curve]
    """Over time in seconds: yaw and pitch in degrees, eyes and mouth in hundredths."""

    @property
    def head_movements(self) -> tuple[int, ...]:
        """The recognised turns and nods."""
        return tuple(code for code, _ in self.recognised if code in HEAD_ACTIONS)

    @property
    def right(self) -> bool | None:
        """True if exactly the labelled turns and nods were recognised, in order."""
        return None if self.labelled is None else self.head_movements == tuple(code for code, _ in self.labelled)


class ActionResult(Result):
    """Gestures and decisions for all videos of a set."""

    evaluation: Literal["action"] = "action"
    clips: tuple[ClipResult, ...]

    def tables(self) -> list[Table]:
        """One row for each video."""
        rows = [
            (
                clip.name,
                clip.kind,
                "" if clip.labelled is None else _words(clip.labelled),
                _words(clip.recognised),
                {True: "yes", False: "no", None: ""}[clip.right],
                f"{'yes' if clip.alive else 'no'} ({clip.confidence:.2f})",
            )
            for clip in self.clips
        ]
        labelled = [clip for clip in self.clips if clip.labelled is not None]
        notes = [f"{self.data}; {self.models}."]
        if labelled:
            right = sum(bool(clip.right) for clip in labelled)
            notes.append(f"Exactly the labelled turns and nods: {right} of {len(labelled)} videos.")
        for kind in sorted({clip.kind for clip in self.clips}):
            of_kind = [clip for clip in self.clips if clip.kind == kind]
            notes.append(
                f"{kind}: {sum(clip.alive for clip in of_kind)} of {len(of_kind)} pass silent liveness and the identity check."
            )
        columns = ("video", "kind", "labelled", "recognised (s)", "turns and nods correct", "samples pass")
        return [Table("Action liveness", columns, rows, notes)]

    def charts(self) -> list[Chart]:
        """One timeline for each labelled video, with the recognised gestures marked."""
        return [
            Chart(
                f"{index:02d}",
                f"{clip.name} ({clip.kind})",
                "seconds",
                "degrees; hundredths",
                list(clip.curves.items()),
                marks=[(Action(code).name.lower().replace("_", " "), at / 1000) for code, at in clip.recognised],
            )
            for index, clip in enumerate(self.clips)
            if clip.labelled is not None or clip.kind == "live"
        ]


def clip_result(
    name: str, kind: str, labelled: Sequence[tuple[Action, int]] | None, observation: Observation
) -> ClipResult:
    """Compare the gestures of an observation with the labels."""
    neutral = neutral_face(observation.moments)
    gestures = detect_gestures(observation.moments, neutral) if neutral else []
    times = [moment.time / 1000 for moment in observation.moments]
    measures = {
        "yaw": [moment.yaw for moment in observation.moments],
        "pitch": [moment.pitch for moment in observation.moments],
        "eyes": [100 * (moment.eyes or 0) for moment in observation.moments],
        "mouth": [100 * moment.mouth for moment in observation.moments],
    }
    return ClipResult(
        name=name,
        kind=kind,
        labelled=None if labelled is None else tuple((int(action), at) for action, at in labelled),
        recognised=tuple((int(each.action), each.peak) for each in gestures),
        alive=is_alive(observation) and is_one_person(observation),
        confidence=float(np.median(observation.live)) if observation.live else 0.0,
        curves={
            measure: tuple((round(at, 3), round(value, 1)) for at, value in zip(times, values, strict=True))
            for measure, values in measures.items()
        },
    )


def _words(actions: Sequence[tuple[int, int]]) -> str:
    return ", ".join(f"{Action(code).name.lower().replace('_', ' ')} {at / 1000:.1f}" for code, at in actions)
