"""A backup that waits in the cluster: read while the services stand still, fetched while they run."""
import contextlib
import json
import os
import signal
import time

import checks
import pytest
import round_trip
from backup_file import Unpacked
from faults import arguments_of, children
from line import Line
from plugin import Plugin, say
from stage import NAMESPACE, load, picture

HERE = ("-n", NAMESPACE)


@pytest.fixture(scope="module")
def system(stage):
    system = stage.small()
    load(system, seed=3, orgs=1, size_mb=60)
    system.wait_until_ready()
    return system


@pytest.fixture(scope="module")
def wanted(system):
    return picture(system)


def staged_until(system):
    found = [item for item in system.cluster.get("configmaps", *HERE)["items"]
             if item["metadata"]["name"].startswith("kubectl-exastro")]
    return found and json.loads(found[0]["data"]["record.json"])["stagedUntil"]


def while_it_fetches(system, plugin, *words, cwd):
    """A backup that has just begun to fetch"""
    process = plugin.start("backup", *HERE, *words, cwd=cwd)
    while not staged_until(system):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    return process


@pytest.fixture
def distant(tmp_path_factory):
    """Behind a line on which fetching takes long enough to be interrupted"""
    with Line(8e6, tmp_path_factory.mktemp("line")) as line:
        plugin = Plugin(kubeconfig=line.kubeconfig)
        plugin.line = line
        yield plugin


def waiting_files(folder):
    return list(folder.glob(".exastro-backup_*.partial"))


def arrived(folder, size_mb):
    """When so much of a backup has arrived"""
    return any(path.stat().st_size > size_mb * 1e6 for path in waiting_files(folder))


def test_killed_while_it_fetches(system, plugin, distant, wanted, tmp_path):
    """What has arrived is not fetched again: killed, and then interrupted, three runs fetch what one would have"""
    process = while_it_fetches(system, distant, cwd=tmp_path)
    while not arrived(tmp_path, 4):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    system.wait_until_ready()
    assert system.cluster_state() == wanted["cluster"]
    told = plugin.run("status", *HERE).out
    assert "waits to be fetched until" in told and "kubectl exastro fetch" in told
    assert "kubectl exastro fetch" in plugin.run("start", *HERE).out
    # What changes from now on is not in it.
    load(system, seed=2, orgs=1, files=20)
    (part,) = waiting_files(tmp_path)
    killed_at, before = part.stat().st_size, distant.line.passed
    process = distant.start("fetch", *HERE, cwd=tmp_path)
    while not arrived(tmp_path, 8):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130 and "kubectl exastro fetch" in err, out + err
    assert "An earlier run has left" in err
    had, brought = part.stat().st_size, distant.line.passed - before
    say(f"{had} bytes, of which {killed_at} were here; {brought} were brought")
    assert had > 8e6 and part.stat().st_mode & 0o777 == 0o600
    assert brought < had - killed_at + 2e6
    before = distant.line.passed
    distant.run("fetch", *HERE, cwd=tmp_path)
    brought = distant.line.passed - before
    checks.nothing_left(system)
    (file,) = tmp_path.glob("exastro-backup_*.tar")
    assert not waiting_files(tmp_path)
    say(f"{file.stat().st_size} bytes, of which {had} were here; {brought} were brought")
    assert brought < file.stat().st_size - had + 2e6
    plugin.run("verify", "--from", file)
    round_trip.restore(plugin, file, *HERE, "--no-safety-backup")
    checks.same(wanted, picture(system))


def test_a_cut_line_costs_no_second_outage(system, distant, wanted, tmp_path):
    """Over a slow line whose streams break off three times the file is the same as it would have been"""
    process = while_it_fetches(system, distant, cwd=tmp_path)
    system.wait_until_ready()
    assert not list(tmp_path.glob("exastro-backup_*.tar")), "the services wait for the transfer"
    cut = 0
    while process.poll() is None:
        time.sleep(1)
        for number in children(process.pid):
            if b"exec" in arguments_of(number) and cut < 3:
                say(f"kubectl exec {number} is killed")
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
                    cut += 1
    out, err = process.communicate()
    assert process.returncode == 0, out + err
    assert cut == 3
    (file,) = tmp_path.glob("exastro-backup_*.tar")
    Unpacked(file, tmp_path / "unpacked").digests_agree()
    checks.runs_as_before(system, wanted["cluster"])


def test_interrupted_it_waits_or_is_given_up(system, plugin, distant, wanted, tmp_path):
    process = while_it_fetches(system, distant, cwd=tmp_path)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130 and "kubectl exastro fetch" in err, out + err
    assert not list(tmp_path.glob("exastro-backup_*"))
    assert waiting_files(tmp_path)
    plugin.run("fetch", *HERE, "--discard")
    assert not waiting_files(tmp_path)
    checks.runs_as_before(system, wanted["cluster"])
    plugin.run("fetch", *HERE, cwd=tmp_path, expect=3)
    # Not fetched, it does not stand in the way of the next.
    process = while_it_fetches(system, distant, cwd=tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    # It stays until then: the next is killed as well, when it has stopped everything.
    process = plugin.start("backup", *HERE, cwd=tmp_path)
    for line in process.stderr:
        if "Reading databases" in line:
            process.send_signal(signal.SIGKILL)
    process.communicate()
    plugin.run("start", *HERE)
    assert system.cluster_state() == wanted["cluster"]
    plugin.run("fetch", *HERE, "-o", tmp_path / "first.tar")
    plugin.run("verify", "--from", tmp_path / "first.tar")
    process = while_it_fetches(system, distant, cwd=tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = plugin.run("backup", *HERE, cwd=tmp_path)
    assert "was not fetched; it is given up" in done.err
    assert not waiting_files(tmp_path), "parts of backups that are gone are left"
    checks.runs_as_before(system, wanted["cluster"])


def test_interrupted_when_all_has_arrived(system, plugin, wanted, tmp_path):
    """While the last pods get ready: the file is whole, and nothing waits for it in the cluster"""
    process = plugin.start("backup", *HERE, cwd=tmp_path)
    told = []
    for line in process.stderr:
        told.append(line)
        if "done:" in line and "entries" in line:
            process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode == 130, told
    assert "The backup is whole." in told[-1], told
    checks.nothing_left(system)
    (file,) = tmp_path.glob("exastro-backup_*.tar")
    assert not waiting_files(tmp_path)
    plugin.run("verify", "--from", file)
    checks.runs_as_before(system, wanted["cluster"])


def test_without_it(system, plugin, wanted, tmp_path):
    done = plugin.run("backup", *HERE, "--staging", "never", cwd=tmp_path)
    assert "at a moment of its own" in done.err
    (file,) = tmp_path.glob("exastro-backup_*.tar")
    plugin.run("verify", "--from", file)
    checks.runs_as_before(system, wanted["cluster"])


def test_where_a_pod_may_keep_little(system, plugin, wanted, tmp_path):
    """A namespace whose pods are evicted at 40 MB of their node's disk: the pod is not filled until it is"""
    limit = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "little"},
             "spec": {"limits": [{"type": "Container", "default": {"ephemeral-storage": "40M"}}]}}
    system.cluster.kubectl("apply", *HERE, "-f", "-", stdin=json.dumps(limit))
    try:
        done = plugin.run("backup", *HERE, cwd=tmp_path)
    finally:
        system.cluster.kubectl("delete", "limitrange", "little", *HERE)
    assert "evicted at 38.1 MiB (a LimitRange" in done.err
    (file,) = tmp_path.glob("exastro-backup_*.tar")
    plugin.run("verify", "--from", file)
    checks.runs_as_before(system, wanted["cluster"])
