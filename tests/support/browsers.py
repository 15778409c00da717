"""Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

FLAGS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""Flags of a browser that sends no requests of its own."""


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Start a browser until the block ends; skip the test where there is none.

    Playwright runs an event loop in this thread, so no other test of the module can have one.
    """
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("Chromium is not installed; run apt-get install chromium")
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=executable, args=[*FLAGS, *flags])
        except Error as error:
            pytest.skip(f"the browser does not start: {str(error).splitlines()[0]}")
        yield started
        started.close()
