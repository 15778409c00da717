"""Enrol sample photos, search for a person and compare two photos with Huawei's official SDK.

Uses the running server whose credentials are in ``data/credentials.json``, or starts a temporary one. With ``--keep`` the face
set is left to look at; a server that the demonstration then has to start uses the data directory of the settings.
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkfrs.v2 import (
    AddFacesBase64Req,
    AddFacesByBase64Request,
    CompareFaceByBase64Request,
    CreateFaceSetReq,
    CreateFaceSetRequest,
    DeleteFaceSetRequest,
    FaceCompareBase64Req,
    FaceSearchBase64Req,
    FrsClient,
    SearchFaceByBase64Request,
    TypeInfo,
)
from rich.console import Console
from rich.table import Table

from openfrs.core.settings import Settings
from openfrs.vision.weights.cache import WeightCache

FACE_SET = f"demo-{os.getpid()}"
ENROLLED = {"obama": "obama.jpg", "biden": "biden.jpg"}
PROBES = ("obama2.jpg", "obama3.jpg", "obama_partial_face.jpg", "obama_partial_face2.jpg")
SAME_PERSON = 0.93


@contextmanager
def credentials(*, keep: bool) -> Iterator[dict[str, str]]:
    """Yield the credentials of the running server, or of one that is started for the block, with data to keep or temporary ones."""
    known = Settings().data / "credentials.json"
    if known.is_file():
        found: dict[str, str] = json.loads(known.read_text("utf-8"))
        try:
            urllib.request.urlopen(f"{found['endpoint']}/ready", timeout=2).close()  # noqa: S310  # the local server
        except OSError:
            print("No server is running; starting one for the demonstration.")
        else:
            yield found
            return
    with tempfile.TemporaryDirectory(prefix="openfrs-demo-") as folder:
        data = Settings().data if keep else Path(folder, "data")
        command = [sys.executable, "-m", "openfrs", "serve", "--data", str(data), *([] if keep else ["--port", "0"])]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            assert server.stdout is not None
            try:
                if not any(" ready on " in line for line in server.stdout):
                    raise SystemExit("The temporary server did not start; try: openfrs models verify")
                yield json.loads((data / "credentials.json").read_text("utf-8"))
            finally:
                server.terminate()


def client(keys: dict[str, str]) -> Any:
    """Return the official client for an OpenFRS server."""
    signing = BasicCredentials(keys["access_key"], keys["secret_key"], keys["project_id"])
    return FrsClient.new_builder().with_credentials(signing).with_endpoint(keys["endpoint"]).build()


def main() -> None:
    """Run the demonstration and print the search results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the face set to look at")
    keep = parser.parse_args().keep
    photos = WeightCache.open(Settings().models).samples
    as_base64 = {path.name: base64.b64encode(path.read_bytes()).decode() for path in photos.iterdir()}
    table = Table("photo", "found", "similarity", "same person?", title="Search")
    with credentials(keep=keep) as keys:
        frs = client(keys)
        new_set = CreateFaceSetReq(face_set_name=FACE_SET, external_fields={"photo": TypeInfo(type="string")})
        frs.create_face_set(CreateFaceSetRequest(body=new_set))
        try:
            for person, photo in ENROLLED.items():
                face = AddFacesBase64Req(
                    image_base64=as_base64[photo],
                    external_image_id=person,
                    external_fields={"photo": Path(photo).stem},
                    single=True,
                )
                frs.add_faces_by_base64(AddFacesByBase64Request(face_set_name=FACE_SET, body=face))
            for photo in PROBES:
                probe = FaceSearchBase64Req(image_base64=as_base64[photo], top_n=2)
                found = frs.search_face_by_base64(SearchFaceByBase64Request(face_set_name=FACE_SET, body=probe)).faces
                for place, face in enumerate(found):
                    verdict = "yes" if face.similarity >= SAME_PERSON else "no"
                    table.add_row("" if place else photo, face.external_image_id, f"{face.similarity:.4f}", verdict)
                table.add_section()
        finally:
            if not keep:
                frs.delete_face_set(DeleteFaceSetRequest(face_set_name=FACE_SET))
        Console().print(table)
        for one, other in (("obama.jpg", "obama3.jpg"), ("obama.jpg", "biden.jpg")):
            pair = FaceCompareBase64Req(image1_base64=as_base64[one], image2_base64=as_base64[other])
            similarity = frs.compare_face_by_base64(CompareFaceByBase64Request(body=pair)).similarity
            print(f"compare {one} with {other}: {similarity:.4f}")
        if keep:
            print(
                f"Face set {FACE_SET} is kept: see {keys['endpoint']}/console; if no server runs, start it with make serve."
            )


if __name__ == "__main__":
    main()
