"""The project that an operator names."""

from pathlib import Path

import pytest

from openfrs.accounts.administration import Administration
from openfrs.accounts.bootstrap import first_project_id
from openfrs.accounts.keyring import open_keyring
from openfrs.accounts.quotas import ProjectLimits
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.operations.lookup import project_or_first
from openfrs.store.accounts import AccountRepository
from openfrs.store.opening import opened_database
from tests.support.data_directories import new_data


def test_a_project_is_found_by_id_name_or_domain_and_name(tmp_path: Path) -> None:
    settings = Settings(data=new_data(tmp_path / "data"))
    first = first_project_id(tmp_path / "data" / "credentials.json")
    with opened_database(settings) as database:
        limits = ProjectLimits.from_settings(settings)
        administration = Administration(AccountRepository(database), open_keyring(settings, database), limits)
        administration.create_domain("other", project=settings.project, deliver=lambda account: None)
        (domain,) = (each for each in administration.list_domains() if each.name == "other")
        tests = administration.create_project(domain, "tests")
        for project in (None, first, f"openfrs/{settings.project}"):
            assert project_or_first(settings, database, project) == first
        for project in ("tests", "other/tests", tests.id):
            assert project_or_first(settings, database, project) == tests.id
        with pytest.raises(OperatorError, match=rf"several .* openfrs/{settings.project}, other/{settings.project}"):
            project_or_first(settings, database, settings.project)
        with pytest.raises(OperatorError, match=r"no project nobody; choose one of openfrs/.*other/tests"):
            project_or_first(settings, database, "nobody")
