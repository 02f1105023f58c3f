"""One release, two database servers, and somebody else's database beside IT Automation's."""
import round_trip
import stage as stage_module
from backup_file import Unpacked

NAMESPACE = stage_module.NAMESPACE + "-separate"
FEW = {"global": {"backyardCount": 4}}


def test_separate_servers(stage, plugin, tmp_path):
    system = stage.install("separate", NAMESPACE, values=FEW)
    folder = tmp_path / "backup"
    folder.mkdir()
    file, before = round_trip.there_and_back(system, plugin, folder, "-n", NAMESPACE, stranger=True)
    assert set(before["servers"]) == {"platform", "ita"}, "the sample did not come up with two servers"
    unpacked = Unpacked(file, tmp_path / "unpacked")
    unpacked.digests_agree()
    assert {server["id"] for server in unpacked.manifest["servers"]} == {"platform", "ita"}
    for database in unpacked.manifest["databases"]:
        names = {name.lower() for name in before["servers"][database["server"]]["databases"]}
        assert database["name"].lower() in names - {"stranger_db"}
