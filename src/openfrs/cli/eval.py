"""``openfrs eval``: how right the models are, on labelled pictures of one's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings

from .options import settings_of

if TYPE_CHECKING:  # the models' runtime comes along with these, which other commands do without
    from openfrs.evaluation.report.report import Report
    from openfrs.evaluation.runner import Face, Runner
    from openfrs.recognition.similarity import Calibration
    from openfrs.vision.pipeline import Pipeline

app = typer.Typer(help="How right the models are on labelled pictures: tables, JSON and plots.", no_args_is_help=True)

Pictures = Annotated[
    Path, typer.Argument(help="Folder with one folder a person, or a CSV with columns path and person.")
]
ReportDirectory = Annotated[
    Path, typer.Option("--report", help="Directory of the results; what is there is gone on with.")
]
Models = Annotated[Path | None, typer.Option(help="Directory of the model weights.", show_default="user cache")]
Embedder = Annotated[
    str | None, typer.Option(help="Embedder of the manifest to measure.", show_default="OPENFRS_EMBEDDER")
]
Workers = Annotated[int | None, typer.Option(help="Pictures worked on at once.", min=1, show_default="cores")]
Data = Annotated[str, typer.Option(help="What the pictures are, in words.", show_default="the folder's name")]
Plots = Annotated[bool, typer.Option(help="Draw plots; needs matplotlib.")]
Centre = Annotated[bool, typer.Option("--centre", help="Take the most central face of a picture, not the main one.")]

Same = Annotated[Path | None, typer.Option(help="CSV of people under two names: name, person.", show_default=False)]

REPORT = Path("eval-report")


@dataclass(frozen=True, slots=True)
class _Work:
    runner: "Runner"
    report: "Report"
    settings: Settings

    @property
    def scale(self) -> "Calibration":
        """The embedder's calibration, which it may not have yet when one is made."""
        from openfrs.recognition.similarity import calibration_of

        return calibration_of(self.runner.pipeline.embedder_source)


@app.command()
def verify(
    pictures: Pictures,
    pairs: Annotated[Path | None, typer.Option(help="CSV of pairs: a, b, same (1 or 0), and split or fold.")] = None,
    report: ReportDirectory = REPORT,
    data: Data = "",
    same: Same = None,
    centre: Centre = False,
    embedder: Embedder = None,
    models: Models = None,
    workers: Workers = None,
    plots: Plots = True,
) -> None:
    """Measure whether two pictures are of one person: over all pairs, or those of a list, whose paths begin in PICTURES."""
    from openfrs.evaluation import runs
    from openfrs.evaluation.datasets import images as given

    face, words = _face(centre), data or pictures.name
    named = None if pairs is None else given.named_pairs(pairs, pictures)
    people = given.people(pictures).merged(given.same_names(same)) if named is None else None
    with _work(report, models, workers, plots, embedder) as work:
        if named is not None:
            work.report.add("verification-pairs", runs.verify_named(work.runner, named, work.scale, face, words))
        if people is not None:
            embedded = runs.embed_people(work.runner, people, face)
            work.report.add("verification-all-pairs", runs.verify(work.runner, embedded, work.scale, face, words))


@app.command()
def identify(
    pictures: Pictures,
    report: ReportDirectory = REPORT,
    data: Data = "",
    same: Same = None,
    centre: Centre = False,
    embedder: Embedder = None,
    models: Models = None,
    workers: Workers = None,
    plots: Plots = True,
) -> None:
    """Measure whether the person of a picture is found among those enrolled; people with one picture are the strangers."""
    from openfrs.evaluation import runs
    from openfrs.evaluation.datasets import images as given

    face, people = _face(centre), given.people(pictures).merged(given.same_names(same))
    with _work(report, models, workers, plots, embedder) as work:
        embedded = runs.embed_people(work.runner, people, face)
        work.report.add("identification", runs.identify(work.runner, embedded, face, data or pictures.name))


@app.command()
def quality(
    pictures: Pictures,
    scores: Annotated[Path | None, typer.Option(help="CSV of your own scores: path, score; higher is better.")] = None,
    report: ReportDirectory = REPORT,
    data: Data = "",
    same: Same = None,
    centre: Centre = False,
    embedder: Embedder = None,
    models: Models = None,
    workers: Workers = None,
    plots: Plots = True,
) -> None:
    """Measure whether refusing the pictures of the lowest quality lowers the error."""
    from openfrs.evaluation import runs
    from openfrs.evaluation.datasets import images as given

    face, people = _face(centre), given.people(pictures).merged(given.same_names(same))
    folder = pictures if pictures.is_dir() else pictures.parent
    known = None if scores is None else runs.quality_scores(scores, folder)
    with _work(report, models, workers, plots, embedder) as work:
        embedded = runs.embed_people(work.runner, people, face)
        work.report.add("quality", runs.reject(work.runner, embedded, face, data or pictures.name, known))


@app.command()
def detect(
    boxes: Annotated[
        Path, typer.Argument(help='Lines of {"file": ..., "faces": [{"box": [left, top, right, bottom]}]}.')
    ],
    report: ReportDirectory = REPORT,
    data: Data = "",
    models: Models = None,
    workers: Workers = None,
    plots: Plots = True,
) -> None:
    """Measure which labelled faces are found, by their size."""
    from openfrs.evaluation import runs
    from openfrs.evaluation.datasets import images as given

    paths, labelled = given.labelled_boxes(boxes)
    with _work(report, models, workers, plots) as work:
        work.report.add("detection", runs.detect(work.runner, paths, labelled, data or boxes.parent.name))


@app.command()
def attribute(
    answers: Annotated[Path, typer.Argument(help="CSV with columns truth and prediction.")],
    name: Annotated[str, typer.Option(help="What the attribute is called.")],
    unit: Annotated[str, typer.Option(help="Its unit, where it is a number.")] = "",
    report: ReportDirectory = REPORT,
    data: Data = "",
    plots: Plots = True,
) -> None:
    """Measure how often a class is named right, or how far a number is off."""
    from openfrs.evaluation import runs
    from openfrs.evaluation.report.report import Report

    result = runs.attribute_from(answers, name, unit, data or answers.name)
    Report(report, with_plots=plots).add(f"attribute-{name}", result)


@app.command()
def liveness(
    scores: Annotated[
        Path,
        typer.Argument(
            help="CSV with columns label (live or attack), kind and score; or a directory of labelled sets, of which the "
            "service's own verdicts on pictures and videos are measured."
        ),
    ],
    threshold: Annotated[float, typer.Option(help="The score from which a face counts as live, for a CSV.")] = 0.5,
    report: ReportDirectory = REPORT,
    models: Models = None,
    workers: Workers = None,
    data: Data = "",
    plots: Plots = True,
) -> None:
    """Measure how many attacks pass, by kind, and how many live people are refused."""
    if scores.is_dir():
        everything(scores, ["liveness", "action"], report, models=models, workers=workers, plots=plots)
        return
    from openfrs.evaluation import runs
    from openfrs.evaluation.report.report import Report

    result = runs.liveness_from(scores, threshold, data or scores.name)
    Report(report, with_plots=plots).add("liveness", result)


@app.command()
def action(
    clips: Annotated[Path, typer.Argument(help="JSON list of clips: file, kind, events with action and peak_ms.")],
    photos: Annotated[Path | None, typer.Option(help="Folder of photographs to make videos of.")] = None,
    report: ReportDirectory = REPORT,
    models: Models = None,
    plots: Plots = True,
) -> None:
    """Hold action liveness against labelled clips, with a timeline of each, and against photographs that are moved."""
    from openfrs.evaluation.datasets import videos

    with _work(report, models, 1, plots=plots) as work:
        work.report.add("action-clips", videos.evaluate_clips(work.runner.pipeline, clips))
        if photos is not None:
            found = sorted(path for path in photos.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
            work.report.add("action-photographs", videos.evaluate_photographs(work.runner.pipeline, found))


@app.command()
def calibrate(
    pictures: Pictures,
    output: Annotated[Path, typer.Option(help="File to write.")],
    report: ReportDirectory = REPORT,
    data: Data = "",
    same: Same = None,
    centre: Centre = False,
    embedder: Embedder = None,
    models: Models = None,
    workers: Workers = None,
) -> None:
    """Make the embedder's calibration: all pairs of pictures of one person are mated, all others are not."""
    from openfrs.evaluation import runs
    from openfrs.evaluation.datasets import images as given
    from openfrs.evaluation.metrics import calibration
    from openfrs.evaluation.report.report import show

    people = given.people(pictures).merged(given.same_names(same))
    with _work(report, models, workers, plots=False, embedder=embedder) as work:
        embedded = runs.embed_people(work.runner, people, _face(centre))
        scale = calibration.calibrate(
            embedded.pairs(),
            embedder=work.runner.pipeline.embedder,
            data=data or pictures.name,
            images=len(embedded.names),
            people=len(set(embedded.names)),
        )
        calibration.write(scale, output)
        show(calibration.calibration_table(scale), Console())
        print(f"{output}: {len(embedded.names)} pictures, {embedded.faceless} more without a face")


@app.command("all")
def everything(
    directory: Annotated[Path, typer.Argument(help="A directory of labelled sets, laid out as OPENFRS_TEST_DATA is.")],
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="A part to measure alone: lfw-dev, embedders, damage, detection, action, attributes, liveness."
        ),
    ] = None,
    report: ReportDirectory = REPORT,
    embedder: Embedder = None,
    models: Models = None,
    workers: Workers = None,
    plots: Plots = True,
) -> None:
    """Measure everything that a directory has labels for."""
    from openfrs.evaluation.predictor import ServicePredictor
    from openfrs.evaluation.suite import PARTS, evaluate_suite

    if unknown := set(only or ()) - set(PARTS):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: there is {', '.join(PARTS)}", param_hint="--only")
    with _work(report, models, workers, plots, embedder) as work:
        answers = ServicePredictor(work.runner.pipeline)
        evaluate_suite(work.runner, work.report, directory, work.scale, answers, only or (), _others(work))


def load_pipeline(settings: Settings) -> "Pipeline":
    """The models that are measured."""
    from openfrs.vision.loading import configured_embedder, runtime_of
    from openfrs.vision.pipeline import ModelPipeline
    from openfrs.vision.weights.cache import WeightCache

    weights = WeightCache.open(settings.models)
    return ModelPipeline(weights, runtime_of(settings, weights, settings.workers), configured_embedder(settings))


def _others(work: _Work) -> "Iterator[tuple[Runner, Calibration]]":
    """The embedders of the manifest that are not the one measured, each loaded when its turn comes."""
    from openfrs.recognition.similarity import calibration
    from openfrs.vision.weights.manifest import manifest

    for name in manifest().embedders:
        if name == work.runner.pipeline.embedder:
            continue
        settings = work.settings.model_copy(update={"embedder": name, "embedder_manifest": None})
        try:
            pipeline = load_pipeline(settings)
        except OperatorError as error:  # its weight was not fetched
            print(f"embedder {name} is left out: {error}")
            continue
        yield replace(work.runner, pipeline=pipeline, measures={}), calibration(name)


@contextmanager
def _work(
    directory: Path, models: Path | None, workers: int | None, plots: bool, embedder: str | None = None
) -> Iterator[_Work]:
    from openfrs.evaluation.report.report import Report
    from openfrs.evaluation.runner import Runner

    settings = settings_of(models=models, workers=workers, embedder=embedder)
    if embedder is not None:
        settings = settings.model_copy(update={"embedder_manifest": None})
    report = Report(directory, with_plots=plots)
    pipeline = load_pipeline(settings)
    with Runner.open(pipeline, directory, settings.workers) as runner:
        yield _Work(runner, report, settings)


def _face(centre: bool) -> "Face":
    from openfrs.evaluation.runner import Face

    return Face.CENTRE if centre else Face.MAIN
