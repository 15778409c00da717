"""Accounts in a browser: users, limits, the audit log, and the user's own account."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.servers import RunningServer

from .pages import go

pytestmark = pytest.mark.models

NEW = re.compile(r"^New password( \*)?$")
CHOSEN = "correct horse battery staple 7"


@pytest.fixture
def own_page(context: BrowserContext) -> Iterator[Page]:
    """A page of another user."""
    page = context.browser.new_context(base_url=context.pages[0].url.split("/console")[0], locale="en").new_page()  # type: ignore[union-attr]
    yield page
    page.context.close()


def new_user(page: Page, name: str, role: str) -> str:
    """Create a user and return the password for one use."""
    go(page, "Accounts")
    page.get_by_role("button", name="New user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("User", exact=False).first.fill(name)
    dialog.get_by_role("combobox", name="Role").click()
    page.get_by_role("option", name=role).click()
    dialog.get_by_role("button", name="Create").click()
    password = page.get_by_test_id("Password").inner_text()
    page.get_by_role("button", name="Done").click()
    return password


def test_a_user_changes_the_first_password_and_later_the_own_one(
    page: Page, own_page: Page, console_server: RunningServer
) -> None:
    password = new_user(page, "carol", "Reader")
    own_page.goto("/console")
    own_page.get_by_label("Domain").fill(console_server.credentials["domain"])
    own_page.get_by_label("User").fill("carol")
    own_page.locator("input[type=password]").fill(password)
    own_page.get_by_role("button", name="Sign in").click()
    expect(own_page.get_by_text("This password is for one use.")).to_be_visible()
    own_page.get_by_label("New password").fill(CHOSEN)
    own_page.get_by_role("button", name="Change the password").click()
    expect(own_page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    expect(own_page.get_by_role("link", name="Accounts")).to_have_count(0)

    go(own_page, "My account")
    own_page.get_by_label("Current password").fill(CHOSEN)
    own_page.get_by_label(NEW).fill("password")
    own_page.get_by_label("New password, again").fill("passwort")
    expect(own_page.get_by_text("The two new passwords differ.")).to_be_visible()
    own_page.get_by_label("New password, again").fill("password")
    own_page.get_by_role("button", name="Change the password").click()
    expect(own_page.get_by_role("alert")).to_be_visible()
    for label in (NEW, re.compile("New password, again")):
        own_page.get_by_label(label).fill(f"{CHOSEN} and more")
    own_page.get_by_role("button", name="Change the password").click()
    expect(own_page.get_by_text("The password has been changed.")).to_be_visible()
    go(own_page, "Face sets")
    expect(own_page.get_by_role("button", name="New face set")).to_have_count(0)

    page.get_by_role("button", name="Delete carol").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Type “carol” to confirm").fill("carol")
    dialog.get_by_role("button", name="Delete the user").click()
    expect(page.get_by_role("cell", name="carol")).to_have_count(0)


def test_a_temporary_key_signs_requests(page: Page, console_server: RunningServer) -> None:
    go(page, "My account")
    page.get_by_role("button", name="Create a temporary key").click()
    token = page.get_by_test_id("Security token").inner_text()
    assert page.get_by_test_id("Access key").inner_text()
    assert len(token) > 20
    page.get_by_role("button", name="Done").click()


def test_limits_of_the_operator_are_edited(page: Page, console_server: RunningServer) -> None:
    go(page, "Accounts")
    page.get_by_role("tab", name="Limits").click()
    field = page.get_by_label("Face sets", exact=False).first
    expect(field).to_have_value("10")
    field.fill("12")
    page.get_by_role("button", name="Save the limits").click()
    expect(page.get_by_role("button", name="Save the limits")).to_be_disabled()
    url = f"/x/v1/accounts/{console_server.credentials['project_id']}"
    with console_server.http() as client:
        assert client.get(url).json()["limits"]["max_face_sets"] == 12
        client.put(f"{url}/limits", json={"limits": {"max_face_sets": 10}})


def test_the_audit_log_is_filtered_and_exported(page: Page, console_server: RunningServer, tmp_path: Path) -> None:
    with console_server.http() as client:
        client.delete(f"{console_server.project}/face-sets/nothing")
    go(page, "Accounts")
    page.get_by_role("tab", name="Audit log").click()
    page.get_by_role("combobox", name="Operation or event").fill("delete_face_set")
    page.get_by_role("combobox", name="Outcome").click()
    page.get_by_role("option", name="failure").click()
    page.get_by_label("Actor").fill("admin")
    rows = page.get_by_role("region", name="Audit log").locator("tbody tr")
    expect(rows.first).to_contain_text("/face-sets/nothing")
    page.get_by_label("To (UTC)").fill("2020-01-01")
    expect(page.get_by_text("No entries.")).to_be_visible()
    page.get_by_label("To (UTC)").fill("")
    expect(rows.first).to_contain_text("/face-sets/nothing")
    for format_ in ("CSV", "JSONL"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Save as {format_}").click()
        assert download.value.suggested_filename == f"audit.{format_.lower()}"
        download.value.save_as(tmp_path / format_)
    entries = [json.loads(line) for line in (tmp_path / "JSONL").read_text("utf-8").splitlines()]
    with (tmp_path / "CSV").open(encoding="utf-8", newline="") as file:
        exported = list(csv.DictReader(file))
    assert {entry["outcome"] for entry in entries} == {"failure"}
    assert [row["operation"] for row in exported] == [entry["operation"] for entry in entries]
