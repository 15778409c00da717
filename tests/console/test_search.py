"""Searching in a browser, on a server with the real models."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from openfrs.vision.weights.cache import WeightCache
from tests.support.servers import RunningServer

from .pages import give, go

pytestmark = pytest.mark.models


@pytest.fixture
def enrolled(console_server: RunningServer, weights: WeightCache) -> Iterator[str]:
    """The name of a face set with one face."""
    path = f"{console_server.project}/face-sets"
    with console_server.http() as client:
        assert client.post(path, json={"face_set_name": "known"}).status_code == 200
        photo = (weights.samples / "obama.jpg").read_bytes()
        assert client.post(f"{path}/known/faces", files={"image_file": photo}).status_code == 200
        yield "known"
        client.delete(f"{path}/known")


def test_results_of_another_threshold_are_marked(page: Page, enrolled: str, weights: WeightCache) -> None:
    go(page, "Search")
    give(page, "Search photo", weights.samples / "obama2.jpg")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="1 match at 0.93")).to_be_visible()
    expect(page.get_by_text("1 face found")).to_have_count(0)
    outdated = page.get_by_text("These results are for other settings.")
    expect(outdated).to_be_hidden()
    page.get_by_role("slider").press("ArrowLeft")
    expect(outdated).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="1 match at 0.93")).to_be_visible()
    page.get_by_role("button", name="Search again").click()
    expect(page.get_by_role("status").filter(has_text="1 match at 0.92")).to_be_visible()
    expect(outdated).to_be_hidden()


def test_the_plot_of_a_set_marks_the_threshold_and_sets_those_of_low_risk(page: Page, enrolled: str) -> None:
    go(page, "Face sets")
    go(page, "Search")
    expect(
        page.get_by_role("img", name="Detection error trade-off of this set; operating point at 0.93")
    ).to_be_visible()
    expect(page.get_by_test_id("operating-point")).to_have_text("0.93")
    lowest = page.get_by_role("button", name="For 1 %")
    threshold = lowest.inner_text().rpartition(" ")[2]
    lowest.click()
    expect(page.get_by_text(f"Threshold: {float(threshold):.2f}")).to_be_visible()
    expect(page.get_by_test_id("risk")).to_contain_text("1 stranger in 100 ")


def test_the_shown_threshold_becomes_the_default_of_the_set(page: Page, enrolled: str) -> None:
    go(page, "Face sets")
    go(page, "Search")
    default = page.get_by_test_id("default-threshold")
    expect(default).to_have_text("Searches without a threshold use none.")
    page.get_by_role("button", name="Use 0.93 as default of this set").click()
    expect(default).to_have_text("Searches without a threshold use 0.93.")
    page.get_by_role("button", name="Remove the default").click()
    expect(default).to_have_text("Searches without a threshold use none.")
