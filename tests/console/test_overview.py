"""The overview in a browser, on a server with the real models."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from openfrs import __version__
from openfrs.vision.weights.cache import WeightCache
from tests.support.servers import RunningServer, real_server_command, running

from .pages import go, sign_in

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def empty_server(
    tmp_path_factory: pytest.TempPathFactory, weights: WeightCache, built: object
) -> Iterator[RunningServer]:
    """A server without face sets."""
    data = tmp_path_factory.mktemp("empty") / "data"
    with running(real_server_command(data, weights.directory), data) as started:
        yield started


@pytest.fixture
def empty_page(context: BrowserContext, empty_server: RunningServer) -> Iterator[Page]:
    """A page of a project without face sets, signed in."""
    assert context.browser is not None
    own = context.browser.new_context(base_url=empty_server.endpoint, locale="en")
    page = own.new_page()
    sign_in(page, empty_server)
    yield page
    own.close()


def test_the_sample_photos_can_be_tried_without_any_set(empty_page: Page) -> None:
    page = empty_page
    page.get_by_test_id("try-it").get_by_role("button", name="Try it now").click()
    expect(page.get_by_role("heading", name="Search", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Face 1")).to_be_visible()
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_test_id("result")).to_have_count(1)
    expect(page.get_by_test_id("result")).to_contain_text("obama")
    go(page, "Overview")
    expect(page.get_by_role("link", name="try-it")).to_be_visible()
    expect(page.get_by_test_id("try-it")).to_have_count(0)


def test_requests_and_errors_have_axes_and_numbers(
    page: Page, console_server: RunningServer, make_set: Callable[..., str]
) -> None:
    make_set("counted", {"obama": "obama.jpg"})
    with console_server.http() as client:
        client.get(f"{console_server.project}/face-sets/nothing")
    go(page, "Face sets")
    go(page, "Overview")
    chart = page.get_by_role("img", name=re.compile("Requests per minute"))
    expect(chart).to_be_visible()
    assert len(chart.locator("text").all_inner_texts()) >= 6
    chart.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_test_id("minute")).to_have_text(
        re.compile(r"\d\d:\d\d.*: \d+ requests, \d+ errors of clients, 0 of the server")
    )
    chart.locator("g").last.locator(".pointer").hover(force=True)  # the bar of the minute may cover it
    expect(page.get_by_test_id("minute")).to_be_visible()


def test_the_server_its_notes_and_recent_entries_are_shown(page: Page, make_set: Callable[..., str]) -> None:
    make_set("noticed", {"obama": "obama.jpg"})
    go(page, "Face sets")
    go(page, "Overview")
    expect(page.get_by_role("row", name="Version")).to_contain_text(__version__)
    expect(page.get_by_role("row", name="Database")).to_contain_text("works")
    expect(page.get_by_text("add_faces").first).to_be_visible()
    expect(page.get_by_role("img", name="Detection error trade-off of the embedder")).to_be_visible()
    expect(page.get_by_role("img", name="Receiver operating characteristic of the embedder")).to_be_visible()
    expect(page.get_by_test_id("operating-point")).to_have_text(["0.93", "0.93"])
    page.get_by_role("button", name="Release notes").click()
    expect(page.get_by_role("dialog")).to_contain_text(__version__)
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
