"""Layout on phones, and the page before its scripts are loaded."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from openfrs.vision.weights.cache import WeightCache
from tests.support.servers import RunningServer

from .pages import go

pytestmark = pytest.mark.models

PHONE: ViewportSize = {"width": 390, "height": 844}
MAX_ROW = 80
"""Greatest height of a table row, in pixels."""


@pytest.fixture
def phone(page: Page, console_server: RunningServer, weights: WeightCache) -> Iterator[Page]:
    """A page on a phone, of a project with a face set of many faces and fields."""
    path = f"{console_server.project}/face-sets"
    fields = {name: {"type": "string"} for name in ("department", "building", "comment")}
    photo = (weights.samples / "obama2.jpg").read_bytes()
    with console_server.http() as client:
        assert client.post(path, json={"face_set_name": "staff", "external_fields": fields}).status_code == 200
        for number in range(12):
            form = {
                "external_image_id": f"person-{number}",
                "external_fields": '{"comment": "a comment of many words"}',
            }
            assert client.post(f"{path}/staff/faces", files={"image_file": photo}, data=form).status_code == 200
        page.set_viewport_size(PHONE)
        yield page
        page.set_viewport_size({"width": 1280, "height": 900})
        client.delete(f"{path}/staff")


def choose(page: Page, view: str) -> None:
    """Choose a view from the menu of the phone layout."""
    page.get_by_role("button", name="Menu").click()
    go(page, view)


def check_table(page: Page) -> None:
    """Check that the rows of the table are low and their actions are on the screen."""
    for row in page.locator("tbody tr:visible").all():
        box = row.bounding_box()
        assert box is not None
        assert box["height"] <= MAX_ROW
    for action in page.locator("tbody .actions button:visible, tbody .actions a:visible").all():
        box = action.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]


def test_tables_of_a_phone_have_low_rows_and_reachable_actions(phone: Page) -> None:
    page = phone
    choose(page, "Face sets")
    expect(page.get_by_role("link", name="staff")).to_be_visible()
    check_table(page)
    page.get_by_role("link", name="staff").click()
    expect(page.locator("tbody tr:visible")).to_have_count(12)
    check_table(page)
    head = page.get_by_role("columnheader", name="external_image_id")
    page.locator("tbody tr").last.scroll_into_view_if_needed()
    expect(head).to_be_in_viewport()
    choose(page, "Accounts")
    expect(page.get_by_role("cell", name="admin you")).to_be_visible()
    check_table(page)


def test_an_outline_is_painted_before_scripts_and_styles_arrive(context: BrowserContext) -> None:
    page = context.new_page()
    page.route("**/assets/**", lambda route: None)  # never answered
    page.goto("/console", wait_until="commit")
    expect(page.get_by_role("status", name="OpenFRS")).to_be_visible()
    page.wait_for_function(
        "performance.getEntriesByName('first-contentful-paint').length + "
        "performance.getEntriesByName('first-paint').length > 0",
        polling=100,
    )
    page.close()
