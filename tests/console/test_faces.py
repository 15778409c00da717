"""Adding and deleting faces in a browser, on a server with the real models."""

from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from openfrs.vision.weights.cache import WeightCache
from tests.support.servers import RunningServer
from tests.support.tenants import accounts

from .pages import drop, go

pytestmark = pytest.mark.models

MANY = 25
"""More faces than the rate limit of the project lets a client delete at once."""


@pytest.fixture
def crowded(console_server: RunningServer, weights: WeightCache) -> Iterator[str]:
    """The name of a face set with the same face many times, in a project with a rate limit."""
    image = cv2.imread(str(weights.samples / "obama.jpg"))
    assert image is not None
    small = cv2.imencode(".jpg", cv2.resize(image, None, fx=(scale := 240 / max(image.shape)), fy=scale))[1].tobytes()
    path = f"{console_server.project}/face-sets"
    project = console_server.credentials["domain"], console_server.credentials["project_name"]
    with console_server.http() as client:
        assert client.post(path, json={"face_set_name": "crowded"}).status_code == 200
        for number in range(MANY):
            form = {"external_image_id": f"p{number}"}
            added = client.post(f"{path}/crowded/faces", files={"image_file": small}, data=form)
            assert added.status_code == 200, added.text
        accounts(console_server, "limit", *project, "rate=10", "burst=2")
        yield "crowded"
        accounts(console_server, "limit", *project, "rate=0", "slow_rate=0", "concurrent=0")
        client.delete(f"{path}/crowded")


def test_many_faces_are_deleted_beyond_the_rate_limit(page: Page, console_server: RunningServer, crowded: str) -> None:
    go(page, "Face sets")
    page.get_by_role("link", name=crowded).click()
    page.get_by_label("Select all on this page").check()
    with console_server.http() as client:
        faces = client.get(f"{console_server.project}/face-sets/{crowded}/faces?limit=1").json()["faces"]
        client.delete(f"{console_server.project}/face-sets/{crowded}/faces?face_id={faces[0]['face_id']}")
    page.get_by_role("button", name=f"Delete {MANY} faces").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
    dialog.get_by_label(f"Type “{crowded}” to confirm").fill(crowded)
    rejected = []
    page.on("response", lambda response: rejected.append(response) if response.status == 429 else None)
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.get_by_role("progressbar")).to_be_visible()
    expect(dialog.get_by_text("1 was already gone")).to_be_visible()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("No faces yet.")).to_be_visible()
    assert rejected


def test_enter_does_not_delete(page: Page, crowded: str) -> None:
    go(page, "Face sets")
    page.get_by_role("link", name=crowded).click()
    page.get_by_role("button", name="Delete", exact=False).filter(visible=True).nth(1).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.get_by_text(f"{MANY} faces", exact=True)).to_be_visible()


@pytest.fixture
def gallery(console_server: RunningServer) -> Iterator[str]:
    """The name of an empty face set."""
    with console_server.http() as client:
        path = f"{console_server.project}/face-sets"
        assert client.post(path, json={"face_set_name": "gallery"}).status_code == 200
        yield "gallery"
        client.delete(f"{path}/gallery")


def test_bystanders_and_known_photos_are_not_added(page: Page, gallery: str, weights: WeightCache) -> None:
    obama, biden = (cv2.imread(str(weights.samples / name)) for name in ("obama.jpg", "biden.jpg"))
    assert obama is not None
    assert biden is not None
    side_by_side = np.hstack([cv2.resize(obama, (480, 480)), cv2.resize(biden, (320, 480))[:, :320]])
    photos = [("pair.jpg", encoded(side_by_side)), ("alone.jpg", encoded(cv2.resize(obama, (400, 400))))]
    for expected in ("2 added, 0 rejected, of 2", "0 added, 0 rejected, of 2 2 are already in the set"):
        go(page, "Face sets")
        page.get_by_role("link", name=gallery).click()
        page.get_by_role("tab", name="Add faces").click()
        drop(page, page.get_by_test_id("drop"), photos)
        expect(page.get_by_role("status").filter(has_text=expected)).to_be_visible()
    page.get_by_role("row", name="alone.jpg").get_by_role("button", name="Add anyway").click()
    expect(page.get_by_role("status").filter(has_text="1 added, 0 rejected, of 2")).to_be_visible()
    page.get_by_role("tab", name="Faces", exact=True).click()
    expect(page.get_by_text("3 faces", exact=True)).to_be_visible()


def encoded(image: "np.ndarray[Any, Any]") -> bytes:
    """Encode an image as JPEG."""
    return cv2.imencode(".jpg", image)[1].tobytes()


def test_faces_are_ticked_before_all_of_a_photo_are_added(
    page: Page, make_set: Callable[..., str], console_server: RunningServer, weights: WeightCache
) -> None:
    name = make_set("reviewed", {"barack": "obama3.jpg"})
    obama, biden = (cv2.imread(str(weights.samples / photo)) for photo in ("obama.jpg", "biden.jpg"))
    assert obama is not None
    assert biden is not None
    pair = np.hstack([cv2.resize(obama, (480, 480)), cv2.resize(biden, (480, 480))])
    go(page, "Face sets")
    page.get_by_role("link", name=name).click()
    page.get_by_role("tab", name="Add faces").click()
    page.get_by_label("Main face only").uncheck()
    drop(page, page.get_by_test_id("drop"), [("pair.jpg", encoded(pair))])
    faces = page.get_by_test_id("reviewed-face")
    expect(faces).to_have_count(2)
    known = faces.filter(has_text="like barack")
    expect(known.get_by_role("checkbox")).not_to_be_checked()
    expect(faces.filter(has_not_text="like barack").get_by_role("checkbox")).to_be_checked()
    expect(faces.locator("img")).to_have_count(2)
    page.get_by_role("button", name="Add 1 face").click()
    expect(page.get_by_text("1 added, 0 rejected, of 1")).to_be_visible()
    with console_server.http() as client:
        found = client.get(f"{console_server.project}/face-sets/{name}/faces?limit=10").json()["faces"]
        assert sorted(face["external_image_id"] for face in found) == ["barack", "pair"]
        image = {"image_file": (weights.samples / "biden.jpg").read_bytes()}
        url = f"{console_server.project}/face-sets/{name}/search"
        best = client.post(url, files=image).json()["faces"][0]
    assert best["external_image_id"] == "pair"
