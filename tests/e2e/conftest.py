"""What the end-to-end tests share: one sample system at a time on the cluster, and the plugin's program.

pytest finds this by itself. The cluster is the current kube context; kubectl and helm are on PATH.
"""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "lib"))
import plugin as plugin_module  # noqa: E402
from stage import Stage  # noqa: E402

STAGE = pytest.StashKey()
OWN_CLUSTER = os.environ.get("EXASTRO_CLUSTER") != "current"


def pytest_sessionstart(session):
    if not plugin_module.BINARY.exists():
        pytest.exit(f"{plugin_module.BINARY} is not built; run: make build", 2)
    for program in ("kubectl", "helm"):
        if not shutil.which(program):
            pytest.exit(f"{program} is not on PATH; run: make e2e", 2)
    done = subprocess.run(["kubectl", "get", "namespaces", "-o", "name"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    if done.returncode:
        pytest.exit(f"the cluster does not answer; run: make cluster\n{done.stdout}", 2)


@pytest.fixture(autouse=True)
def line_of_its_own():
    """The dots of pytest and our lines do not share one"""
    print(flush=True)


@pytest.fixture(scope="session")
def stage(request):
    stage = request.config.stash[STAGE] = Stage()
    yield stage
    stage.clear()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """After a test that failed, the next one begins with a new system"""
    yield
    if call.excinfo and not call.excinfo.errisinstance(pytest.skip.Exception) and STAGE in item.config.stash:
        item.config.stash[STAGE].small_system = None


@pytest.fixture(scope="session")
def plugin():
    return plugin_module.Plugin()
