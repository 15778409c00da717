"""The build: the size of a first visit, and no request to other hosts."""

import gzip
import re
from pathlib import Path

FIRST_LOAD = 300_000
"""Compressed bytes loaded until the overview is shown after signing in."""


def imported(built: Path, name: str) -> set[str]:
    """Return a script and all its static imports."""
    scripts, pending = set(), [name]
    while pending:
        script = pending.pop()
        if script in scripts:
            continue
        scripts.add(script)
        text = (built / "assets" / script).read_text("utf-8")
        pending += re.findall(r'(?:from|import)\s*"\./([^"]+\.js)"', text)
    return scripts


def test_the_first_load_is_small(built: Path) -> None:
    page = (built / "index.html").read_text("utf-8")
    (entry,) = re.findall(r'src="/console/assets/([^"]+\.js)"', page)
    (overview,) = (path.name for path in (built / "assets").glob("Overview-*.js"))
    scripts = imported(built, entry) | imported(built, overview)
    styles = {path.name for path in (built / "assets").glob("*.css")}
    sizes = {name: len(gzip.compress((built / "assets" / name).read_bytes())) for name in scripts | styles}
    assert entry in sizes
    assert len(styles) >= 1
    print(f"first load: {sum(sizes.values())} bytes in {len(sizes)} files")
    assert sum(sizes.values()) < FIRST_LOAD, sizes


def test_the_page_has_no_inline_code(built: Path) -> None:
    page = (built / "index.html").read_text("utf-8")
    assert re.findall(r"<script[^>]*>([^<]+)</script>", page) == []
    assert "style=" not in page
    assert re.findall(r"https?://", page) == []


def test_styles_load_nothing_from_other_hosts(built: Path) -> None:
    for path in (built / "assets").glob("*.css"):
        text = path.read_text("utf-8")
        assert "@import" not in text
        assert re.findall(r"url\((?!data:)[^)]*//[^)]*\)", text) == []


def test_the_stylesheet_delays_no_outline_and_overrides_no_theme(built: Path) -> None:
    """Components add their styles in the root; those must come after the stylesheet."""
    page = (built / "index.html").read_text("utf-8")
    assert page.index('class="outline"') < page.index('rel="stylesheet"') < page.index('id="root"')
