"""``openfrs eval``: evaluate the models on labelled images."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.evaluation import cohorts, runs
from openfrs.evaluation.datasets import images as datasets
from openfrs.evaluation.datasets import recipes
from openfrs.evaluation.metrics import calibration
from openfrs.evaluation.predictor import ServicePredictor
from openfrs.evaluation.report.report import Report, show
from openfrs.evaluation.runner import Face, Runner
from openfrs.evaluation.suite import PARTS, evaluate_suite
from openfrs.recognition.cohort import load_cohort_file
from openfrs.recognition.scale import Scale, load_scale
from openfrs.vision.loading import configured_embedder, create_runtime
from openfrs.vision.pipeline import ModelPipeline, Pipeline
from openfrs.vision.weights.cache import WeightCache
from openfrs.vision.weights.manifest import manifest

from .options import Models, settings_of

app = typer.Typer(no_args_is_help=True)

Images = Annotated[
    Path, typer.Argument(help="Folder with one folder per person, or a CSV with the columns path and person.")
]
Directory = Annotated[
    Path, typer.Argument(help="Directory of labelled data sets, with the layout of OPENFRS_TEST_DATA.")
]
ReportDirectory = Annotated[
    Path, typer.Option("--report", help="Directory for the results; an interrupted run resumes.")
]
Embedder = Annotated[
    str | None, typer.Option(help="Embedder of the manifest to measure.", show_default="OPENFRS_EMBEDDER")
]
Workers = Annotated[int | None, typer.Option(help="Number of images processed at once.", min=1, show_default="cores")]
Data = Annotated[str, typer.Option(help="Description of the images.", show_default="the folder's name")]
Plots = Annotated[bool, typer.Option(help="Draw plots; needs matplotlib.")]
Centre = Annotated[
    bool, typer.Option("--centre", help="Use the most central face of an image instead of the main face.")
]

Same = Annotated[Path | None, typer.Option(help="CSV of people with two names: name, person.", show_default=False)]

REPORT = Path("eval-report")
OUTPUT = "File to write, such as {}; in a directory one for the embedder and each embedder that it concatenates."


@dataclass(frozen=True, slots=True)
class _Work:
    runner: Runner
    report: Report
    settings: Settings

    @property
    def scale(self) -> Scale:
        """Return the scale of the embedder. It is loaded lazily: ``calibrate`` runs without one."""
        return load_scale(self.runner.part or self.runner.pipeline.embedder_source)


@app.command()
def verify(
    images: Images,
    pairs: Annotated[
        Path | None, typer.Option(help="CSV of pairs: a, b, same (1 or 0), and optionally split or fold.")
    ] = None,
    report: ReportDirectory = REPORT,
    data: Data = "",
    same: Same = None,
    centre: Centre = False,
    embedder: Embedder = None,
    models: Models = None,
    workers: Workers = None,
    plots: Plots = True,
) -> None:
    """Measure verification over all pairs of images, or over a list of pairs with paths relative to IMAGES."""
    face, description = _face(centre), data or images.name
    named = None if pairs is None else datasets.named_pairs(pairs, images)
    people = datasets.people(images).merged(datasets.same_names(same)) if named is None else None
    with _work(report, models, workers, plots, embedder) as work:
        if named is not None:
            work.report.add("verification-pairs", runs.verify_named(work.runner, named, work.scale, face, description))
        if people is not None:
            embedded = runs.embed_people(work.runner, people, face, work.scale.cohort)
            work.report.add("verification-all-pairs", runs.verify(work.runner, embedded, work.scale, face, description))


@app.command()
def identify(
    images: Images,
    report: ReportDirectory = REPORT,
    data: Data = "",
    same: Same = None,
    centre: Centre = False,
    embedder: Embedder = None,
    models: Models = None,
    workers: Workers = None,
    plots: Plots = True,
) -> None:
    """Measure open-set identification; people with a single image are the impostors."""
    face, people = _face(centre), datasets.people(images).merged(datasets.same_names(same))
    with _work(report, models, workers, plots, embedder) as work:
        embedded = runs.embed_people(work.runner, people, face, work.scale.cohort)
        work.report.add("identification", runs.identify(work.runner, embedded, face, data or images.name))


@app.command()
def risk(
    images: Images,
    report: ReportDirectory = REPORT,
    data: Data = "",
    same: Same = None,
    embedder: Embedder = None,
    models: Models = None,
    workers: Workers = None,
    plots: Plots = True,
) -> None:
    """Compare the estimated risk of searches with searches for strangers; people with a single image are the strangers."""
    people = datasets.people(images).merged(datasets.same_names(same))
    with _work(report, models, workers, plots, embedder) as work:
        embedded = runs.embed_people(work.runner, people, Face.MAIN)
        work.report.add("risk", runs.estimate_risk(work.runner, embedded, work.scale, data or images.name))


@app.command()
def quality(
    images: Images,
    scores: Annotated[Path | None, typer.Option(help="CSV of custom scores: path, score; higher is better.")] = None,
    report: ReportDirectory = REPORT,
    data: Data = "",
    same: Same = None,
    centre: Centre = False,
    embedder: Embedder = None,
    models: Models = None,
    workers: Workers = None,
    plots: Plots = True,
) -> None:
    """Measure the reduction in errors when the images of lowest quality are rejected."""
    face, people = _face(centre), datasets.people(images).merged(datasets.same_names(same))
    folder = images if images.is_dir() else images.parent
    known = None if scores is None else runs.quality_scores(scores, folder)
    with _work(report, models, workers, plots, embedder) as work:
        embedded = runs.embed_people(work.runner, people, face, work.scale.cohort)
        work.report.add("quality", runs.reject(work.runner, embedded, face, data or images.name, known))


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
    """Measure detection recall by face size."""
    paths, labelled = datasets.labelled_boxes(boxes)
    with _work(report, models, workers, plots) as work:
        work.report.add("detection", runs.detect(work.runner, paths, labelled, data or boxes.parent.name))


@app.command()
def attribute(
    answers: Annotated[Path, typer.Argument(help="CSV with columns truth and prediction.")],
    name: Annotated[str, typer.Option(help="Name of the attribute.")],
    unit: Annotated[str, typer.Option(help="Unit of the attribute, if it is a number.")] = "",
    report: ReportDirectory = REPORT,
    data: Data = "",
    plots: Plots = True,
) -> None:
    """Measure the accuracy of a class, or the error of a number."""
    result = runs.attribute_from(answers, name, unit, data or answers.name)
    Report(report, with_plots=plots).add(f"attribute-{name}", result)


@app.command()
def liveness(
    scores: Annotated[
        Path,
        typer.Argument(
            help="CSV with the columns label (live or attack), kind and score; or a directory of labelled data sets, on which "
            "the liveness detection of this service is evaluated."
        ),
    ],
    threshold: Annotated[float, typer.Option(help="Score from which a face counts as live, for a CSV.")] = 0.5,
    report: ReportDirectory = REPORT,
    models: Models = None,
    workers: Workers = None,
    data: Data = "",
    plots: Plots = True,
) -> None:
    """Measure liveness: APCER by kind of attack, and BPCER."""
    if scores.is_dir():
        suite(scores, ["liveness", "action"], report, models=models, workers=workers, plots=plots)
        return
    result = runs.liveness_from(scores, threshold, data or scores.name)
    Report(report, with_plots=plots).add("liveness", result)


@app.command()
def action(
    clips: Annotated[Path, typer.Argument(help="JSON list of clips: file, kind, events with action and peak_ms.")],
    photos: Annotated[
        Path | None, typer.Option(help="Folder of photographs from which videos of attacks are made.")
    ] = None,
    report: ReportDirectory = REPORT,
    models: Models = None,
    plots: Plots = True,
) -> None:
    """Measure action liveness on labelled clips, with a timeline of each, and on moved photographs."""
    with _work(report, models, 1, plots=plots) as work:
        work.report.add("action-clips", runs.evaluate_clips(work.runner.pipeline, clips))
        if photos is not None:
            paths = sorted(path for path in photos.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
            work.report.add("action-photographs", runs.evaluate_photographs(work.runner.pipeline, paths))


@app.command()
def cohort(
    directory: Annotated[Path, typer.Argument(help="Directory of labelled photographs that the recipe names.")],
    output: Annotated[Path, typer.Option(help=OUTPUT.format("r50.cohort.npz"))],
    recipe: Annotated[
        Path | None,
        typer.Option(help="TOML file of sets, groups and damages.", show_default="that of the included cohorts"),
    ] = None,
    report: ReportDirectory = REPORT,
    embedder: Embedder = None,
    models: Models = None,
    workers: Workers = None,
) -> None:
    """Make the cohort of an embedder: faces of other people, against which scores are normalised. Calibrate again afterwards."""
    chosen = recipes.read_recipe(recipe)
    photographs = recipes.photographs(chosen, directory)
    with _work(report, models, workers, plots=False, embedder=embedder) as work:
        for runner, file in _outputs(work.runner, output, "cohort.npz"):
            made = cohorts.make_cohort(runner, chosen, photographs)
            made.cohort.save(file)
            print(
                f"{file}: {len(made.cohort.centroids)} centroids of {made.used} faces; {made.faceless} photographs without a "
                f"face; identity {made.cohort.identity}"
            )


@app.command()
def calibrate(
    images: Images,
    output: Annotated[Path, typer.Option(help=OUTPUT.format("r50.calibration.json"))],
    normalise: Annotated[
        Path | None,
        typer.Option(
            "--cohort", help="Cohort that normalises the scores, or the directory of cohorts.", show_default=False
        ),
    ] = None,
    without: Annotated[
        Path | None,
        typer.Option(help="Directory of the included recipe's photographs; leaves out the people behind a cohort."),
    ] = None,
    report: ReportDirectory = REPORT,
    data: Data = "",
    same: Same = None,
    centre: Centre = False,
    embedder: Embedder = None,
    models: Models = None,
    workers: Workers = None,
) -> None:
    """Calibrate an embedder: pairs of images of one person are mated, all other pairs are impostors."""
    people = datasets.people(images).merged(datasets.same_names(same))
    if without is not None:
        people = people.without(recipes.cohort_paths(without))
    with _work(report, models, workers, plots=False, embedder=embedder) as work:
        for runner, file in _outputs(work.runner, output, "calibration.json"):
            chosen = None if normalise is None else load_cohort_file(_beside(normalise, runner, "cohort.npz"))
            embedded = runs.embed_people(runner, people, _face(centre), chosen)
            scale = calibration.calibrate(
                embedded.pairs(),
                embedder=runner.embedder,
                cohort="" if chosen is None else chosen.identity,
                data=data or images.name,
                images=len(embedded.names),
                people=len(set(embedded.names)),
            )
            calibration.write(scale, file)
            show(calibration.calibration_table(scale), Console())
            print(f"{file}: calibrated with {len(embedded.names)} images; {embedded.faceless} images without a face")


@app.command("all")
def suite(
    directory: Directory,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Part to measure: lfw-dev, embedders, damage, groups, detection, action, attributes, liveness."
        ),
    ] = None,
    report: ReportDirectory = REPORT,
    embedder: Embedder = None,
    models: Models = None,
    workers: Workers = None,
    plots: Plots = True,
) -> None:
    """Run all evaluations for which a directory has labels."""
    if unknown := set(only or ()) - set(PARTS):
        raise typer.BadParameter(
            f"unknown part {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}", param_hint="--only"
        )
    with _work(report, models, workers, plots, embedder) as work:
        predictor = ServicePredictor(work.runner.pipeline)
        evaluate_suite(work.runner, work.report, directory, work.scale, predictor, only or (), _others(work))


@app.command()
def damage(
    directory: Directory,
    report: ReportDirectory = REPORT,
    embedder: Embedder = None,
    models: Models = None,
    workers: Workers = None,
    plots: Plots = True,
) -> None:
    """Measure damaged, covered and turned faces: error rates at 0.93, and the flaws of quality."""
    suite(directory, ["damage"], report, embedder=embedder, models=models, workers=workers, plots=plots)


@app.command()
def groups(
    directory: Directory,
    report: ReportDirectory = REPORT,
    embedder: Embedder = None,
    models: Models = None,
    workers: Workers = None,
    plots: Plots = True,
) -> None:
    """Measure false match rates at 0.93 by ethnicity, gender and age, and true match rates of profile faces."""
    suite(directory, ["groups"], report, embedder=embedder, models=models, workers=workers, plots=plots)


def load_pipeline(settings: Settings) -> Pipeline:
    """Load the models to evaluate."""
    weights = WeightCache.open(settings.models)
    return ModelPipeline(weights, create_runtime(settings, weights, settings.workers), configured_embedder(settings))


def _others(work: _Work) -> Iterator[tuple[Runner, Scale]]:
    """Yield a runner and a calibration for each other embedder of the manifest, loaded lazily."""
    for name in manifest().embedders:
        if name == work.runner.pipeline.embedder:
            continue
        settings = work.settings.model_copy(update={"embedder": name, "embedder_manifest": None})
        try:
            pipeline = load_pipeline(settings)
        except OperatorError as error:  # its weights are not installed
            print(f"embedder {name}: skipped, because {error}")
            continue
        yield replace(work.runner, pipeline=pipeline, measures={}), load_scale(name)


@contextmanager
def _work(
    directory: Path, models: Path | None, workers: int | None, plots: bool, embedder: str | None = None
) -> Iterator[_Work]:
    settings = settings_of(models=models, workers=workers, embedder=embedder)
    if embedder is not None:
        settings = settings.model_copy(update={"embedder_manifest": None})
    report = Report(directory, with_plots=plots)
    pipeline = load_pipeline(settings)
    with Runner.open(pipeline, directory, settings.workers) as runner:
        yield _Work(runner, report, settings)


def _outputs(runner: Runner, output: Path, suffix: str) -> Iterator[tuple[Runner, Path]]:
    """Yield a runner without measures and its file; for a directory also those of the embedders that are concatenated."""
    runner = replace(runner, measures={})
    yield runner, _beside(output, runner, suffix)
    parts = manifest().embedders[runner.embedder].parts if runner.embedder in manifest().embedders else ()
    if output.is_dir() and len(parts) > 1:
        for name in parts:
            part = replace(runner, part=name)
            yield part, _beside(output, part, suffix)


def _beside(path: Path, runner: Runner, suffix: str) -> Path:
    """Return the file of an embedder in a directory, or the file itself."""
    return path / f"{runner.embedder}.{suffix}" if path.is_dir() else path


def _face(centre: bool) -> Face:
    return Face.CENTRE if centre else Face.MAIN
