"""Import of images to a face set of a server, over its API: with the rules of an import on the server's machine."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from anyio import to_thread

from openfrs.client import AccessKey, ApiError, Client, ClientError, Retries, UnauthorizedError, operations
from openfrs.client.operations.enrolment import ImportResponse
from openfrs.core.errors import OperatorError
from openfrs.faces.imports.images import refusal_of
from openfrs.faces.imports.items import Item, SourceError
from openfrs.faces.imports.report import Line, Outcome, Tally

from .images import Importing, PhotoReducer, run_import

RETRIES: Final = Retries(attempts=10, max_seconds=60)
"""A server that restarts, or is upgraded, is back within the two to four minutes of all attempts."""

_OF_IMAGE: Final = frozenset({400, 413})
"""Statuses of requests that are wrong in themselves; the import goes on with the next image."""

_OF_ALL: Final = frozenset({"FRS.0002", "FRS.0020", "FRS.0028", "FRS.0302"})
"""Codes of errors that all images would have."""


def read_key_file(file: Path, project: str | None) -> AccessKey:
    """Read an access key from JSON, as ``openfrs accounts create-key`` prints it and ``credentials.json`` has it.

    ``project`` is the name or id of the project; it may be None if the user has a role on only one.

    Raises:
        OperatorError: The file cannot be read.
    """
    try:
        values = json.loads(file.read_text("utf-8"))
        access_key, secret_key = str(values["access_key"]), str(values["secret_key"])
    except OSError as error:
        raise OperatorError(f"cannot read {file}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise OperatorError(f"{file} must be JSON with access_key and secret_key") from None
    return AccessKey(access_key, secret_key, project=project or "")


def import_to_server(
    client: Client, items: Iterable[Item], job: Importing, report: Callable[[Line], None], *, parallel: int
) -> Tally:
    """Import images to a face set of a server; ``report`` receives the line of each image when it is done.

    An interrupted import resumes: an image that was imported before is recognised by its name and content, without being sent. A
    request whose response was lost is repeated, and does not enrol the image twice.

    Raises:
        OperatorError: The server cannot be used, or the face set does not exist.
    """
    try:
        _require_set(client, job)
        return run_import(items, _RemoteImport(client, job).one, report, parallel)
    except ClientError as error:
        again = "" if isinstance(error, UnauthorizedError) else "; run the command again to resume"
        raise OperatorError(f"{error}{again}") from None


class _RemoteImport:
    def __init__(self, client: Client, job: Importing) -> None:
        self._client = client
        self._job = job
        self._reduce = PhotoReducer()
        self._resumes = True
        """True if the last image was imported before: the next one probably was, too."""

    async def one(self, item: Item) -> Line:
        """Import an image and return its report line, also if it is rejected."""
        return await to_thread.run_sync(self._one, item)

    def _one(self, item: Item) -> Line:
        try:
            data = item.read()
            sha256 = hashlib.sha256(data).hexdigest()
            if self._resumes:
                result = self._send(item, sha256)
                if result.outcome != "absent":
                    return _line(item, result)
                self._resumes = False
            result = self._send(item, sha256, self._reduce(data))
            self._resumes = result.outcome != Outcome.ADDED
            return _line(item, result)
        except ApiError as error:
            if error.status not in _OF_IMAGE or error.code in _OF_ALL:
                raise
            reason = error.message
        except (SourceError, OSError) as error:
            reason = refusal_of(error)
        return Line(item.name, Outcome.REFUSED, reason=reason)

    def _send(self, item: Item, sha256: str, image: bytes | None = None) -> ImportResponse:
        options = self._job.options
        call = operations.import_image(
            self._job.set_name,
            item.name,
            image=image,
            sha256=sha256,
            person=item.person,
            external_fields=item.fields or None,
            text_fields=not item.typed,
            single=options.single,
            update=options.update,
            dry_run=options.dry,
            name_field=options.name_field,
        )
        return self._client.send(call.repeatable())


def _require_set(client: Client, job: Importing) -> None:
    """Create the face set if the job says so, and check that it has the custom fields of the job."""
    try:
        try:
            fields = client.send(operations.show_face_set(job.set_name)).face_set_info.external_fields
        except ApiError as error:
            if error.code != "FRS.0302" or job.create is None or job.options.dry:
                raise
            created = client.send(operations.create_face_set(job.set_name, external_fields=job.fields_of_new_set()))
            fields = created.face_set_info.external_fields
    except ApiError as error:
        raise OperatorError(str(error)) from None
    if wrong := [name for name, given in (job.create or {}).items() if _type_of(fields.get(name)) != _type_of(given)]:
        raise OperatorError(
            f"the face set {job.set_name} exists, and does not declare {', '.join(wrong)} as --fields does"
        )


def _type_of(definition: Mapping[str, Any] | None) -> str:
    return "" if definition is None else str(definition.get("type", "string")).lower()


def _line(item: Item, result: ImportResponse) -> Line:
    return Line(
        item.name,
        Outcome(result.outcome),
        result.external_image_id,
        result.face_ids,
        faces=result.faces,
        reason=result.reason,
        fields=result.external_fields,
        named=result.named,
    )
