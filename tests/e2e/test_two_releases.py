"""Platform and IT Automation as two releases in two namespaces, as older sites have it, installed with helm 3; kubectl 1.31."""
import pytest

import round_trip
from plugin import Plugin
from stage import NAMESPACE, tools

FEW = {"global": {"backyardCount": 4}}
BOTH = ("--release", f"{NAMESPACE}-platform/exastro-platform",
        "--release", f"{NAMESPACE}-it-automation/exastro-it-automation")


@pytest.mark.parametrize("layout", ["two-releases", "two-releases-shared"])
def test_two_releases(stage, tmp_path, layout):
    kubectl, helm = tools("v31")
    system = stage.install(layout, kubectl=kubectl, helm=helm, values=FEW)
    round_trip.there_and_back(system, Plugin(kubectl), tmp_path, *BOTH)
