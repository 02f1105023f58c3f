"""Ten faults of the campaign (tests/e2e/faults, `make faults`), always the same ones."""
import faults
import pytest
from fault_site import Site
from stage import NAMESPACE

SEED = 20261123
TEN = ["kill-backup", "kill-backup", "kill-backup", "kill-restore", "kill-restore", "kill-restore", "signal", "pod-gone",
       "exec-cut", "database-restarts"]


@pytest.fixture(scope="module")
def site(stage, plugin, tmp_path_factory):
    return Site(stage.small(), plugin, NAMESPACE, tmp_path_factory.mktemp("site"))


@pytest.mark.long
@pytest.mark.parametrize(("number", "name"), enumerate(TEN))
def test_is_recovered_from(site, number, name):
    assert any(faults.cause(site, kind, seed, what) for kind, what, seed in faults.tries(name, f"{SEED}-{number}"))
