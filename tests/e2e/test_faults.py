"""Failures that are caused: what the plugin must bring back by itself, or with its next command."""
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
