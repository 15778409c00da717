"""``openfrs import``."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.progress import MofNCompleteColumn, ProgressColumn, Task, TimeRemainingColumn
from rich.text import Text

from openfrs.client import Client
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.core.text import escaped
from openfrs.faces.imports.images import ImportOptions
from openfrs.faces.imports.items import Item
from openfrs.faces.imports.report import Line, Outcome, Tally
from openfrs.operations.transfer.compreface import compreface_items
from openfrs.operations.transfer.fetched import BUCKET_SCHEMES, ImageFetcher
from openfrs.operations.transfer.images import Importing, import_images
from openfrs.operations.transfer.remote import RETRIES, import_to_server, read_key_file
from openfrs.operations.transfer.sources import Naming, Skipped, folder_items
from openfrs.operations.transfer.tables import mapped_items

from .archive import PassphraseFile, Trust, import_archived
from .options import Data, Fields, Models, Project, field_definitions, settings_of
from .progress import progress_bars

_SOME_REJECTED: Final = 3
"""Exit status: the import is complete, but images were rejected."""


class Origin(StrEnum):
    """Kinds of sources."""

    IMAGES = "images"
    COMPREFACE = "compreface"
    PICTURES = "pictures"  # deprecated name of IMAGES


def import_faces(
    face_set: Annotated[str | None, typer.Argument(help="Name of the face set.", show_default=False)] = None,
    source: Annotated[
        str | None,
        typer.Argument(
            help="Folder or s3://BUCKET/PREFIX of images, CSV or JSONL file that lists them, or CompreFace dump.",
            show_default=False,
        ),
    ] = None,
    archive: Annotated[Path | None, typer.Option(help="Archive to import a face set from, instead of images.")] = None,
    as_name: Annotated[str | None, typer.Option("--as", help="Name for the archive's face set.")] = None,
    trust: Trust = None,
    passphrase_file: PassphraseFile = None,
    origin: Annotated[Origin, typer.Option("--from", help="Kind of source.")] = Origin.IMAGES,
    named_by: Annotated[
        Naming, typer.Option(help="Part of an image's path that becomes its external_image_id.")
    ] = Naming.FOLDER,
    all_faces: Annotated[
        bool, typer.Option("--all-faces", help="Enrol every face of an image, not only the main one.")
    ] = False,
    create: Annotated[bool, typer.Option("--create", help="Create the face set if it does not exist.")] = False,
    fields: Fields = "{}",
    name_field: Annotated[
        str, typer.Option(help="String field that keeps the names of people; --create declares it.")
    ] = "name",
    update: Annotated[
        bool, typer.Option("--update", help="Give images that were imported before the labels of the source.")
    ] = False,
    api_key: Annotated[str | None, typer.Option(help="API key of the CompreFace service to import.")] = None,
    report: Annotated[Path | None, typer.Option(help="File for the results, one JSON line per image.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report without writing.")] = False,
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="Import over the API of a running server, from any machine.")
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(envvar="OPENFRS_KEY_FILE", help="JSON file with the access key for --server.", show_default=False),
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, max=32, help="Number of requests at once with --server.")] = 4,
    project: Project = None,
    data: Data = None,
    models: Models = None,
) -> None:
    """Enrol faces from images, or import a face set from an archive. Stop the server first, or import over its API.

    If the command is interrupted, run it again: images resume, an archive starts over. Exits 3 if images were rejected.
    """
    settings = settings_of(data=data, models=models)
    if archive is not None:
        if face_set is not None or source is not None or create or update or dry_run or report is not None:
            raise OperatorError(
                "--archive can be combined with --as, --trust, --passphrase-file, --project and --data only"
            )
        import_archived(settings, archive, name=as_name, trust=trust, passphrase_file=passphrase_file, project=project)
        return
    if face_set is None or source is None:
        raise OperatorError("name the face set and the source: openfrs import SET SOURCE, or --archive FILE")
    if fields != "{}" and not create:
        raise OperatorError("--fields needs --create")
    if origin is Origin.PICTURES:
        print("openfrs: --from pictures is deprecated; use --from images", file=sys.stderr)
    if server is not None and key_file is None:
        raise OperatorError("--server needs --key-file FILE, as openfrs accounts create-key prints it")
    options = ImportOptions(single=not all_faces, dry=dry_run, update=update, name_field=name_field)
    job = Importing(face_set, project, options, create=field_definitions(fields) if create else None)
    skipped = Skipped()
    with ExitStack() as stack:
        file = stack.enter_context(_opened(report)) if report is not None else None
        progress = stack.enter_context(progress_bars(MofNCompleteColumn(), _Rate(), TimeRemainingColumn()))
        items = _source(settings, source, origin, named_by, api_key)
        total = sum(1 for _ in items(skipped))
        task = progress.add_task("images", total=total)

        def report_line(line: Line) -> None:
            progress.advance(task)
            if line.reason is not None:
                verb = "rejected" if line.outcome is Outcome.REFUSED else line.outcome.value
                progress.console.out(f"{verb}: {escaped(line.file)}: {escaped(line.reason)}", highlight=False)
            if file is not None:
                print(line.as_json(), file=file, flush=True)

        if server is not None and key_file is not None:
            client = stack.enter_context(Client(server, read_key_file(key_file, project), retries=RETRIES))
            tally = import_to_server(client, items(Skipped()), job, report_line, parallel=parallel)
        else:
            tally = import_images(settings, items(Skipped()), job, report_line)
    print(_summary(tally, skipped, job))
    if tally.outcomes[Outcome.REFUSED]:
        raise typer.Exit(_SOME_REJECTED)


def _source(
    settings: Settings, source: str, origin: Origin, named_by: Naming, api_key: str | None
) -> Callable[[Skipped], Iterator[Item]]:
    """Return a function for the items of a source, which reads them again at each call."""
    path = Path(source)
    if origin is Origin.COMPREFACE:
        return lambda _: compreface_items(path, api_key)
    if source.startswith(BUCKET_SCHEMES):
        fetcher = ImageFetcher(settings)
        return lambda skipped: fetcher.bucket_items(source, named_by, skipped)
    if path.is_dir():
        return lambda skipped: folder_items(path, named_by, skipped)
    return lambda _: mapped_items(path, ImageFetcher(settings).read)


def _summary(tally: Tally, skipped: Skipped, job: Importing) -> str:
    added, present, updated, rejected = (tally.outcomes[each] for each in Outcome)
    verb = "would be added" if job.options.dry else "added"
    lines = [
        f"{tally.faces} faces of {added} images {verb}; {present} images already present, {updated} updated, {rejected} rejected."
    ]
    if str(skipped):
        lines.append(f"Skipped: {skipped}.")
    if tally.unnamed:
        missing = f"because the face set has no string field {job.options.name_field}"
        lines.append(f"{tally.unnamed} images have only a transliterated name, {missing}.")
    return "\n".join(lines)


class _Rate(ProgressColumn):
    """Images per second."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:.1f}/s")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"cannot write {path}: {error.strerror}") from error
    with file:
        yield file
