"""Platform and IT Automation as two releases in two namespaces, as older sites have it, installed with helm 3; kubectl 1.31."""
import pytest

import round_trip
from backup_file import Unpacked
from plugin import Plugin
from stage import NAMESPACE, tools

FEW = {"global": {"backyardCount": 4}}
BOTH = ("--release", f"{NAMESPACE}-platform/exastro-platform",
        "--release", f"{NAMESPACE}-it-automation/exastro-it-automation")


def test_two_releases(stage, tmp_path):
    kubectl, helm = tools("v31")
    system = stage.install("two-releases", kubectl=kubectl, helm=helm, values=FEW)
    _, before = round_trip.there_and_back(system, Plugin(kubectl), tmp_path, *BOTH)
    assert set(before["servers"]) == {"platform", "ita"}, "the sample did not come up with two servers"


@pytest.mark.long
def test_two_releases_with_one_server(stage, plugin, tmp_path):
    """IT Automation reaches the platform's server by another name than the platform does: they are to be found one"""
    stage.install("two-releases-shared", values=FEW)
    file = round_trip.back_up(plugin, tmp_path, *BOTH)
    unpacked = Unpacked(file, tmp_path / "unpacked")
    (server,) = unpacked.manifest["servers"]
    assert server["id"] == "shared" and sorted(server["sides"]) == ["ita", "platform"]
    names = [database["name"].lower() for database in unpacked.manifest["databases"]]
    assert {"platform", "keycloak", "ita_db"} == set(names) and len(names) == 3
