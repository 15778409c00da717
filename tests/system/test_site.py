"""The site builds without warnings, loads nothing from other hosts, and covers each setting, command, route and error.

Metrics are held to their page by tests/core/telemetry/test_metrics.py.
"""

import html
import json
import os
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

from openfrs.cli.main import app
from openfrs.core.errors import catalogue
from openfrs.core.settings import Settings
from tests.support.pages import PAGES
from tests.support.servers import REPOSITORY, RunningServer

WRITTEN = "\n".join(PAGES.values())


@pytest.fixture(scope="module")
def site() -> Iterator[Path]:
    """The built site."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
        environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
        result = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        yield Path(folder)


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


def test_every_page_is_linked_from_every_other(site: Path) -> None:
    start = (site / "index.html").read_text("utf-8")
    built = {str(page.relative_to(site)) for page in site.rglob("*.html")} - {"404.html", "index.html"}
    assert {name for name in built if f'href="{name}"' not in start} == set()


def test_every_setting_is_on_the_site(site: Path) -> None:
    text = text_of(site / "reference" / "settings.html")
    assert [name for name in Settings.model_fields if f"OPENFRS_{name.upper()}" not in text] == []


def test_every_command_is_on_the_site_with_its_help(site: Path) -> None:
    text = text_of(site / "reference" / "commands.html")
    for path, summary in commands():
        assert f"{path}¶\n{summary}" in text, path


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
