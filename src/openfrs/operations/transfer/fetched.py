"""Images to import that are fetched: files at URLs, and objects of a bucket, within the operator's rules for fetching."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from threading import BoundedSemaphore
from typing import Final
from xml.etree import ElementTree

import httpx
from anyio import from_thread

from openfrs.core import limits
from openfrs.core.clock import utc_now
from openfrs.core.errors import OperatorError, ServiceError
from openfrs.core.settings import Settings
from openfrs.core.text import escaped
from openfrs.faces.imports.items import Item, SourceError, check_name
from openfrs.media.fetching.fetcher import Fetcher, Resolve
from openfrs.media.fetching.rules import FetchRules

from .files import MAX_FILE_BYTES, check_format
from .sources import Naming, Skipped, failing, is_skipped, person_of

BUCKET_SCHEMES: Final = ("s3://", "obs://")

_TIMEOUT_SECONDS: Final = 30.0

_LISTED_KEYS: Final = 1000
"""Keys in a response of the store, which returns no more than that."""


class ImageFetcher:
    """Reads images over HTTPS and from an object store. The operator chooses them, so that all buckets of the store are allowed."""

    def __init__(self, settings: Settings, *, resolve: Resolve | None = None) -> None:
        self._rules = replace(FetchRules.from_settings(settings), buckets=None)
        self._fetcher = Fetcher(self._rules, resolve=resolve)
        self._room = BoundedSemaphore(limits.MAX_CONCURRENT_FETCHES)

    def read(self, location: str) -> bytes:
        """Return the image at a URL or at ``/BUCKET/KEY``. It is called on a thread of the import's event loop.

        Raises:
            SourceError: The image cannot be fetched, or its format is not supported.
        """
        try:
            with self._room:
                data = from_thread.run(self._fetcher.fetch, location, "", "url", MAX_FILE_BYTES)
        except ServiceError as error:
            raise SourceError(error.message) from None
        check_format(location.partition("?")[0], data)
        return data

    def bucket_items(self, source: str, naming: Naming, skipped: Skipped | None = None) -> Iterator[Item]:
        """Yield the images of ``s3://BUCKET/PREFIX``, as :func:`~.sources.folder_items` yields those of a folder.

        Raises:
            OperatorError: The object store is not configured, or does not list the bucket.
        """
        bucket, _, prefix = source.partition("://")[2].partition("/")
        prefix = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
        skipped = Skipped() if skipped is None else skipped
        folders: dict[str, None] = {}
        for key in self._keys(bucket, prefix):
            name = key.removeprefix(prefix)
            path = PurePosixPath(name)
            if not name or name.endswith("/"):
                continue  # the marker of a folder
            if hidden := next((folder for folder in path.parts[:-1] if is_skipped(folder)), None):
                folders.setdefault(name[: name.index(hidden) + len(hidden)])
            elif skipped.admits(path.name):
                yield _item(name, person_of(path, naming), partial(self.read, f"/{bucket}/{key}"))
        skipped.folders += folders

    def _keys(self, bucket: str, prefix: str) -> Iterator[str]:
        """Yield the keys of all objects below a prefix, in the store's order."""
        if self._rules.store is None:
            raise OperatorError("the object store is not configured; set OPENFRS_OBS_ENDPOINT and its keys")
        marker, is_truncated = "", True
        with httpx.Client(timeout=_TIMEOUT_SECONDS, trust_env=False) as http:
            while is_truncated:
                url, headers = self._rules.store.signed_list(bucket, prefix, marker, _LISTED_KEYS, utc_now())
                try:
                    response = http.get(url, headers=headers)
                    listing = ElementTree.fromstring(response.content)  # noqa: S314  # of the operator's own store
                except (httpx.TransportError, ElementTree.ParseError):
                    raise OperatorError(f"the object store {self._rules.store.endpoint} does not answer") from None
                if response.status_code != 200:
                    raise OperatorError(f"cannot list the bucket {bucket}: {listing.findtext('{*}Code', 'error')}")
                keys = [text for each in listing.iterfind("{*}Contents/{*}Key") if (text := each.text)]
                yield from keys
                is_truncated = listing.findtext("{*}IsTruncated") == "true" and bool(keys)
                marker = keys[-1] if keys else ""


def _item(name: str, person: str, read: partial[bytes]) -> Item:
    try:
        check_name(name)
    except SourceError as refusal:
        return Item(escaped(name), None, failing(str(refusal)))
    return Item(name, person, read)
