"""The console's session across reloads, tabs and links, and the state of views in their address."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from openfrs.vision.weights.cache import WeightCache
from tests.support.servers import RunningServer

from .pages import give, go, sign_in

pytestmark = pytest.mark.models


@pytest.fixture
def people(console_server: RunningServer, weights: WeightCache) -> str:
    """A face set with two faces and a field."""
    name = "returning"
    with console_server.http() as client:
        body = {"face_set_name": name, "external_fields": {"age": {"type": "integer"}}}
        if client.post(f"{console_server.project}/face-sets", json=body).status_code == 200:
            for photo, age in (("obama.jpg", 60), ("biden.jpg", 80)):
                added = client.post(
                    f"{console_server.project}/face-sets/{name}/faces",
                    files={"image_file": (weights.samples / photo).read_bytes()},
                    data={"external_image_id": photo.removesuffix(".jpg"), "external_fields": f'{{"age": {age}}}'},
                )
                assert added.status_code == 200, added.text
    return name


def test_a_reload_a_second_tab_and_a_link_keep_the_session(page: Page, context: BrowserContext, people: str) -> None:
    page.reload()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    second = context.new_page()
    second.goto(f"/console/face-sets/{people}?tab=add")
    expect(second.get_by_role("heading", name=people, level=1)).to_be_visible()
    expect(second.get_by_test_id("drop")).to_be_visible()
    second.close()


def test_no_script_can_read_the_session(page: Page) -> None:
    stored = page.evaluate("[document.cookie, ...Object.values(localStorage), ...Object.values(sessionStorage)].join()")
    assert "gAAAA" not in stored
    (cookie,) = [each for each in page.context.cookies() if each["name"] == "openfrs-console"]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/x/v1/console-session")


def test_back_restores_photo_filter_page_sort_and_tab(page: Page, people: str, weights: WeightCache) -> None:
    page.goto(f"/console/face-sets/{people}")
    page.get_by_role("button", name="age", exact=True).click()
    page.get_by_role("button", name="age", exact=True).click()
    rows = page.get_by_role("table").locator("tbody tr")
    expect(rows.first).to_contain_text("biden")
    page.get_by_role("combobox", name="Faces per page").click()
    page.get_by_role("option", name="10", exact=True).click()
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("Value of condition 1").fill("80")
    expect(rows).to_have_count(1)
    go(page, "Search")
    give(page, "Search photo", weights.samples / "biden.jpg")
    expect(page.get_by_role("button", name="Face 1")).to_be_visible()
    page.get_by_role("slider").press("ArrowLeft")
    expect(page).to_have_url(re.compile("threshold=0.92"))
    go(page, "Detect")
    page.go_back()
    expect(page.get_by_role("button", name="Face 1")).to_be_visible()
    expect(page.get_by_text("Threshold: 0.92")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Value of condition 1")).to_have_value("80")
    expect(rows).to_have_count(1)
    expect(page.get_by_role("combobox", name="Faces per page")).to_have_value("10")
    expect(page.get_by_role("columnheader", name="age", exact=True)).to_have_attribute("aria-sort", "descending")
    page.reload()
    expect(page.get_by_label("Value of condition 1")).to_have_value("80")
    expect(rows).to_have_count(1)


def test_back_repeats_the_search(page: Page, people: str, weights: WeightCache) -> None:
    page.goto(f"/console/search?set={people}")
    give(page, "Search photo", weights.samples / "biden.jpg")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_test_id("result")).to_contain_text("biden")
    go(page, "Detect")
    page.go_back()
    expect(page.get_by_test_id("result")).to_contain_text("biden")
    give(page, "Search photo", weights.samples / "obama2.jpg")
    expect(page.get_by_test_id("result")).to_have_count(0)
    go(page, "Detect")
    page.go_back()
    expect(page.get_by_role("button", name="Face 1")).to_be_visible()
    expect(page.get_by_test_id("result")).to_have_count(0)


def test_the_session_ends_in_all_tabs_and_on_the_server(
    page: Page, context: BrowserContext, console_server: RunningServer
) -> None:
    page.goto("/console")
    second = context.new_page()
    second.goto("/console/search")
    expect(second.get_by_role("heading", name="Search", level=1)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    for each in (page, second):
        expect(each.get_by_role("button", name="Sign in")).to_be_visible()
    second.reload()
    expect(second.get_by_role("button", name="Sign in")).to_be_visible()
    sign_in(page, console_server)
    expect(second.get_by_role("heading", name="Search", level=1)).to_be_visible()
    second.close()
