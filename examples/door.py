"""A door with a camera: open it for a person of a face set who is seen alive in several frames.

Usage: ``python examples/door.py data/credentials.json FACE_SET [--camera NUMBER-OR-FILE] [--threshold 0.95]``

It prints a line instead of opening a door.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2

from openfrs.client import ApiError, Client, Password, operations

FRAMES_PER_SECOND = 2.0


@dataclass
class Door:
    """Decides from consecutive frames. One good frame is not enough: chance and attacks rarely repeat themselves."""

    client: Client
    face_set: str
    threshold: float
    needed: int = 3
    person: str = ""
    seen: int = 0

    def look(self, frame: bytes) -> str:
        """Judge a JPEG frame; return the name of the person to open for, or an empty text."""
        person = self._recognize(frame)
        self.seen = self.seen + 1 if person and person == self.person else int(bool(person))
        self.person = person
        if self.seen < self.needed or not self._is_alive(frame):
            return ""
        self.seen = 0
        return person

    def _recognize(self, frame: bytes) -> str:
        try:
            found = self.client.send(
                operations.search_faces(self.face_set, image=frame, top_n=1, threshold=self.threshold)
            )
        except ApiError as error:
            if error.code == "FRS.0304":  # the frame shows no face
                return ""
            raise
        return found.faces[0].external_image_id if found.faces else ""

    def _is_alive(self, frame: bytes) -> bool:
        return self.client.send(operations.detect_silent_liveness(image=frame)).result.alive


def frames(camera: str) -> Iterator[bytes]:
    """Yield JPEG frames of a camera or a video file until it ends, at :data:`FRAMES_PER_SECOND`."""
    video = cv2.VideoCapture(int(camera) if camera.isdigit() else camera)
    due = time.monotonic()
    while video.grab():  # frames in between are read, so that the next one is current
        if time.monotonic() < due and camera.isdigit():
            continue
        due = time.monotonic() + 1 / FRAMES_PER_SECOND
        success, frame = video.retrieve()
        if success:
            yield cv2.imencode(".jpg", frame)[1].tobytes()


def main() -> None:
    """Watch the camera and print for whom the door opens."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("credentials", type=Path)
    parser.add_argument("face_set")
    parser.add_argument("--camera", default="0")
    parser.add_argument("--threshold", type=float, default=0.95)
    arguments = parser.parse_args()
    keys = json.loads(arguments.credentials.read_text("utf-8"))
    account = Password(keys["user"], keys["password"], domain=keys["domain"], project=keys["project_name"])
    with Client(keys["endpoint"], account) as client:
        door = Door(client, arguments.face_set, arguments.threshold)
        for frame in frames(arguments.camera):
            person = door.look(frame)
            if person:
                print(f"open for {person}", flush=True)


if __name__ == "__main__":
    main()
