"""MkDocs hooks: the README as the home page, generated reference pages, and links to files outside docs/."""

import re
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

REPOSITORY = Path(__file__).parent.parent.parent
DOCS = REPOSITORY / "docs"

_OUTSIDE = re.compile(r"\[([^\]]*)\]\(((?:\.\./)+[^)#]+)[^)]*\)")
_REMARK = re.compile(r"^<!-- not run: .* -->\n", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    sys.path[:0] = [str(Path(__file__).parent), str(REPOSITORY / "scripts")]
    import reference

    import write_openapi
    from openfrs.cli.main import app

    pages = {
        "index.md": home_page((REPOSITORY / "README.md").read_text("utf-8")),
        "reference/api.md": reference.interface(write_openapi.document()),
        "reference/errors.md": reference.errors(),
        "reference/commands.md": reference.commands(app),
    }
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replace links to files outside docs/ by their names."""
    return name_outside_files(_REMARK.sub("", markdown), (DOCS / page.file.src_path).parent)


def home_page(readme: str) -> str:
    """Convert the README to a page of docs/ by rewriting its links."""
    text = readme.replace("](docs/", "](")
    return re.sub(r"\]\((LICENSE|NOTICE|src/[^)]*|examples/[^)]*|deploy/[^)]*)\)", r"](../\1)", text)


def name_outside_files(markdown: str, folder: Path) -> str:
    """Replace links to files outside docs/ by their names, as the site does not contain them.

    ``folder`` is the folder of the page.

    Raises:
        FileNotFoundError: a linked file does not exist.
    """

    def name(link: re.Match[str]) -> str:
        target = (folder / link[2]).resolve()
        if target.is_relative_to(DOCS):  # it may be a generated page; MkDocs checks the link
            return link[0]
        target.resolve(strict=True)
        label, path = link[1], str(target.relative_to(REPOSITORY))
        return label if path.endswith(label.strip("`/")) and "/" in label else f"{label} (`{path}`)"

    return _OUTSIDE.sub(name, markdown)
