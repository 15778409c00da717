"""The site builds without warnings, loads nothing from other hosts, and covers each setting, command, route and error.

Metrics are held to their page by tests/core/telemetry/test_metrics.py.
"""

import html
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from playwright.sync_api import expect

from openfrs import __version__
from openfrs.cli.main import app
from openfrs.core.errors import catalogue
from openfrs.core.settings import Settings
from tests.support.browsers import chromium
from tests.support.pages import GROUPS, PAGES
from tests.support.servers import REPOSITORY, RunningServer

DOCS = REPOSITORY / "docs"
OLDER = "0.0.9"
WRITTEN = "\n".join(PAGES.values())


@pytest.fixture(scope="module")
def site() -> Iterator[Path]:
    """The folder of this version in the built site."""
    with tempfile.TemporaryDirectory() as folder:
        older = Path(folder) / OLDER / "index.html"
        older.parent.mkdir()
        older.touch()
        command = [sys.executable, "scripts/site/build.py", "--output", folder]
        result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        yield Path(folder) / __version__


def text_of(page: Path) -> str:
    """Return the text of a page without markup."""
    return html.unescape(re.sub(r"<[^>]+>", "", page.read_text("utf-8")))


def test_the_site_loads_nothing_from_other_hosts(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|link|iframe)[^>]+(?:src|href)="?(https?:)?//[^"> ]+', page.read_text("utf-8")
        )
        assert not loaded, page.name
    for sheet in site.rglob("*.css"):
        assert not re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//", sheet.read_text("utf-8")), sheet.name


def test_every_page_is_linked_from_the_first(site: Path) -> None:
    start = (site / "index.html").read_text("utf-8")
    pages = {
        str(page.relative_to(DOCS).with_suffix(".html")) for group in GROUPS for page in (DOCS / group).glob("*.md")
    }
    assert {name for name in pages if f'href="{name}"' not in start} == set()


def test_each_decision_is_linked_from_the_list_of_decisions(site: Path) -> None:
    page = (site / "decisions" / "README.html").read_text("utf-8")
    records = [record.stem for record in (DOCS / "decisions").glob("0*.md")]
    assert [name for name in records if f'href="{name}.html"' not in page] == []


def test_the_folder_of_the_site_leads_to_the_newest_version(site: Path) -> None:
    page = (site.parent / "index.html").read_text("utf-8")
    assert f"url={__version__}/index.html" in page
    assert re.findall(r">OpenFRS ([^<]+)<", page) == [__version__, OLDER]


def test_the_search_works_from_the_file_system(site: Path) -> None:
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{site.as_uri()}/search.html?q=OPENFRS_INDEX_MEMORY")
        expect(page.locator("#search-results li").first).to_be_visible(timeout=30_000)


def test_every_setting_is_on_the_site(site: Path) -> None:
    text = text_of(site / "reference" / "settings.html")
    assert [name for name in Settings.model_fields if f"OPENFRS_{name.upper()}" not in text] == []


def test_every_command_is_on_the_site_with_its_help(site: Path) -> None:
    text = text_of(site / "reference" / "commands.html")
    for path, summary in commands():
        assert re.search(rf"{re.escape(path)}¶?\s+{re.escape(summary)}", text), path


def test_every_command_is_mentioned_on_a_page(site: Path) -> None:
    short = re.sub(r"^(openfrs \w+) ([\w-]+(?:\|[^\n]+)+)$", _expanded, WRITTEN, flags=re.MULTILINE)
    assert [path for path, _ in commands() if path not in short and path.partition(" ")[2] not in short] == []


def _expanded(synopsis: re.Match[str]) -> str:
    return "\n".join(f"{synopsis[1]} {each}" for each in synopsis[2].split("|"))


def commands() -> list[tuple[str, str]]:
    """Return each command with the first line of its help."""

    def below(command: Any, path: str) -> Iterator[tuple[str, str]]:
        inner = getattr(command, "commands", None)
        if inner is None:
            summary = (command.help or "").strip().splitlines()
            assert summary, f"{path} does not say what it does"
            yield path, summary[0]
            return
        for name in inner:
            yield from below(command.get_command(None, name), f"{path} {name}")

    return list(below(typer.main.get_command(app), "openfrs"))


def test_every_error_is_on_the_site(site: Path) -> None:
    text = text_of(site / "reference" / "errors.html")
    for entry in catalogue().values():
        assert entry.code in text
        assert " ".join(entry.message.split()) in " ".join(text.split()), entry.key


def test_every_route_is_on_the_site(site: Path, server: RunningServer) -> None:
    text = text_of(site / "reference" / "api.html")
    paths = httpx.get(f"{server.endpoint}/openapi.json").json()["paths"]
    for path, methods in paths.items():
        for method in methods:
            signatures = (f"{method.upper()} {path}", f"{method.upper()} {path.replace('/v1/', '/v2/', 1)}")
            assert any(each in text for each in signatures), signatures[0]


def test_figures_beside_the_pages_are_readable() -> None:
    for path in (REPOSITORY / "docs").rglob("*.json"):
        json.loads(path.read_text("utf-8"))
