"""The performance page."""

import re
import runpy
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

from openfrs.evaluation.benchmark.figures import Figure, read_figures, write_figures
from openfrs.evaluation.benchmark.publication import (
    BOUND,
    BY_CLIENTS,
    GALLERIES,
    MACHINE,
    REQUESTS,
    SEARCH_BY_SIZE,
    blocks,
    charts,
    markdown_table,
    published,
)
from openfrs.evaluation.report.publication import fill_page
from openfrs.evaluation.report.svg import draw_svg
from tests.support.servers import REPOSITORY

PAGES = REPOSITORY / "docs" / "reference"

RESULTS = {
    MACHINE: [Figure("A processor: AVX-512, no bf16", "cores", 2)],
    REQUESTS: [
        Figure.of_rounds("search", "per second", [90, 100, 110], 120, at_least=True),
        Figure("skipped", "ms", None, 3, note="wrk is not installed"),
        Figure("search", "p50 ms", 20),
        Figure(BOUND, "per second", 110),
        *(Figure(f"{BY_CLIENTS}{clients}", "per second", 40.0 + clients) for clients in (1, 2, 16)),
    ],
    GALLERIES: [Figure("1,000 faces", "p50 ms", 1)],
    SEARCH_BY_SIZE: [
        Figure(f"{faces:,} faces", f"{rank} ms", faces / 10_000) for faces in (1000, 100_000) for rank in ("p50", "p99")
    ],
}


def test_the_page_and_its_charts_show_the_published_figures() -> None:
    results = read_figures(PAGES / "performance.json")
    page = (PAGES / "performance.md").read_text("utf-8")
    assert fill_page(page, blocks(results)) == page
    for chart in charts(results):
        assert (PAGES / f"performance-{chart.name}.svg").read_text("utf-8") == draw_svg(chart)


def test_the_capacity_chart_shows_the_published_figures() -> None:
    figures = read_figures(PAGES / "capacity.json")
    (chart,) = charts({SEARCH_BY_SIZE: figures[SEARCH_BY_SIZE]})
    assert (PAGES / "capacity.svg").read_text("utf-8") == draw_svg(chart)


def test_a_table_has_the_spread_the_goal_and_the_verdict() -> None:
    assert markdown_table(RESULTS[REQUESTS][:3]).splitlines()[2:] == [
        "| search | per second | 100.00 (90.00 to 110.00) | at least 120 | no |",
        "| skipped | ms | skipped | at most 3 | wrk is not installed |",
        "| search | p50 ms | 20.00 |  |  |",
    ]
    assert blocks(RESULTS)["performance-machine"] == "2 cores of A processor: AVX-512, no bf16\n"
    assert "p50" not in blocks(RESULTS)["performance-goals"]  # it has no goal


def test_charts_need_their_figures() -> None:
    throughput, search = charts(RESULTS)
    assert throughput.series == [
        ("OpenFRS", [(1, 41), (2, 42), (16, 56)]),
        ("the plain work on all cores", [(1, 110), (16, 110)]),
    ]
    assert search.series[0] == ("p50", [(1000, 0.1), (100_000, 10)])
    assert not list(charts({REQUESTS: RESULTS[REQUESTS][:3]}))
    assert list(published(RESULTS)) == [MACHINE, REQUESTS, SEARCH_BY_SIZE]


def test_a_chart_is_drawn_within_its_frame_for_light_and_dark_pages() -> None:
    for chart in charts(RESULTS):
        text = draw_svg(chart)
        assert "prefers-color-scheme: dark" in text
        image = ET.fromstring(text)
        width, height = (float(each) for each in image.attrib["viewBox"].split()[2:])
        points = [
            tuple(map(float, point.split(",")))
            for line in image.iter("{http://www.w3.org/2000/svg}polyline")
            for point in line.attrib["points"].split()
        ]
        assert len(points) == sum(len(series) for _, series in chart.series)
        assert all(0 < x < width and 0 < y < height for x, y in points)


def test_the_script_fills_the_page_and_writes_the_charts(tmp_path: Path) -> None:
    for name in ("performance.json", "performance.md"):
        shutil.copy(PAGES / name, tmp_path)
    write_figures(RESULTS, tmp_path / "bench.json")
    publish = runpy.run_path(str(REPOSITORY / "scripts" / "publish_performance.py"))["main"]
    publish([tmp_path / "bench.json"], docs=tmp_path)
    page = (tmp_path / "performance.md").read_text("utf-8")
    assert "| search | per second | 100.00 (90.00 to 110.00) | at least 120 | no |" in page
    linked = re.findall(r"\]\((performance-\w+\.svg)\)", page)
    assert linked == ["performance-throughput.svg", "performance-search.svg"]
    assert all((tmp_path / name).is_file() for name in linked)
    assert "face_recognition" in page  # figures of other files stay
