"""Each view, light and dark: screenshots, and no serious accessibility violation."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from openfrs.vision.weights.cache import WeightCache
from tests.support.servers import REPOSITORY, RunningServer

from .pages import SCREENSHOTS, colours, drop, give, go

AXE = REPOSITORY / "console" / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = pytest.mark.models

VIEWS = (
    "Overview",
    "Face sets",
    "Live",
    "Search",
    "Detect",
    "Compare",
    "Liveness",
    "Check photos",
    "Deletions",
    "Accounts",
    "My account",
)
"""Views of the menu, for an admin."""


@pytest.fixture(scope="module")
def content(console_server: RunningServer, weights: WeightCache) -> None:
    """Demo data."""
    with console_server.http() as client:
        fields = {"age": {"type": "integer"}, "team": {"type": "string"}}
        body = {"face_set_name": "visitors", "external_fields": fields}
        assert client.post(f"{console_server.project}/face-sets", json=body).status_code == 200
        for number, photo in enumerate(("obama.jpg", "biden.jpg")):
            added = client.post(
                f"{console_server.project}/face-sets/visitors/faces",
                files={"image_file": (weights.samples / photo).read_bytes()},
                data={"external_image_id": photo.removesuffix(".jpg"), "external_fields": f'{{"age": {50 + number}}}'},
            )
            assert added.status_code == 200, added.text


@pytest.fixture(scope="module")
def filled(content: None, page: Page) -> Page:
    """A page of a project with demo data."""
    return page


def flaws(page: Page) -> list[str]:
    """Return the serious and critical violations that axe finds."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed; run make console")
    page.evaluate(AXE.read_text("utf-8"))
    report: dict[str, Any] = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{each['id']} ({each['impact']}): {[node['html'][:160] for node in each['nodes']][:3]}"
        for each in report["violations"]
        if each["impact"] in ("serious", "critical")
    ]


def look(page: Page, name: str) -> None:
    """Take screenshots of the view in light and dark, and check both with axe."""
    SCREENSHOTS.mkdir(exist_ok=True)
    for scheme in ("dark", "light"):
        colours(page, scheme)
        page.wait_for_timeout(150)  # colours change gradually
        page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}.png", full_page=True)
        assert flaws(page) == [], f"{name}, {scheme}"


def test_every_view_is_accessible_in_light_and_dark(filled: Page, weights: WeightCache) -> None:
    page, samples = filled, weights.samples
    go(page, "Overview")
    expect(page.get_by_role("link", name="visitors")).to_be_visible()
    look(page, "overview")
    go(page, "Face sets")
    expect(page.get_by_role("link", name="visitors")).to_be_visible()
    look(page, "face-sets")
    page.get_by_role("button", name="New face set").click()
    page.get_by_role("button", name="Add a field").click()
    expect(page.get_by_label("Name of field 1")).to_be_visible()
    assert flaws(page) == []
    page.screenshot(path=SCREENSHOTS / "face-set-new-light.png")
    page.get_by_role("button", name="Cancel").click()

    page.get_by_role("link", name="visitors").click()
    expect(page.get_by_role("cell", name="obama", exact=True)).to_be_visible()
    page.get_by_role("button", name="Add a condition").click()
    look(page, "faces")
    page.get_by_role("tab", name="Add faces").click()
    drop(page, page.get_by_test_id("drop"), [("empty.jpg", b""), ("biden.jpg", (samples / "biden.jpg").read_bytes())])
    expect(page.get_by_text("1 added, 1 rejected, of 2")).to_be_visible()
    look(page, "add")

    go(page, "Search")
    give(page, "Search photo", samples / "obama2.jpg")
    expect(page.get_by_role("button", name="Face 1")).to_be_visible()
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_test_id("result").first).to_be_visible()
    look(page, "search")
    go(page, "Detect")
    give(page, "Photo to analyse", samples / "obama.jpg")
    expect(page.get_by_test_id("landmarks")).to_be_attached()
    expect(page.get_by_test_id("pose")).to_be_attached()
    expect(page.get_by_role("heading", name="Face 1")).to_be_visible()
    look(page, "detect")
    go(page, "Compare")
    give(page, "First photo", samples / "obama.jpg")
    give(page, "Second photo", samples / "obama2.jpg")
    expect(page.get_by_test_id("similarity")).to_be_visible()
    look(page, "compare")
    go(page, "Liveness")
    look(page, "liveness")
    page.get_by_role("tab", name="With actions").click()
    look(page, "liveness-active")

    go(page, "Accounts")
    expect(page.get_by_role("cell", name="admin you")).to_be_visible()
    look(page, "accounts-users")
    page.get_by_role("tab", name="Limits").click()
    expect(page.get_by_text("Capacity of a face set")).to_be_visible()
    look(page, "accounts-limits")
    page.get_by_role("tab", name="Audit log").click()
    expect(page.get_by_text("/face-sets/visitors/faces").first).to_be_visible()
    look(page, "accounts-audit")


def test_the_views_of_operators_and_admins_are_accessible_in_light_and_dark(filled: Page, weights: WeightCache) -> None:
    page, samples = filled, weights.samples
    go(page, "Live")
    expect(page.get_by_test_id("named-face").first).to_be_visible()
    look(page, "live")
    page.get_by_role("radiogroup", name="Source").get_by_text("Photo").click()
    give(page, "Photo of people", samples / "obama2.jpg")
    expect(page.get_by_test_id("candidate").first).to_be_visible()
    look(page, "live-photo")
    go(page, "Check photos")
    give(page, "Photo to check", samples / "biden.jpg")
    expect(page.get_by_text("faces would be accepted")).to_be_visible()
    look(page, "check")
    go(page, "Deletions")
    look(page, "deletions")
    go(page, "My account")
    look(page, "account")
    go(page, "Liveness")
    page.get_by_role("tab", name="Session").click()
    look(page, "liveness-session")
    go(page, "Face sets")
    page.get_by_role("link", name="visitors").click()
    page.get_by_role("tab", name="Rules").click()
    expect(page.get_by_role("button", name="Save the retention rule")).to_be_visible()
    expect(page.get_by_role("button", name="Fill in “strict”")).to_be_visible()
    look(page, "rules")
    page.get_by_role("tab", name="Faces", exact=True).click()


def test_a_phone_shows_every_view_without_scrolling_sideways(filled: Page) -> None:
    page = filled
    page.set_viewport_size({"width": 390, "height": 844})
    try:
        for view in VIEWS:
            page.get_by_role("button", name="Menu").click()
            go(page, view)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), view
            page.screenshot(path=SCREENSHOTS / f"phone-{view.lower().replace(' ', '-')}-light.png")
    finally:
        page.set_viewport_size({"width": 1280, "height": 900})


def test_the_console_is_available_in_chinese(filled: Page) -> None:
    page = filled
    page.get_by_role("button", name="Language").click()
    page.get_by_role("menuitem", name="简体中文").click()
    page.get_by_role("navigation").get_by_role("link", name="概览").click()
    expect(page.get_by_role("heading", name="概览")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_role("heading", name="服务器")).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "overview-chinese.png", full_page=True)
    for view, name in (("实时识别", "live"), ("搜索", "search"), ("人脸库", "face-sets"), ("我的账号", "account")):
        page.get_by_role("navigation").get_by_role("link", name=view, exact=True).click()
        expect(page.get_by_role("heading", name=view, level=1)).to_be_visible()
        page.screenshot(path=SCREENSHOTS / f"{name}-chinese.png", full_page=True)
    page.get_by_role("button", name="语言").click()
    page.get_by_role("menuitem", name="English").click()


def test_the_sign_in_page_is_accessible(filled: Page) -> None:
    page = filled
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="OpenFRS console")).to_be_visible()
    look(page, "sign-in")


def test_the_browser_logged_no_errors(filled: Page) -> None:
    refused = "Failed to load resource: the server responded with a status of 4"
    complaints = [text for text in filled.complaints if not text.startswith(refused)]  # type: ignore[attr-defined]
    assert complaints == []
