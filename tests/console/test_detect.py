"""Detection in a browser, on a server with the real models."""

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from openfrs.vision.weights.cache import WeightCache

from .pages import drop, go

pytestmark = pytest.mark.models

COLUMNS, ROWS = 4, 3


@pytest.fixture
def crowd(weights: WeightCache) -> bytes:
    """A photo of more faces than the console describes at once."""
    photos = []
    for name in ("obama.jpg", "biden.jpg"):
        image = cv2.imread(str(weights.samples / name))
        assert image is not None
        photos.append(cv2.resize(image[: min(image.shape[:2]), : min(image.shape[:2])], (240, 240)))
    row = np.hstack([photos[number % 2] for number in range(COLUMNS)])
    return cv2.imencode(".jpg", np.vstack([row] * ROWS))[1].tobytes()


def test_a_crowd_shows_boxes_first_and_attributes_of_the_chosen_face(page: Page, crowd: bytes) -> None:
    go(page, "Detect")
    described = []
    page.on("request", lambda request: described.append(request) if "/face-detect" in request.url else None)
    page.route("**/v1/*/face-detect", lambda route: route.abort())
    drop(page, page.get_by_role("group", name="Photo to analyse"), [("crowd.jpg", crowd)])
    expect(page.get_by_text(f"{COLUMNS * ROWS} faces found. Select a face to see its attributes.")).to_be_visible()
    expect(page.get_by_role("button", name="Face 12")).to_be_visible()
    page.unroute("**/v1/*/face-detect")
    page.get_by_role("button", name="Face 5", exact=True).click()
    expect(page.get_by_role("heading", name="Face 5")).to_be_visible()
    expect(page.get_by_role("row", name="Yaw")).to_be_visible()
    expect(page.get_by_role("row", name="Gender")).to_be_visible()
    box, drawn = (page.get_by_role("button", name="Face 5", exact=True), page.get_by_test_id("landmarks"))
    expect(drawn).to_have_count(1)
    outer, inner = box.bounding_box(), drawn.bounding_box()
    assert outer is not None
    assert inner is not None
    assert outer["x"] < inner["x"] + inner["width"] / 2 < outer["x"] + outer["width"]
    assert outer["y"] < inner["y"] + inner["height"] / 2 < outer["y"] + outer["height"]
    assert len(described) >= 3


def test_requests_and_responses_are_shown_as_json(page: Page, weights: WeightCache) -> None:
    go(page, "Detect")
    drop(
        page,
        page.get_by_role("group", name="Photo to analyse"),
        [("a.jpg", (weights.samples / "obama.jpg").read_bytes())],
    )
    expect(page.get_by_role("row", name="Age")).to_be_visible()
    page.get_by_role("tab", name="JSON").click()
    exchanges = page.get_by_test_id("exchange")
    expect(exchanges.first).to_contain_text("/face-detect")
    expect(exchanges.first).to_contain_text("image/jpeg, ")
    expect(exchanges.first).to_contain_text('"top_left_x"')


def test_a_tiny_face_is_too_small_for_age_and_expression(page: Page, weights: WeightCache) -> None:
    image = cv2.imread(str(weights.samples / "obama.jpg"))
    assert image is not None
    small = cv2.resize(image, None, fx=(scale := 90 / max(image.shape)), fy=scale, interpolation=cv2.INTER_AREA)
    canvas = np.full((400, 400, 3), 120, np.uint8)
    canvas[150 : 150 + small.shape[0], 150 : 150 + small.shape[1]] = small
    go(page, "Detect")
    photo = cv2.imencode(".jpg", canvas)[1].tobytes()
    drop(page, page.get_by_role("group", name="Photo to analyse"), [("tiny.jpg", photo)])
    expect(page.get_by_role("row", name="Age")).to_contain_text("too small to tell")
    expect(page.get_by_role("row", name="Expression")).to_contain_text("too small to tell")
    expect(page.get_by_role("row", name="Gender")).not_to_contain_text("too small")
