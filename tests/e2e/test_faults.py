"""Failures that are caused: what the plugin must bring back by itself, or with its next command."""
import tarfile
import time

import backup_file
import checks
import pytest
import round_trip
from plugin import say
from stage import NAMESPACE, load, picture

HERE = ("-n", NAMESPACE)


@pytest.fixture(scope="module")
def system(stage):
    return stage.small()


@pytest.fixture(scope="module")
def wanted(system):
    return picture(system)


@pytest.fixture(scope="module")
def file(system, wanted, plugin, tmp_path_factory):
    file = round_trip.back_up(plugin, tmp_path_factory.mktemp("backup"), *HERE)
    system.wait_until_ready()
    return file


def test_a_restore_that_fails_goes_back_by_itself(system, plugin, file, wanted, tmp_path):
    load(system, seed=2, orgs=1, files=20)
    system.wait_until_ready()
    before = picture(system)
    bad = backup_file.spoiled(file, tmp_path / "unpacked", tmp_path / "bad.tar")
    done = plugin.run("restore", *HERE, "--yes", "--from", bad, expect=1)
    assert "no_such_table" in done.err and "The data is what it was before" in done.err
    (safety,) = tmp_path.glob("exastro-safety_*.tar")
    assert safety.stat().st_mode & 0o777 == 0o600
    checks.runs_as_before(system, before["cluster"])
    checks.same(before, picture(system))
    # And what it kept is a backup like any other.
    say("the safety backup is restored by hand")
    round_trip.restore(plugin, safety, *HERE, "--no-safety-backup")
    checks.same(before, picture(system))


def while_it_keeps_what_is_there(plugin, file, folder, *flags):
    """A restore that runs, when all stands still and nothing is replaced yet"""
    process = plugin.start("restore", *HERE, "--yes", "--safety-dir", folder, "--from", file, *flags)
    for line in process.stderr:
        if "Backing up first" in line:
            return process
    raise AssertionError("it ended before: " + process.stdout.read())


def test_a_restore_that_is_not_left_alone_replaces_nothing(system, plugin, file, tmp_path):
    before = picture(system)
    begin = time.monotonic()
    process = while_it_keeps_what_is_there(plugin, file, tmp_path)
    system.cluster.kubectl("scale", "statefulset/keycloak", *HERE, "--replicas=1")
    done = plugin.finish(process, begin, expect=1)
    assert "was started again by somebody" in done.err and "The services were started again" in done.err
    checks.runs_as_before(system, before["cluster"])
    checks.same(before, picture(system))


@pytest.mark.parametrize("flags", [[], ["--only", "files"]], ids=["all", "files"])
def test_a_restore_whose_files_cannot_be_replaced_goes_back(system, plugin, file, tmp_path, flags):
    before = picture(system)
    begin = time.monotonic()
    process = while_it_keeps_what_is_there(plugin, file, tmp_path, *flags)
    (name,) = [item["metadata"]["name"] for item in system.cluster.get("pods", *HERE)["items"]
               if item["metadata"]["name"].startswith("exastro-maintenance")]
    # Named as it will name what it takes out of the way.
    path = system.config_map(NAMESPACE, "ita-params-ita-global")["STORAGEPATH"]
    system.cluster.kubectl("exec", *HERE, name, "--", "mkdir", f"{path}/.exastro-old-{name.removeprefix('exastro-maintenance-')}")
    done = plugin.finish(process, begin, expect=1)
    assert "Going back to what was there" in done.err and "The data is what it was before" in done.err
    assert ("Loading the databases" in done.err) == (not flags), "databases that were not touched stay as they are"
    checks.runs_as_before(system, before["cluster"])
    checks.same(before, picture(system))


def test_without_a_safety_backup_the_services_stay_stopped(system, plugin, file, wanted, tmp_path):
    bad = backup_file.spoiled(file, tmp_path / "unpacked", tmp_path / "bad.tar")
    done = plugin.run("restore", *HERE, "--yes", "--no-safety-backup", "--from", bad, expect=7)
    assert "kubectl exastro restore" in done.err
    assert not list(tmp_path.glob("exastro-safety_*"))
    done = plugin.run("status", *HERE)
    assert "was cut off while it replaced data" in done.out
    plugin.run("start", *HERE, expect=7)
    plugin.run("backup", *HERE, expect=7, cwd=tmp_path)
    plugin.run("restore", *HERE, "--yes", "--no-safety-backup", "--only", "databases", "--from", file, expect=7)
    # Nor does a set made by hand that lacks the half that is only partly replaced.
    with tarfile.open(tmp_path / "exastro_storage_backup_ita_20260131-123456.tar.gz", "w:gz") as files:
        files.add(bad, "storage/a file")
    plugin.run("restore", *HERE, "--yes", "--no-safety-backup", "--from", tmp_path / "exastro_storage_backup_ita_20260131-123456.tar.gz",
               expect=7)
    # What came after the backup, an organization with databases, accounts and files, is gone then.
    round_trip.restore(plugin, file, *HERE, "--no-safety-backup")
    checks.runs_as_before(system, wanted["cluster"])
    checks.same(wanted, picture(system))


def test_one_run_at_a_time(system, plugin, file, wanted, tmp_path):
    begin = time.monotonic()
    first = plugin.start("backup", *HERE, cwd=tmp_path)
    while "kubectl-exastro" not in system.cluster.kubectl("get", "leases", *HERE, "-o", "name"):
        assert first.poll() is None
        time.sleep(0.1)
    second = plugin.run("backup", *HERE, "-o", tmp_path / "second.tar", expect=6)
    assert "backup by" in second.err
    plugin.finish(first, begin)
    assert not (tmp_path / "second.tar").exists()
    checks.runs_as_before(system, wanted["cluster"])
