"""Build the documentation site in a folder named after the version, beside the versions that are there.

python scripts/site/build.py [--output site]

The README becomes the first page, and the reference pages of the HTTP interface, the errors and the commands are generated.
"""

import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import reference
import typer
from sphinx.cmd.build import main as sphinx_build

from openfrs import __version__
from openfrs.cli.main import app

FOLDER = Path(__file__).parent
REPOSITORY = FOLDER.parent.parent
DOCS = REPOSITORY / "docs"
sys.path.append(str(REPOSITORY / "scripts"))

import write_openapi  # noqa: E402 it is in the folder above

_OUTSIDE = re.compile(r"\[([^\]]*)\]\(((?:\.\./)+[^)#]+)[^)]*\)")
_REMARK = re.compile(r"^<!-- (?:not run|figures|end).*? -->\n", re.MULTILINE)


def build(output: Annotated[Path, typer.Option(help="Folder of all versions.")] = REPOSITORY / "site") -> None:
    """Build the site of this version; exit with an error if a page has a dead link or is in no group."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        write_source(source)
        target = output / __version__
        shutil.rmtree(target, ignore_errors=True)
        options = ["-q", "-W", "--keep-going", "-b", "html", "-d", f"{folder}/.doctrees", "-c", str(FOLDER)]
        if sphinx_build([*options, str(source), str(target)]):
            raise typer.Exit(1)
    shutil.rmtree(target / ".doctrees", ignore_errors=True)
    write_versions(output)
    print(target / "index.html")


def write_source(source: Path) -> None:
    """Write the pages of the site to an empty folder, with links that are valid there."""
    shutil.copytree(DOCS, source, dirs_exist_ok=True)
    for page in source.rglob("*.md"):
        original = DOCS / page.relative_to(source)
        page.write_text(name_outside_files(page.read_text("utf-8"), original.parent), "utf-8")
    generated = {
        "index.md": home_page((REPOSITORY / "README.md").read_text("utf-8")) + contents(),
        "zh.md": "---\norphan: true\n---\n" + home_page((REPOSITORY / "README.zh.md").read_text("utf-8")),
        "reference/api.md": reference.interface(write_openapi.document()),
        "reference/errors.md": reference.errors(),
        "reference/commands.md": reference.commands(app),
        "decisions/README.md": (source / "decisions" / "README.md").read_text("utf-8") + _records(source),
    }
    for name, text in generated.items():
        (source / name).write_text(_REMARK.sub("", text), "utf-8")


def contents() -> str:
    """Return the tables of contents of all groups, which fill the sidebar."""
    listed = tomllib.loads((DOCS / "contents.toml").read_text("utf-8"))
    return "\n".join(_toctree(group["pages"], {"caption": group["title"]}) for group in listed["group"])


def _records(source: Path) -> str:
    return _toctree(sorted(page.stem for page in (source / "decisions").glob("0*.md")), {"titlesonly": ""})


def _toctree(pages: Iterable[str], options: Mapping[str, str]) -> str:
    lines = ["", "```{toctree}", ":hidden:", *(f":{name}: {value}".rstrip() for name, value in options.items()), ""]
    return "\n".join([*lines, *pages, "```", ""])


def home_page(readme: str) -> str:
    """Convert the README to a page of docs/ by rewriting its links."""
    text = readme.replace("](README.zh.md)", "](docs/zh.md)").replace("](README.md)", "](docs/index.md)")
    text = re.sub(r"\]\((?!https?:|#|docs/)", "](../", text).replace("](docs/", "](")
    return name_outside_files(text, DOCS)


def name_outside_files(markdown: str, folder: Path) -> str:
    """Replace links to files outside docs/ by their names, as the site does not contain them.

    ``folder`` is the folder of the page.

    Raises:
        FileNotFoundError: a linked file does not exist.
    """

    def name(link: re.Match[str]) -> str:
        target = (folder / link[2]).resolve()
        if target.is_relative_to(DOCS):  # it may be a generated page; Sphinx checks the link
            return link[0]
        target.resolve(strict=True)
        label, path = link[1], str(target.relative_to(REPOSITORY))
        return label if path.endswith(label.strip("`/")) and "/" in label else f"{label} (`{path}`)"

    return _OUTSIDE.sub(name, markdown)


def write_versions(output: Path) -> None:
    """Write the page that lists the versions in the folder, the newest first, and leads to it."""
    versions = sorted(
        (page.parent.name for page in output.glob("*/index.html")),
        key=lambda version: [int(part) for part in re.findall(r"\d+", version)],
        reverse=True,
    )
    items = "".join(f'<li><a href="{version}/index.html">OpenFRS {version}</a></li>' for version in versions)
    (output / "index.html").write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>OpenFRS</title>'
        f'<meta http-equiv="refresh" content="0; url={versions[0]}/index.html"><ul>{items}</ul></html>\n',
        "utf-8",
    )


if __name__ == "__main__":
    typer.run(build)
