"""The console while the service restarts."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from openfrs.vision.weights.cache import WeightCache
from tests.support.servers import RunningServer, real_server_command, running

from .pages import go, sign_in

pytestmark = pytest.mark.models

AWAY = "The server is away."


@pytest.fixture
def fresh(context: BrowserContext, console_server: RunningServer) -> Iterator[Page]:
    """A page, signed in, that has loaded no view but the overview."""
    context.clear_cookies()
    page = context.new_page()
    page.route(re.compile("/assets/(Liveness|Compare)"), lambda route: route.abort())
    sign_in(page, console_server)
    yield page
    page.close()


def test_views_that_cannot_be_loaded_appear_when_the_service_is_back(fresh: Page) -> None:
    page = fresh
    page.route("**/ready", lambda route: route.abort())
    page.get_by_role("navigation").get_by_role("link", name="Liveness").click()
    expect(page.get_by_role("status").filter(has_text=AWAY)).to_be_visible()
    expect(page.get_by_role("navigation")).to_be_visible()
    page.unroute(re.compile("/assets/(Liveness|Compare)"))
    page.unroute("**/ready")
    expect(page.get_by_role("heading", name="Liveness", level=1)).to_be_visible()
    expect(page.get_by_text(AWAY)).to_be_hidden()


def test_a_view_of_another_version_is_reported_inside_the_shell(fresh: Page) -> None:
    page = fresh
    page.get_by_role("navigation").get_by_role("link", name="Compare").click()
    expect(page.get_by_role("alert")).to_contain_text("This view could not be loaded")
    expect(page.get_by_role("button", name="Load again")).to_be_visible()
    go(page, "Face sets")


def test_the_notice_goes_and_the_data_returns_without_a_click(fresh: Page) -> None:
    page = fresh
    away = re.compile(r"/(v2|x/v1|ready)")
    page.route(away, lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>"))
    go(page, "Face sets")
    expect(page.get_by_role("status").filter(has_text=AWAY)).to_be_visible()
    page.unroute(away)
    expect(page.get_by_text(AWAY)).to_be_hidden()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_another_version_of_the_service_is_announced(fresh: Page) -> None:
    page = fresh
    expect(page.get_by_role("row", name="Version")).to_be_visible()

    def updated(route: Route) -> None:
        route.fulfill(json={**route.fetch().json(), "version": "99.0.0"})

    page.route("**/x/v1/*/status", updated)
    go(page, "Face sets")
    go(page, "Overview")
    notice = page.get_by_text("The service was updated to version 99.0.0.")
    expect(notice).to_be_visible()
    page.get_by_role("button", name="Reload").click()
    expect(page.get_by_role("row", name="Version")).to_contain_text("99.0.0")
    expect(notice).to_be_hidden()


def test_the_shell_and_the_session_survive_a_restart_of_the_server(
    context: BrowserContext, tmp_path: Path, weights: WeightCache, built: Path
) -> None:
    data = tmp_path / "data"
    command = real_server_command(data, weights.directory)
    assert context.browser is not None
    with running(command, data) as first:
        own = context.browser.new_context(base_url=first.endpoint, locale="en")
        page = own.new_page()
        sign_in(page, first)
        go(page, "Face sets")
    page.get_by_role("navigation").get_by_role("link", name="Deletions").click()
    expect(page.get_by_role("status").filter(has_text=AWAY)).to_be_visible()
    expect(page.get_by_role("navigation")).to_be_visible()
    command[command.index("--port") + 1] = first.endpoint.rpartition(":")[2]
    with running(command, data, credentials=first.credentials):
        expect(page.get_by_text(AWAY)).to_be_hidden()
        expect(page.get_by_role("heading", name="Deletions", level=1)).to_be_visible()
        expect(page.get_by_text("Nothing has been deleted yet.")).to_be_visible()
        go(page, "Compare")
        page.reload()
        expect(page.get_by_role("heading", name="Compare", level=1)).to_be_visible()
        own.close()
