"""``openfrs import``: bringing faces in."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from openfrs.core.errors import OperatorError

from .archive import PassphraseFile, Trust, import_archived
from .options import Data, Models, Project, settings_of

if TYPE_CHECKING:  # the models' runtime comes along with it, which other commands do without
    from openfrs.operations.transfer.images import Line, Tally
    from openfrs.operations.transfer.sources import Item


class Origin(StrEnum):
    """Systems that faces can come from."""

    PICTURES = "pictures"
    COMPREFACE = "compreface"


class NamedBy(StrEnum):
    """What of a picture's place in a folder names the person."""

    FOLDER = "folder"
    FILE = "file"


def import_faces(
    face_set: Annotated[str | None, typer.Argument(help="Name of the face set.", show_default=False)] = None,
    source: Annotated[
        Path | None,
        typer.Argument(help="Folder of pictures, .csv or .jsonl that names them, or a dump.", show_default=False),
    ] = None,
    archive: Annotated[
        Path | None, typer.Option(help="An archive to make a face set of, in place of pictures.")
    ] = None,
    as_name: Annotated[str | None, typer.Option("--as", help="Name for the archive's face set.")] = None,
    trust: Trust = None,
    passphrase_file: PassphraseFile = None,
    origin: Annotated[Origin, typer.Option("--from", help="What the source is.")] = Origin.PICTURES,
    named_by: Annotated[NamedBy, typer.Option(help="What of a picture in a folder is its id.")] = NamedBy.FOLDER,
    all_faces: Annotated[bool, typer.Option("--all-faces", help="Enrol every face, not only the main one.")] = False,
    create: Annotated[bool, typer.Option("--create", help="Make the face set if there is none.")] = False,
    fields: Annotated[str, typer.Option(help="Custom fields of a set that is made, as in the API.")] = "{}",
    api_key: Annotated[str | None, typer.Option(help="The CompreFace service whose faces to take.")] = None,
    report: Annotated[Path | None, typer.Option(help="File for a JSON line a picture.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything but write.")] = False,
    project: Project = None,
    data: Data = None,
    models: Models = None,
) -> None:
    """Enrol the faces of many pictures, or make a face set of an archive. The server must not run.

    Broken off, run it again: pictures go on where it was, an archive begins anew.
    """
    from openfrs.operations.transfer.images import Importing, Outcome, import_images

    settings = settings_of(data=data, models=models)
    if archive is not None:
        if face_set is not None or source is not None or create or dry_run or report is not None:
            raise OperatorError("--archive goes with --as, --trust, --passphrase-file, --project and --data alone")
        import_archived(settings, archive, name=as_name, trust=trust, passphrase_file=passphrase_file, project=project)
        return
    if face_set is None or source is None:
        raise OperatorError("name the face set and the source: openfrs import SET SOURCE, or --archive FILE")
    what = Importing(face_set, project, not all_faces, dry_run, _definitions(fields) if create else None)
    with ExitStack() as stack:
        file = stack.enter_context(_opened(report)) if report is not None else None
        progress = stack.enter_context(_progress())
        total = sum(1 for _ in _items(source, origin, named_by, api_key))
        task = progress.add_task("pictures", total=total)

        def tell(line: "Line") -> None:
            progress.advance(task)
            if line.outcome is Outcome.REFUSED:
                progress.console.out(f"refused: {line.file}: {line.reason}", highlight=False)
            if file is not None:
                print(line.as_json(), file=file, flush=True)

        tally = import_images(settings, _items(source, origin, named_by, api_key), what, tell)
    print(_summary(tally, dry_run=dry_run))


def _items(source: Path, origin: Origin, named_by: NamedBy, api_key: str | None) -> "Iterator[Item]":
    from openfrs.operations.transfer.compreface import compreface_items
    from openfrs.operations.transfer.sources import Naming, folder_items, mapped_items

    if origin is Origin.COMPREFACE:
        return compreface_items(source, api_key)
    return folder_items(source, Naming(named_by)) if source.is_dir() else mapped_items(source)


def _summary(tally: "Tally", *, dry_run: bool) -> str:
    from openfrs.operations.transfer.images import Outcome

    added, present, refused = (tally.outcomes[each] for each in (Outcome.ADDED, Outcome.PRESENT, Outcome.REFUSED))
    verb = "would be added" if dry_run else "added"
    return f"{tally.faces} faces of {added} pictures {verb}; {present} were there already, {refused} refused."


def _definitions(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise OperatorError('--fields must be a JSON object such as {"age": {"type": "integer"}}')
    return fields


class _Rate(ProgressColumn):
    """Pictures a second."""

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


@contextmanager
def _progress() -> Iterator[Progress]:
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield progress
