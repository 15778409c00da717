"""Check the project's prose against the word list in ``scripts/prose.toml``; ``docs/explanation/style.md`` explains the rules.

Reads docstrings and comments of every Python file, every Markdown page outside of code, and the console's English texts.

    python scripts/check_prose.py [--quiet] [PATH ...]
"""

import argparse
import ast
import io
import json
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CONSOLE_TEXTS = "en.json"

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"``.+?``|`[^`\n]+`|<!--.*?-->|\]\([^)]*\)|https?://\S+", re.DOTALL)


@dataclass(frozen=True)
class Passage:
    """A piece of prose, the line it starts on, and whether it is a docstring."""

    text: str
    line: int
    docstring: bool = False


@dataclass(frozen=True)
class Rules:
    """The word list, compiled: each pattern with what to write instead."""

    words: Mapping[re.Pattern[str], str]
    starts: Mapping[re.Pattern[str], str]

    @classmethod
    def read(cls, path: Path) -> "Rules":
        """Read the word list."""
        table = tomllib.loads(path.read_text("utf-8"))
        return cls(
            {
                re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE): advice
                for words, advice in table["words"].items()
            },
            {re.compile(rf"(?:{words})\b"): advice for words, advice in table["docstring_starts"].items()},
        )

    def findings(self, passage: Passage) -> Iterator[tuple[int, str, str]]:
        """Yield line, match and advice for each violation."""
        text = _blank(_CODE, passage.text)
        for pattern, advice in self.words.items():
            for match in pattern.finditer(text):
                yield passage.line + text.count("\n", 0, match.start()), " ".join(match[0].split()), advice
        if passage.docstring:
            for pattern, advice in self.starts.items():
                if start := pattern.match(text.strip()):
                    yield passage.line, f"{start[0]} …", advice


def _blank(pattern: re.Pattern[str], text: str) -> str:
    """Replace matches with spaces, so that offsets and lines stay."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def python_passages(source: str) -> Iterator[Passage]:
    """Yield the docstrings (of attributes too) and the comments of a module."""
    for node in ast.walk(ast.parse(source)):
        for child in ast.iter_child_nodes(node):
            if (
                isinstance(child, ast.Expr)
                and isinstance(child.value, ast.Constant)
                and isinstance(child.value.value, str)
            ):
                yield Passage(child.value.value, child.lineno, docstring=True)
    lines: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if lines and token.start[0] != lines[-1].start[0] + 1:
            yield _comment(lines)
            lines = []
        lines.append(token)
    if lines:
        yield _comment(lines)


def _comment(lines: list[tokenize.TokenInfo]) -> Passage:
    return Passage("\n".join(token.string.lstrip("#") for token in lines), lines[0].start[0])


def passages(path: Path) -> Iterator[Passage]:
    """Yield the prose of a file; nothing for files without prose."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        yield from python_passages(text)
    elif path.suffix == ".md":
        yield Passage(_blank(_FENCE, text), 1)
    elif path.name == CONSOLE_TEXTS:
        for number, line in enumerate(text.splitlines(), 1):
            if match := re.match(r'\s*"[^"]+": ("(?:[^"\\]|\\.)*")', line):
                yield Passage(str(json.loads(match[1])), number)


def tracked_files() -> Iterator[Path]:
    """Yield the files of the repository that may hold prose."""
    command = ["git", "ls-files", "-z", "*.py", "*.md", f"*{CONSOLE_TEXTS}"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    yield from (Path(name) for name in listing.split("\0") if name and Path(name).is_file())


def main() -> None:
    """Print each violation as ``path:line: match: advice``; exit 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--quiet", action="store_true", help="print only the number of violations")
    arguments = parser.parse_args()
    rules = Rules.read(Path(__file__).with_name("prose.toml"))
    count = 0
    for path in sorted(arguments.paths or tracked_files()):
        for passage in passages(path):
            for line, match, advice in rules.findings(passage):
                count += 1
                if not arguments.quiet:
                    print(f"{path}:{line}: “{match}”: {advice}")
    if count:
        print(f"{count} violation{'s' if count > 1 else ''} of docs/explanation/style.md", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
