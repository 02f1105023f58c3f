"""One release, one database server for both sides, as the vendor's chart installs it; somebody else's database beside it.

kubectl 1.34 and helm 4, MariaDB 10.11. The tests depend on each other in their order: one installation serves them all.
"""
import os
import stat

import pytest

import checks
import snapshot
from backup_file import Unpacked
from plugin import say
from stage import NAMESPACE, load, picture, ruin

#: An HPA's Deployment, one of two replicas; nothing of it is the chart's default
VALUES = {"exastro-it-automation": {"ita-by-menu-create": {"autoscaling": {"enabled": True, "minReplicas": 1, "maxReplicas": 2}},
                                    "ita-by-cicd-for-iac": {"replicaCount": 2}}}


@pytest.fixture(scope="module")
def system(stage):
    system = stage.install("shared", values=VALUES)
    load(system, stranger=True)
    # What is off before must be off afterwards.
    system.cluster.kubectl("scale", "deployment/ita-by-collector", "--replicas=0", "-n", NAMESPACE)
    system.cluster.kubectl("patch", "cronjob", "ita-by-file-autoclean", "-n", NAMESPACE, "-p", '{"spec":{"suspend":true}}')
    system.wait_until_ready()
    return system


@pytest.fixture(scope="module")
def before(system):
    return picture(system)


@pytest.fixture(scope="module")
def backup(system, plugin, before, tmp_path_factory):
    """(the run, the file, the file unpacked); taken as a person would: from the folder where the file shall be"""
    folder = tmp_path_factory.mktemp("backup")
    secrets = checks.secret_texts(system)
    with checks.ProcessWatch(secrets) as watch:
        done = plugin.run("backup", "-n", NAMESPACE, "-v", "--output", "json", cwd=folder, through_kubectl=True)
    assert watch.looked > 10 and not watch.found, f"seen in a process: {set(watch.found)}"
    checks.without_secrets("the output", done.text(), secrets)
    assert not plugin.temporary_files()
    (file,) = folder.iterdir()
    result = done.result()
    assert os.path.samefile(folder / result["file"], file)
    say(f"backup: {file.stat().st_size / 1e6:.1f} MB, outage {result['outage_seconds']:.1f} s of {result['seconds']:.1f} s")
    assert file.stat().st_size == result["bytes"]
    return done, file, Unpacked(file, folder / "unpacked")


def test_dry_run_changes_nothing(system, plugin, tmp_path):
    was = checks.settled_versions(system)
    done = plugin.run("backup", "-n", NAMESPACE, "--dry-run", cwd=tmp_path)
    assert "ita-by-ansible-execute" in done.text() and "itadb" not in done.text()
    assert checks.versions(system) == was
    assert not list(tmp_path.iterdir())


def test_backup_starts_everything_again(system, before, backup):
    checks.runs_as_before(system, before["cluster"])


def test_backup_file_opens_with_plain_tools(before, backup):
    _, file, unpacked = backup
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.name.startswith(f"exastro-backup_{NAMESPACE}_exastro_") and file.name.endswith(".tar")
    unpacked.digests_agree()
    # All of Exastro's databases and nobody else's.
    (server,) = before["servers"].values()
    dumped = {database["name"].lower() for database in unpacked.manifest["databases"]}
    assert dumped == {name.lower() for name in server["databases"]} - {"stranger_db"}
    assert unpacked.manifest["files"]["member"] in unpacked.names()
    assert not [name for name in unpacked.manifest["accounts"][0]["names"] if "stranger" in name]


def test_backup_file_holds_secrets_only_where_documented(system, backup):
    _, _, unpacked = backup
    secrets = checks.secret_texts(system)
    for name in unpacked.names():
        if name != "keys.json" and not name.startswith("values_"):
            checks.without_secrets(name, unpacked.plain(name), secrets)


def test_nobody_wrote_while_the_backup_was_taken(backup):
    _, _, unpacked = backup
    activity = unpacked.activity()
    writers = {name for server in activity["servers"].values() for tables in server["activity"].values()
               for table in tables.values() for name in table}
    assert len(writers) > 15 and activity["file_activity"], f"the stand-ins did not write: {sorted(writers)}"
    assert not snapshot.activity_is_consistent(activity)


def test_restore_brings_everything_back(system, plugin, before, backup):
    _, file, _ = backup
    ruin(system)
    assert system.http_status()[0] != 200
    # What came after the backup and is Exastro's must be gone afterwards.
    system.run_inside(LATECOMERS)
    secrets = checks.secret_texts(system)
    with checks.ProcessWatch(secrets) as watch:
        done = plugin.run("restore", "-n", NAMESPACE, "--from", file, "--yes", "-v", "--output", "json")
    assert watch.looked > 10 and not watch.found, f"seen in a process: {set(watch.found)}"
    checks.without_secrets("the output", done.text(), secrets)
    assert not plugin.temporary_files()
    say(f"restore: outage {done.result()['outage_seconds']:.1f} s")
    checks.runs_as_before(system, before["cluster"])
    checks.same(before, picture(system))


@pytest.mark.long
def test_restore_over_a_running_system(system, plugin, before, backup):
    """An organization that was made after the backup, with databases, accounts and files, is gone; nobody else's is"""
    _, file, _ = backup
    load(system, seed=2, orgs=1, files=20)
    late = picture(system)
    assert snapshot.compare(before, late)
    plugin.run("restore", "-n", NAMESPACE, "--from", file, "--yes")
    checks.runs_as_before(system, before["cluster"])
    checks.same(before, picture(system))


LATECOMERS = r"""
import os, pymysql
c = CONFIG["ita"]
admin = pymysql.connect(host=c["host"], port=int(c["port"]), user=c["admin_user"], password=c["admin_password"], autocommit=True)
with admin.cursor() as cursor:
    for statement in ("CREATE DATABASE ita_db", "CREATE TABLE ita_db.T_LATE (ID INT)", "INSERT INTO ita_db.T_LATE VALUES (1)"):
        cursor.execute(statement)
os.makedirs(CONFIG["storage"] + "late/folder")
open(CONFIG["storage"] + "late/folder/file", "w").write("late")
"""
