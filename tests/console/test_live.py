"""Live identification in a browser, whose camera is a file, on a server with the real models."""

import time
from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, Request, expect

from openfrs.vision.weights.cache import WeightCache
from tests.support.servers import RunningServer
from tests.support.tenants import accounts

from .pages import drop, go

pytestmark = pytest.mark.models


def test_people_are_named_in_the_stream_and_enrolled_from_a_frame(
    page: Page, make_set: Callable[..., str], console_server: RunningServer
) -> None:
    name = make_set("door", {"biden": "biden.jpg"}, {"name": "string"})
    go(page, "Live")
    page.get_by_role("combobox", name="Face set").click()
    page.get_by_role("option", name=name).click()
    face = page.get_by_test_id("named-face")
    expect(face).to_contain_text("unknown")
    page.get_by_role("button", name="Freeze the frame").click()
    expect(page.get_by_role("button", name="Face 1: unknown")).to_be_visible()
    page.get_by_label("external_image_id").fill("barack")
    page.get_by_label("name", exact=True).fill("Barack Obama")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("button", name="Face 1: Barack Obama")).to_be_visible()
    page.get_by_role("button", name="Back to the camera").click()
    expect(face).to_contain_text("Barack Obama")
    expect(page.get_by_test_id("sighting")).to_contain_text("Barack Obama")
    with console_server.http() as client:
        faces = client.get(f"{console_server.project}/face-sets/{name}/faces?limit=10").json()["faces"]
    assert {each["external_image_id"] for each in faces} == {"biden", "barack"}


def test_the_camera_keeps_to_the_rate_of_the_server(
    page: Page, make_set: Callable[..., str], console_server: RunningServer
) -> None:
    make_set("slow", {"biden": "biden.jpg"})
    project = console_server.credentials["domain"], console_server.credentials["project_name"]
    accounts(console_server, "limit", *project, "rate=1", "burst=2")
    try:
        go(page, "Face sets")
        go(page, "Live")
        page.get_by_role("combobox", name="At most").click()
        page.get_by_role("option", name="4 requests a second").click()
        expect(page.get_by_text("The service allows 0.8 a second.")).to_be_visible()
        starts: list[float] = []

        def record(request: Request) -> None:
            if request.url.endswith("/identify"):
                starts.append(time.monotonic())

        page.on("request", record)
        while len(starts) < 4:
            page.wait_for_event("request", lambda request: request.url.endswith("/identify"))
        page.remove_listener("request", record)
        assert min(later - earlier for earlier, later in pairwise(starts)) >= 1.0
        expect(page.get_by_role("alert")).to_have_count(0)
    finally:
        accounts(console_server, "limit", *project, "rate=0", "slow_rate=0", "concurrent=0")


def test_everyone_in_a_photo_is_identified(page: Page, make_set: Callable[..., str], weights: WeightCache) -> None:
    make_set("hall", {"obama": "obama.jpg"})
    first, second = (cv2.imread(str(weights.samples / name)) for name in ("obama2.jpg", "biden.jpg"))
    assert first is not None
    assert second is not None
    pair = np.hstack([cv2.resize(first, (480, 600)), cv2.resize(second, (480, 600))])
    go(page, "Face sets")
    go(page, "Live")
    page.get_by_role("radiogroup", name="Source").get_by_text("Photo").click()
    page.get_by_role("combobox", name="Face set").click()
    page.get_by_role("option", name="hall").click()
    drop(
        page, page.get_by_role("group", name="Photo of people"), [("pair.jpg", cv2.imencode(".jpg", pair)[1].tobytes())]
    )
    expect(page.get_by_text("2 faces found, 1 known.")).to_be_visible()
    expect(page.get_by_test_id("named-face").filter(has_text="obama")).to_have_count(1)
    page.get_by_role("button", name="obama").click()
    expect(page.get_by_test_id("candidate")).to_contain_text("obama")
    page.get_by_role("button", name="unknown").click()
    expect(page.get_by_text("No face in the set reaches 0.93.")).to_be_visible()
