"""The built files of the console, as they are sent."""

import gzip
import mimetypes
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

BUILT: Final = Path(__file__).parent / "built_console"
"""Where the package's build puts them; absent where it found no Node."""

INDEX: Final = "index.html"
NONCE: Final = b"CSP_NONCE"
"""Stands in the built index for what each answer draws anew."""

_COMPRESSED: Final = frozenset({".html", ".js", ".css", ".svg", ".json"})


@dataclass(frozen=True)
class File:
    """One file, and its gzip where that is smaller."""

    content: bytes
    media_type: str
    is_text: bool

    @cached_property
    def compressed(self) -> bytes | None:
        """The gzip of it, made when first wanted."""
        return gzip.compress(self.content, mtime=0) if self.is_text else None


@dataclass(frozen=True)
class Files:
    """All files by their path below ``/console``; empty where the console was not built."""

    by_path: Mapping[str, File] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path = BUILT) -> "Files":
        """The files of a folder. A build without an index is no build."""
        if not (folder / INDEX).is_file():
            return cls()
        return cls(
            {path.relative_to(folder).as_posix(): _file(path) for path in sorted(folder.rglob("*")) if path.is_file()}
        )

    def index(self) -> tuple[bytes, str] | None:
        """The page, and the nonce in it that allows the styles which the page makes itself."""
        found = self.by_path.get(INDEX)
        if found is None:
            return None
        nonce = secrets.token_urlsafe(16)
        return found.content.replace(NONCE, nonce.encode()), nonce


def _file(path: Path) -> File:
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    is_text = path.suffix in _COMPRESSED
    return File(path.read_bytes(), f"{media_type}; charset=utf-8" if is_text else media_type, is_text)
