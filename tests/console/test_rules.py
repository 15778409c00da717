"""Rules of a face set in a browser: enrolment policy, retention and legal hold."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.servers import RunningServer

from .pages import go

pytestmark = pytest.mark.models


@pytest.fixture
def rules(page: Page, make_set: Callable[..., str], console_server: RunningServer) -> str:
    """Path of the rules of a new face set whose page shows them."""
    name = make_set("ruled", {}, {"until": "string"})
    go(page, "Face sets")
    page.get_by_role("link", name=name).click()
    page.get_by_role("tab", name="Rules").click()
    return f"/x/v1/{console_server.credentials['project_id']}/face-sets/{name}"


def test_a_policy_is_set_and_removed(page: Page, rules: str, console_server: RunningServer) -> None:
    page.get_by_role("button", name="Fill in “strict”").click()
    page.get_by_label("Most faces of a photo").fill("3")
    page.get_by_label("The photo must show exactly one face").check()
    page.get_by_role("button", name="Save the policy").click()
    expect(page.get_by_role("button", name="Save the policy")).to_be_disabled()
    expect(page.get_by_role("button", name="Remove the policy")).to_be_enabled()
    with console_server.http() as client:
        policy = client.get(f"{rules}/policy").json()["policy"]
        assert policy["max_faces"] == 3
        assert policy["single_face"] is True
        assert policy["min_quality"] == 0.45
        page.get_by_role("button", name="Remove the policy").click()
        expect(page.get_by_label("Most faces of a photo")).to_have_value("")
        assert client.get(f"{rules}/policy").json() == {"policy": {}}


def test_a_retention_rule_is_set_and_removed(page: Page, rules: str, console_server: RunningServer) -> None:
    with console_server.http() as client:
        page.get_by_label("some days after they were added").check()
        page.get_by_label("Days after a face was added").fill("30")
        page.get_by_role("button", name="Save the retention rule").click()
        expect(page.get_by_label("Days after a face was added")).to_have_value("30")
        expect(page.get_by_role("button", name="Save the retention rule")).not_to_have_attribute("data-loading", "true")
        assert client.get(f"{rules}/retention").json()["retention"] == {"days": 30}
        page.get_by_label("at a date in a custom field").check()
        page.get_by_label("Days after the date").fill("0")
        page.get_by_role("button", name="Save the retention rule").click()
        expect(page.get_by_role("combobox", name="Custom field with the date")).to_have_value("until")
        expect(page.get_by_role("button", name="Save the retention rule")).not_to_have_attribute("data-loading", "true")
        assert client.get(f"{rules}/retention").json()["retention"] == {"date_field": "until"}
        page.get_by_label("never").check()
        page.get_by_role("button", name="Save the retention rule").click()
        expect(page.get_by_label("Days after the date")).to_be_hidden()
        expect(page.get_by_role("button", name="Save the retention rule")).not_to_have_attribute("data-loading", "true")
        assert client.get(f"{rules}/retention").json()["retention"] == {}


def test_a_legal_hold_is_placed_and_released(page: Page, rules: str, console_server: RunningServer) -> None:
    page.get_by_label("Reason").fill("case 7")
    page.get_by_role("button", name="Place a legal hold").click()
    expect(page.get_by_role("status").filter(has_text="Under legal hold: case 7")).to_be_visible()
    with console_server.http() as client:
        assert client.get(f"{rules}/retention").json()["legal_hold"] == "case 7"
    page.get_by_role("button", name="Release the legal hold").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Type “ruled” to confirm").fill("ruled")
    dialog.get_by_role("button", name="Release the legal hold").click()
    expect(page.get_by_role("button", name="Place a legal hold")).to_be_visible()


def test_the_commands_of_an_archive_can_be_copied(page: Page, rules: str) -> None:
    command = "openfrs export ruled ruled.frs --encrypt"
    page.get_by_role("button", name=f"Copy {command}").click()
    assert page.evaluate("navigator.clipboard.readText()") == command
