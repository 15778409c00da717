"""Crops of faces and the people of a face set in the console."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from openfrs.vision.weights.cache import WeightCache
from tests.support.servers import REPOSITORY, RunningServer

from .pages import SCREENSHOTS, colours, give

pytestmark = pytest.mark.models

SET = "guests"
AXE = REPOSITORY / "console" / "node_modules" / "axe-core" / "axe.min.js"
PHOTOS = {"obama.jpg": "Barack", "obama2.jpg": "Obama", "obama3.jpg": "Barack", "biden.jpg": "Joe-Biden"}


@pytest.fixture(scope="module")
def guests(console_server: RunningServer, weights: WeightCache, page: Page) -> Iterator[Page]:
    """The view People of a set that keeps crops, with one person under two ids."""
    extension = f"/x/v1/{console_server.credentials['project_id']}/face-sets/{SET}"
    with console_server.http() as client:
        assert client.post(f"{console_server.project}/face-sets", json={"face_set_name": SET}).status_code == 200
        assert client.put(f"{extension}/crops").status_code == 200
        for photo, person in PHOTOS.items():
            added = client.post(
                f"{console_server.project}/face-sets/{SET}/faces",
                files={"image_file": (weights.samples / photo).read_bytes()},
                data={"external_image_id": person},
            )
            assert added.status_code == 200, added.text
        yield page
        client.delete(f"{console_server.project}/face-sets/{SET}")


def cards(page: Page) -> Locator:
    return page.get_by_test_id("person")


def open_people(page: Page, tab: str = "people") -> None:
    page.goto(f"/console/people?set={SET}&tab={tab}")
    expect(page.get_by_role("heading", name="People", level=1)).to_be_visible()


def look(page: Page, name: str) -> None:
    """Take screenshots for a desk and a phone in both colour schemes, and check them with axe."""
    SCREENSHOTS.mkdir(exist_ok=True)
    for scheme in ("dark", "light"):
        colours(page, scheme)
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(150)  # colours change gradually
            page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width
        page.set_viewport_size({"width": 1280, "height": 900})
        page.evaluate(AXE.read_text("utf-8"))
        report = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        flaws = [
            (each["id"], [node["html"][:200] for node in each["nodes"]])
            for each in report["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert flaws == []


def test_faces_have_their_crops(guests: Page, weights: WeightCache) -> None:
    page = guests
    page.goto(f"/console/face-sets/{SET}")
    images = page.get_by_role("table").locator("tbody img")
    expect(images).to_have_count(4)
    expect(images.first).to_have_attribute("src", re.compile("^blob:"))
    page.goto(f"/console/search?set={SET}")
    give(page, "Search photo", weights.samples / "biden.jpg")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_test_id("result").locator("img")).to_have_count(1)


def test_people_are_found_by_typing_in_any_script(guests: Page) -> None:
    page = guests
    open_people(page)
    expect(cards(page)).to_have_count(3)
    expect(cards(page).locator("img")).to_have_count(3)
    expect(cards(page).filter(has_text="Barack")).to_contain_text("2 faces")
    look(page, "people")
    page.get_by_label("Find people").fill("BIDÉ")
    expect(cards(page)).to_have_count(1)
    expect(cards(page)).to_contain_text("Joe-Biden")
    page.reload()
    expect(page.get_by_label("Find people")).to_have_value("BIDÉ")
    expect(cards(page)).to_have_count(1)
    page.get_by_label("Find people").fill("nobody")
    expect(page.get_by_text("No id contains this text.")).to_be_visible()


def test_a_pair_of_duplicates_is_decided(guests: Page) -> None:
    page = guests
    open_people(page, "duplicates")
    page.get_by_role("button", name="Find duplicates").click()
    pair = page.get_by_test_id("pair")
    expect(pair).to_have_count(1)
    expect(pair.locator("img")).to_have_count(2)
    expect(page.get_by_text("4 of 4 faces compared.")).to_be_visible()
    look(page, "duplicates")
    pair.get_by_role("button", name="are different people").click()
    expect(pair).to_have_count(0)
    page.get_by_role("button", name="Find duplicates").click()
    expect(page.get_by_text("No two people are this similar.")).to_be_visible()


def test_people_are_renamed_split_and_merged(guests: Page) -> None:
    page = guests
    open_people(page)
    page.get_by_role("button", name="Details of Joe-Biden").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("New id").fill("Biden")
    dialog.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("dialog", name="Biden", exact=True)).to_be_visible()
    dialog.get_by_role("button", name="Close").last.click()
    expect(cards(page).filter(has_text="Biden")).to_have_count(1)

    page.get_by_role("button", name="Details of Barack").click()
    dialog.get_by_role("checkbox").first.check()
    dialog.get_by_label("Id of the person on the selected faces").fill("Barack-2")
    page.screenshot(path=SCREENSHOTS / "person-light.png")
    dialog.get_by_role("button", name="Split").click()
    expect(dialog.get_by_role("status")).to_have_text("1 face")
    page.keyboard.press("Escape")
    expect(cards(page)).to_have_count(4)

    for name in ("Barack", "Barack-2"):
        page.get_by_role("checkbox", name=f"Select {name}", exact=True).check()
    page.get_by_role("button", name="Merge 2 people").click()
    dialog.get_by_role("radio", name="Barack", exact=True).check()
    dialog.get_by_role("button", name="Merge people").click()
    expect(dialog).to_be_hidden()
    expect(cards(page)).to_have_count(3)
    expect(cards(page).filter(has_text="Barack")).to_contain_text("2 faces")


def test_crops_are_destroyed_after_a_typed_confirmation(guests: Page) -> None:
    page = guests
    open_people(page)
    switch = page.get_by_role("switch", name="Keep crops of faces")
    expect(switch).to_be_checked()
    switch.click()
    dialog = page.get_by_role("dialog")
    destroy = dialog.get_by_role("button", name="Destroy all crops")
    expect(destroy).to_be_disabled()
    dialog.get_by_label(f"Type “{SET}” to confirm").fill(SET)
    destroy.click()
    expect(dialog).to_be_hidden()
    expect(switch).not_to_be_checked()
    expect(cards(page)).to_have_count(3)
    expect(cards(page).locator("img")).to_have_count(0)


def test_the_view_is_available_in_chinese(guests: Page) -> None:
    page = guests
    page.get_by_role("button", name="Language").click()
    page.get_by_role("menuitem", name="简体中文").click()
    expect(page.get_by_role("heading", name="人员", level=1)).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "people-chinese.png")
    page.get_by_role("button", name="语言").click()
    page.get_by_role("menuitem", name="English").click()
    complaints = page.complaints  # type: ignore[attr-defined]
    assert [text for text in complaints if "status of 4" not in text] == []
