"""Actions of a user on the console's pages."""

import base64
from collections.abc import Iterable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.support.servers import REPOSITORY, RunningServer

SCREENSHOTS = REPOSITORY / "console-screenshots"
"""Screenshots of each view; not committed."""


def sign_in(page: Page, server: RunningServer, *, password: str | None = None, user: str | None = None) -> None:
    """Sign in on the sign-in page."""
    page.goto("/console")
    page.get_by_label("Domain").fill(server.credentials["domain"])
    page.get_by_label("User").fill(user or server.credentials["user"])
    page.locator("input[type=password]").fill(password or server.credentials["password"])
    page.get_by_label("Project").fill(server.credentials["project_name"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()


def go(page: Page, view: str) -> None:
    """Choose a view from the menu."""
    page.get_by_role("navigation").get_by_role("link", name=view, exact=True).click()
    expect(page.get_by_role("heading", name=view, level=1)).to_be_visible()


def drop(page: Page, target: Locator, files: Iterable[tuple[str, bytes]]) -> None:
    """Drop files on an element of the page."""
    encoded = [[name, base64.b64encode(content).decode()] for name, content in files]
    transfer = page.evaluate_handle(
        """(files) => {
            const transfer = new DataTransfer();
            for (const [name, text] of files) {
                const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
                const type = name.endsWith('.webp') ? 'image/webp' : 'image/jpeg';
                transfer.items.add(new File([bytes], name, { type }));
            }
            return transfer;
        }""",
        encoded,
    )
    target.dispatch_event("drop", {"dataTransfer": transfer})


def give(page: Page, label: str, photo: Path) -> None:
    """Drop one photo on the upload field."""
    drop(page, page.get_by_role("group", name=label), [(photo.name, photo.read_bytes())])


def colours(page: Page, scheme: str) -> None:
    """Choose light or dark."""
    if page.locator("html").get_attribute("data-mantine-color-scheme") != scheme:
        page.get_by_role("button", name=f"Use the {scheme} colours").click()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
