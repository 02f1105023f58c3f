"""What the plugin must refuse, or break off, without leaving a trace: statuses, the services, the files."""
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

import checks
import round_trip
from plugin import Plugin, say
from stage import NAMESPACE

HERE = ("-n", NAMESPACE)


@pytest.fixture(scope="module")
def system(stage):
    return stage.small()


@pytest.fixture(scope="module")
def file(system, plugin, tmp_path_factory):
    file = round_trip.back_up(plugin, tmp_path_factory.mktemp("backup"), *HERE)
    system.wait_until_ready()
    return file


@pytest.fixture
def untouched(system):
    """The test must not have changed a workload, not even for a moment, and must leave nothing behind"""
    before = checks.generations(system)
    yield
    assert checks.generations(system) == before, "workloads were changed"
    checks.nothing_left(system)


def test_no_such_release(plugin, untouched):
    done = plugin.run("backup", *HERE, "--release", "nothing-here", expect=3)
    assert "nothing-here" in done.err and NAMESPACE in done.err
    plugin.run("backup", "-n", "kubectl-exastro-no-such-namespace", expect=3)


def test_no_such_file(plugin, untouched, tmp_path):
    done = plugin.run("restore", *HERE, "--yes", "--from", tmp_path / "none.tar", expect=3)
    assert "none.tar" in done.err


def test_cut_file(plugin, file, untouched, tmp_path):
    shutil.copy(file, tmp_path / "cut.tar")
    os.truncate(tmp_path / "cut.tar", file.stat().st_size - 1)
    done = plugin.run("restore", *HERE, "--yes", "--from", tmp_path / "cut.tar", expect=5)
    assert "cut.tar" in done.err


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_flipped_byte(plugin, file, untouched, tmp_path, part):
    shutil.copy(file, tmp_path / "flipped.tar")
    with open(tmp_path / "flipped.tar", "r+b") as damaged:
        damaged.seek(int(file.stat().st_size * part))
        byte = damaged.read(1)
        damaged.seek(-1, os.SEEK_CUR)
        damaged.write(bytes([byte[0] ^ 1]))
    plugin.run("restore", *HERE, "--yes", "--from", tmp_path / "flipped.tar", expect=5)


def test_not_a_backup(plugin, untouched, tmp_path):
    (tmp_path / "text.tar").write_text("hello\n" * 1000)
    plugin.run("restore", *HERE, "--yes", "--from", tmp_path / "text.tar", expect=9)


def test_restore_asks_before_it_starts(plugin, file, untouched):
    # Nobody is there to answer.
    done = plugin.run("restore", *HERE, "--from", file, expect=(2, 8))
    assert "--yes" in done.err


def test_restore_dry_run_changes_nothing(system, plugin, file, untouched):
    was = checks.settled_versions(system)
    plugin.run("restore", *HERE, "--dry-run", "--from", file)
    assert checks.versions(system) == was


def test_folder_that_does_not_exist(plugin, untouched, tmp_path):
    done = plugin.run("backup", *HERE, "-o", tmp_path / "nowhere" / "backup.tar", expect=1)
    assert "nowhere" in done.err


def test_folder_that_others_may_write_to(plugin, file, untouched, tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    done = plugin.run("backup", *HERE, "-o", f"{tmp_path}/open/", expect=1)
    assert "chmod go-w" in done.err
    plugin.run("restore", *HERE, "--yes", "--from", file, "--safety-dir", tmp_path / "open", expect=1)
    assert not list((tmp_path / "open").iterdir())


def test_encryption_that_cannot_be(plugin, untouched, tmp_path):
    """What age would refuse, it refuses before anything is stopped"""
    plugin.run("backup", *HERE, "--encrypt", "age1nonsense", expect=1, cwd=tmp_path)
    done = plugin.run("backup", *HERE, "--passphrase", expect=2, cwd=tmp_path)
    assert "terminal" in done.err
    without_age = Plugin()
    without_age.environment["PATH"] = without_age.folder.name
    done = without_age.run("backup", *HERE, "--encrypt", "age1nonsense", expect=1, cwd=tmp_path)
    assert "age was not found" in done.err
    assert not list(tmp_path.iterdir())


def key_pair(folder, name):
    made = subprocess.run(["age-keygen", "-o", folder / name], check=True, capture_output=True, text=True)
    return folder / name, made.stderr.split("Public key: ")[1].strip()


def test_encrypted_backup(system, plugin, tmp_path):
    """Written, opened by hand as the documentation has it, refused with another key, and restored"""
    key, recipient = key_pair(tmp_path, "key")
    other, _ = key_pair(tmp_path, "other")
    before = system.cluster_state()
    private = next(line for line in key.read_text().splitlines() if line.startswith("AGE-SECRET-KEY"))
    secrets = {**checks.secret_texts(system), private: "the private key"}
    (tmp_path / "backup").mkdir()
    plugin.run("backup", *HERE, "--encrypt", recipient, cwd=tmp_path / "backup")
    checks.runs_as_before(system, before)
    (file,) = (tmp_path / "backup").iterdir()
    assert file.name.endswith(".tar.age") and file.stat().st_mode & 0o777 == 0o600
    checks.without_secrets(file.name, file.read_bytes(), secrets)
    plain = subprocess.run(["age", "-d", "-i", key, file], check=True, capture_output=True).stdout
    assert b"manifest.json" in plain

    was = checks.generations(system)
    done = plugin.run("restore", *HERE, "--yes", "--from", file, "--identity", other, expect=1)
    assert "none of the identities" in done.err
    done = plugin.run("restore", *HERE, "--yes", "--from", file, expect=2)
    assert "--identity" in done.err
    assert checks.generations(system) == was

    with checks.ProcessWatch(secrets) as watch:
        done = plugin.run("restore", *HERE, "--yes", "--from", file, "--identity", key, "--no-safety-backup", "-v")
    assert watch.looked > 10 and not watch.found, f"seen in a process: {set(watch.found)}"
    checks.without_secrets("the output", done.text(), secrets)
    assert not plugin.temporary_files()
    checks.runs_as_before(system, before)


def test_file_that_exists_is_not_overwritten(plugin, untouched, tmp_path):
    (tmp_path / "backup.tar").write_text("precious")
    plugin.run("backup", *HERE, "-o", tmp_path / "backup.tar", expect=1)
    assert (tmp_path / "backup.tar").read_text() == "precious"


def test_person_without_rights(system, file, untouched, tmp_path):
    """May read everything in the namespace and change nothing"""
    cluster = system.cluster
    cluster.kubectl("create", "serviceaccount", "reader", *HERE)
    cluster.kubectl("create", "role", "reader", *HERE, "--verb=get,list,watch", "--resource=pods,secrets,configmaps,services,"
                    "persistentvolumeclaims,deployments.apps,statefulsets.apps,replicasets.apps,cronjobs.batch,jobs.batch,"
                    "horizontalpodautoscalers.autoscaling")
    cluster.kubectl("create", "rolebinding", "reader", *HERE, "--role=reader", f"--serviceaccount={NAMESPACE}:reader")
    token = cluster.kubectl("create", "token", "reader", *HERE, "--duration=1h").strip()
    config = json.loads(cluster.kubectl("config", "view", "--minify", "--raw", "--flatten", "-o", "json"))
    config["users"] = [{"name": "reader", "user": {"token": token}}]
    config["contexts"][0]["context"]["user"] = "reader"
    path = tmp_path / "kubeconfig"
    path.touch(0o600)
    path.write_text(json.dumps(config))
    reader = Plugin(kubeconfig=path)
    done = reader.run("backup", *HERE, expect=4, cwd=tmp_path)
    # What it takes must be said, not only that it is missing.
    assert "deployments" in done.err or "pods" in done.err or "configmaps" in done.err
    reader.run("restore", *HERE, "--yes", "--from", file, expect=4)


def test_busy(system, plugin, file, tmp_path):
    before = system.cluster_state()
    plugin.run("stop", *HERE)
    try:
        stopped = checks.generations(system)
        done = plugin.run("backup", *HERE, expect=6, cwd=tmp_path)
        assert "kubectl exastro start" in done.err
        plugin.run("restore", *HERE, "--yes", "--from", file, expect=6)
        assert checks.generations(system) == stopped
        assert not list(tmp_path.iterdir())
    finally:
        plugin.run("start", *HERE)
    checks.runs_as_before(system, before)


def interrupted(system, plugin, folder, moment, number, *words):
    """A backup that gets the signal at the moment that moment() has come"""
    before = system.cluster_state()
    begin = time.monotonic()
    process = plugin.start("backup", *HERE, *words, cwd=folder)
    while process.poll() is None and not moment():
        time.sleep(0.02)
    assert process.poll() is None, f"ended before the signal with {process.returncode}: {process.communicate()}"
    say(f"sending signal {number} after {time.monotonic() - begin:.1f} s")
    process.send_signal(number)
    plugin.finish(process, begin, expect=130, timeout=120)
    assert not list(folder.iterdir()), "a file was left"
    checks.runs_as_before(system, before)


def stopped(system):
    deployments = system.cluster.get("deployments", *HERE)["items"]
    return any(item["spec"]["replicas"] == 0 for item in deployments)


def test_interrupted_while_the_services_stop(system, plugin, tmp_path):
    interrupted(system, plugin, tmp_path, lambda: stopped(system), signal.SIGTERM)


def test_interrupted_while_the_data_come(system, plugin, tmp_path):
    def writing():
        return any(path.is_file() and path.stat().st_size > 10000 for path in tmp_path.iterdir())
    # What is fetched while the services run is test_staging's.
    interrupted(system, plugin, tmp_path, writing, signal.SIGTERM, "--staging", "never")
