"""Which apps a site runs, and how far one person can move what leaves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dataspace.adapters.apps.packing import packed
from dataspace.adapters.apps.shelf import FileShelf
from dataspace.adapters.keys import FileSigner
from dataspace.errors import DataspaceError
from dataspace.model.limits import SiteLimits
from dataspace.model.names import RunId
from dataspace.model.own_apps import OwnApp, Weight
from dataspace.model.plans import Family, TrainingPlan
from dataspace.model.runs import SiteMessage, Step
from dataspace.site import own_apps
from dataspace.site.own_apps import OwnApps, named_app
from dataspace.site.refused import Refused
from dataspace.site.updates import check_gradient, one_person
from dataspace.site.will import FileWill
from tests.adapters.apps.test_packing import FILES
from tests.planning.test_own_apps import PLAN


def site(home: Path, uses: str = "numpy", foreign: bool = True) -> tuple[OwnApps, TrainingPlan]:
    """A site that approved an app, and a plan that names it."""
    manifest = FILES["pyproject.toml"].replace('"numpy"', f'"{uses}"')
    app, archive = packed({**FILES, "pyproject.toml": manifest}, FileSigner(home, "lab"))
    own = OwnApps(FileShelf(home), FileWill(home), SiteLimits(foreign_apps=foreign))
    own.shelf.put(archive)
    own.will.approve(app.hash)
    return own, replace(PLAN, app=OwnApp(app.hash, app.manifest.weights_of(1, 2)))


def refusal(own: OwnApps, plan: TrainingPlan) -> str:
    with pytest.raises(Refused) as refused:
        own.for_plan(plan)
    return refused.value.refusal


def test_an_approved_app_may_run_and_a_plan_without_one_needs_none(tmp_path: Path) -> None:
    own, plan = site(tmp_path)
    found = own.for_plan(plan)
    assert found is not None
    assert plan.app is not None
    assert found.hash == plan.app.hash
    assert own.for_plan(replace(PLAN, app=None, family=Family.LOGISTIC)) is None


def test_whatever_was_approved_no_foreign_app_runs_unless_the_limits_say_so(tmp_path: Path) -> None:
    own, plan = site(tmp_path, foreign=False)
    assert refusal(own, plan) == "app.foreign"
    assert SiteLimits().foreign_apps is False


def test_an_app_that_is_not_approved_or_gone_is_refused(tmp_path: Path) -> None:
    own, plan = site(tmp_path)
    assert plan.app is not None
    (tmp_path / "apps" / f"{plan.app.hash}.app").unlink()
    assert refusal(own, plan) == "app.altered"
    own.will.disapprove(plan.app.hash)
    assert refusal(own, plan) == "app.unknown"


def test_a_plan_with_other_weights_than_the_manifest_is_refused(tmp_path: Path) -> None:
    own, plan = site(tmp_path)
    assert plan.app is not None
    other = replace(plan, app=replace(plan.app, weights=(*plan.app.weights, Weight("more", (9,)))))
    assert refusal(own, other) == "app.shape"


def test_without_torch_a_site_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, plan = site(tmp_path, "torch")
    monkeypatch.setattr(own_apps, "find_spec", lambda name: None)
    assert refusal(own, plan) == "app.torch"


def test_one_person_moves_a_sum_over_blocks_by_twice_the_norm() -> None:
    assert PLAN.privacy is not None
    assert one_person(PLAN) == 2 * PLAN.privacy.clip
    assert one_person(replace(PLAN, app=None, family=Family.MLP)) == PLAN.privacy.clip


def test_a_sum_that_no_blocks_could_make_is_cut_and_one_of_another_shape_is_none() -> None:
    assert PLAN.app is not None
    total = check_gradient(PLAN, {"units": 10_000}, {"gradient": np.full(9, 1e9)})
    assert np.linalg.norm(total) == pytest.approx(PLAN.app.blocks)
    for bad in (np.zeros(8), np.full(9, np.nan)):
        with pytest.raises(DataspaceError):
            check_gradient(PLAN, {"units": 10_000}, {"gradient": bad})


def test_what_a_message_names_is_read_with_care() -> None:
    for plan in (None, 3, {}, {"app": None}, {"app": "x"}, {"app": {"hash": 3}}):
        assert named_app(SiteMessage(RunId("R-1"), 1, Step.NOISY, {"plan": plan})) == ""
    said = SiteMessage(RunId("R-1"), 1, Step.NOISY, {"plan": {"app": {"hash": "a" * 100}}})
    assert named_app(said) == "a" * 64
