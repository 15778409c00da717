"""What MkDocs does beside rendering docs/: the README as first page, the reference pages, links to files outside of docs/."""

import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

REPOSITORY = Path(__file__).parent.parent.parent

_OUTSIDE = re.compile(r"\[([^\]]*)\]\((?:\.\./)+([^)#]+)[^)]*\)")
_REMARK = re.compile(r"^<!-- not run: .* -->\n", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that have no file of their own."""
    sys.path[:0] = [str(Path(__file__).parent), str(REPOSITORY / "scripts")]
    import reference

    import write_openapi
    from openfrs.cli.main import app

    pages = {
        "index.md": first_page((REPOSITORY / "README.md").read_text("utf-8")),
        "api.md": reference.interface(write_openapi.document()),
        "errors.md": reference.errors(),
        "commands.md": reference.commands(app),
    }
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Name files outside of docs/ in place of links to them, as the site does not have them; they must be there."""
    return named_outside(_REMARK.sub("", markdown))


def first_page(readme: str) -> str:
    """The README as a page of docs/: its links lose the folder, or gain the way out of it."""
    text = readme.replace("](docs/", "](")
    return re.sub(r"\]\((LICENSE|NOTICE|src/[^)]*|examples/[^)]*|deploy/[^)]*)\)", r"](../\1)", text)


def named_outside(markdown: str) -> str:
    """Raises ``FileNotFoundError`` where a link leads nowhere."""

    def named(link: re.Match[str]) -> str:
        (REPOSITORY / link[2]).stat()
        label: Any = link[1]
        return (
            str(label) if link[2].rstrip("/").endswith(label.strip("`/")) and "/" in label else f"{label} (`{link[2]}`)"
        )

    return _OUTSIDE.sub(named, markdown)
