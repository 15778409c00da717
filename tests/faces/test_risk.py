"""The false positive identification rate of a face set, compared with searches for strangers."""

from collections.abc import Sequence

import numpy as np
import pytest

from openfrs.core.errors import ServiceError
from openfrs.faces.risk import MAX_PROBES, PRIOR_PROBES, Risk
from openfrs.recognition.scale import load_scale
from openfrs.recognition.similarity import MATCH_THRESHOLD, calibration
from tests.support.fake_models import embedding_of
from tests.support.projects import PEOPLE, Person, Project

SCALE = calibration("sface")


def risk_of(project: Project) -> Risk:
    return project.services.risks.of_set(project.id, "test")


def enrol(project: Project, people: Sequence[Person], *, image_id: str | None = None) -> None:
    for person in people:
        project.add(person, image_id=image_id)


def test_the_false_match_rate_follows_the_scale() -> None:
    assert SCALE.false_match_rate(MATCH_THRESHOLD) == pytest.approx(1e-4)
    assert SCALE.false_match_rate(0.0) == pytest.approx(0.5)
    rates = [SCALE.false_match_rate(similarity) for similarity in np.linspace(0, 1, 101)]
    assert rates == sorted(rates, reverse=True)
    assert 0 < rates[-1] < 1e-6


def test_an_empty_set_names_nobody(project: Project) -> None:
    project.create()
    risk = risk_of(project)
    assert (risk.faces, risk.probes, risk.rate(0.0)) == (0, 0, 0.0)
    assert risk.threshold(0.01) == 0.0


def test_a_single_person_gets_the_calibration(project: Project) -> None:
    project.create()
    project.add(PEOPLE[0])
    risk = risk_of(project)
    assert risk.probes == 0
    assert risk.rate(MATCH_THRESHOLD) == pytest.approx(1e-4)


def test_the_rate_counts_the_best_similarity_of_each_person_to_others(project: Project) -> None:
    project.create()
    people = PEOPLE[:60]
    enrol(project, people)
    templates, scale = [embedding_of(person) for person in people], load_scale("sface")
    best = sorted(max(scale.compare(one, other) for other in templates if other is not one) for one in templates)
    risk = risk_of(project)
    assert risk.best_impostors == pytest.approx(best, abs=1e-3)  # stored in half precision
    threshold = best[30]
    expected = 1 - (1 - SCALE.false_match_rate(threshold)) ** 60
    assert risk.rate(threshold) == pytest.approx((30 + PRIOR_PROBES * expected) / (60 + PRIOR_PROBES), abs=0.01)


def test_faces_of_one_person_are_no_impostors_of_each_other(project: Project) -> None:
    project.create()
    enrol(project, [PEOPLE[0]] * 3, image_id="anna")
    enrol(project, [PEOPLE[1]] * 3, image_id="bert")
    risk = risk_of(project)
    assert risk.probes == 2
    assert max(risk.best_impostors) < 0.9


def test_the_threshold_is_the_lowest_with_the_rate() -> None:
    best = np.sort(np.random.default_rng(0).uniform(0.5, 0.95, 500)).tolist()
    risk = Risk(500, best, SCALE)
    rates = [risk.rate(threshold) for threshold in np.linspace(0, 1, 201)]
    assert rates == sorted(rates, reverse=True)
    for rate in (0.1, 0.01):
        threshold = risk.threshold(rate)
        assert threshold is not None
        assert risk.rate(threshold) <= rate < risk.rate(threshold - 1e-4)


def test_a_rate_out_of_reach_has_no_threshold() -> None:
    assert Risk(10**9, (), SCALE).threshold(1e-6) is None


def test_a_set_is_measured_again_as_it_grows(project: Project) -> None:
    project.create()
    enrol(project, PEOPLE[:18])
    first = risk_of(project)
    enrol(project, PEOPLE[18:19])
    assert risk_of(project) is first
    enrol(project, PEOPLE[19:30])
    again = risk_of(project)
    assert (again.faces, again.probes) == (30, 30)


def test_no_more_people_than_the_maximum_are_searched_for(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_PROBES == 1000
    monkeypatch.setattr("openfrs.faces.risk.MAX_PROBES", 5)
    project.create()
    enrol(project, PEOPLE[:12])
    assert risk_of(project).probes == 5


def test_an_unknown_set_is_reported(project: Project) -> None:
    with pytest.raises(ServiceError, match=r"FRS\.0302"):
        project.services.risks.of_set(project.id, "unknown")
