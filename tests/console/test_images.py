"""Photos of formats and sizes that the service does not take, in a browser."""

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from openfrs.vision.weights.cache import WeightCache

from .pages import drop, go

pytestmark = pytest.mark.models


def test_photos_are_converted_where_the_browser_can(page: Page, weights: WeightCache) -> None:
    image = cv2.imread(str(weights.samples / "obama.jpg"))
    assert image is not None
    webp = cv2.imencode(".webp", image)[1].tobytes()
    wide = cv2.copyMakeBorder(cv2.resize(image, (1000, 1000)), 0, 0, 0, 3600, cv2.BORDER_CONSTANT)
    go(page, "Detect")
    target = page.get_by_role("group", name="Photo to analyse")
    for name, content in (("photo.webp", webp), ("wide.jpg", cv2.imencode(".jpg", wide)[1].tobytes())):
        drop(page, target, [(name, content)])
        expect(page.get_by_text("1 face found.")).to_be_visible()
        expect(page.get_by_role("row", name="Gender")).to_contain_text("male")


def test_a_photo_that_nothing_can_decode_gets_a_hint(page: Page) -> None:
    go(page, "Compare")
    field = page.get_by_role("group", name="First photo")
    noise = np.random.default_rng(1).bytes(2000)
    field.locator("input").set_input_files({"name": "photo.heic", "mimeType": "image/heic", "buffer": noise})
    expect(page.get_by_role("alert")).to_contain_text("Save it as JPEG")
    assert field.locator("input").get_attribute("accept") == "image/jpeg,image/png,image/bmp,image/webp"
