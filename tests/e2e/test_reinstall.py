"""The fix for "500 after a restore": everything of the release anew, its keys and data as they are.

The sample's application answers 500 unless the schema is of its own version, which its migration pods see to.
"""
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

import checks
import round_trip
import sample
from plugin import Plugin, say
from stage import NAMESPACE, load, picture, tools

HERE = ("-n", NAMESPACE)
FEW = {"global": {"backyardCount": 2}}
KINDS = "deployments,statefulsets,cronjobs,pods,configmaps"


def with_helm(pair):
    """The plugin as Helm would start it, with that Helm"""
    kubectl, helm = tools(pair)
    plugin = Plugin(kubectl)
    plugin.environment["HELM_BIN"] = shutil.which(helm)
    return plugin


@pytest.fixture(scope="module")
def system(stage):
    system = stage.install("shared", values=FEW)
    load(system, size_mb=1, files=50)
    # What is not the release's: it must not be touched.
    kubectl = system.cluster.kubectl
    kubectl("create", "configmap", "hand-made", *HERE, "--from-literal=a=b")
    kubectl("create", "secret", "generic", "tls-of-the-site", *HERE, "--from-literal=tls.key=k")
    kubectl("create", "deployment", "somebodys", *HERE, "--image", "localhost/none", "--replicas=0")
    kubectl("label", "configmap/hand-made", "deployment/somebodys", *HERE, "app.kubernetes.io/instance=exastro", "--overwrite")
    system.wait_until_ready()
    return system


def objects(system, kinds):
    """{kind/name: uid} of the release's namespaces; of pods those that ran to their end or belong to no workload"""
    found = {}
    for namespace in system.namespaces:
        for item in system.cluster.get(kinds, "-n", namespace)["items"]:
            meta = item["metadata"]
            if item["kind"] != "Pod" or not meta.get("ownerReferences"):
                found[f"{namespace}/{item['kind']}/{meta['name']}"] = meta["uid"]
    return found


def kept(system):
    """What must be the same object afterwards, with what it says: claims and their volumes, Secrets, Services"""
    found = {}
    for namespace in system.namespaces:
        for item in system.cluster.get("persistentvolumeclaims,secrets,services", "-n", namespace)["items"]:
            if item["metadata"]["name"].startswith("sh.helm.release"):
                continue
            spec = item.get("spec", {})
            found[f"{namespace}/{item['kind']}/{item['metadata']['name']}"] = (
                item["metadata"]["uid"], item.get("data"), spec.get("volumeName"), spec.get("clusterIP"))
    return found


def is_foreign(name):
    return name.endswith(("/hand-made", "/somebodys", "/kube-root-ca.crt"))


def check_anew(system, before_objects, before_kept):
    """Of the release everything is another object than before, of the same name, and nothing else is"""
    now = objects(system, KINDS)
    assert set(now) == set(before_objects)
    for name, uid in now.items():
        assert (uid == before_objects[name]) == is_foreign(name), name
    assert kept(system) == before_kept
    checks.nothing_left(system)


def without_reserved_numbers(taken):
    """The picture without the next AUTO_INCREMENT of each table"""
    for server in taken["servers"].values():
        for database in server["databases"].values():
            for table in database["tables"].values():
                table.pop("auto_increment", None)
                table["create"] = re.sub(r" AUTO_INCREMENT=\d+", "", table.get("create") or "")
    return taken


def revision(system, release="exastro", namespace=NAMESPACE):
    return json.loads(system.cluster.helm("status", release, "-n", namespace, "-o", "json"))["version"]


def test_from_a_healthy_system(system, tmp_path):
    before, were, stays, at = picture(system), objects(system, KINDS), kept(system), revision(system)
    plugin = with_helm("v34")
    settled = checks.settled_versions(system)
    plan = plugin.run("reinstall", *HERE, "--dry-run")
    assert "deployment/mariadb" in plan.out and "persistentvolumeclaim/pvc-mariadb" in plan.out
    assert "hand-made" not in plan.out and "somebodys" not in plan.out
    assert checks.versions(system) == settled, "a dry run changed something"
    asked = plugin.run("reinstall", *HERE, expect=8)
    assert "--yes" in asked.err and kept(system) == stays
    secrets = checks.secret_texts(system)
    with checks.ProcessWatch(secrets) as watch:
        done = plugin.run("reinstall", *HERE, "--yes", "--output", "json", "-v", cwd=tmp_path)
    assert not watch.found, f"seen in a process: {set(watch.found)}"
    checks.without_secrets("what the plugin wrote", done.text(), secrets)
    result = done.result()
    assert result["data_proved"] and result["proxy_answers"] and set(result["schema"]) == {"platform", "ita"}
    (file,) = tmp_path.iterdir()
    plugin.run("verify", "--from", file)
    check_anew(system, were, stays)
    assert revision(system) == at + 1
    system.wait_until_ready(60)
    # A server that is started again knows no numbers that it had only reserved.
    after = picture(system)
    checks.same(without_reserved_numbers(before), without_reserved_numbers(after))


def test_after_objects_were_deleted(system):
    were, at = objects(system, KINDS), revision(system)
    label = "app.kubernetes.io/managed-by=Helm"
    system.cluster.kubectl("delete", "deployments,services,configmaps", *HERE, "-l", label, "--wait=false")
    plugin = with_helm("v31")
    # Nothing can be backed up without ConfigMaps, and every command says what to type.
    refused = plugin.run("reinstall", *HERE, "--yes", expect=(1, 2, 3))
    assert "--no-backup" in refused.err
    assert "kubectl exastro reinstall" in plugin.run("status", *HERE, expect=3).err
    plugin.run("reinstall", *HERE, "--yes", "--no-backup")
    assert set(objects(system, KINDS)) == set(were) and revision(system) == at + 1
    system.wait_until_ready(60)
    checks.nothing_left(system)


@pytest.mark.long
@pytest.mark.parametrize("moment", ["removing", "creating"])
def test_killed_half_way_and_run_again(system, moment):
    were, stays = objects(system, KINDS), kept(system)
    plugin = with_helm("v34")

    def has_come():
        found = system.cluster.kubectl("get", "configmap", "kubectl-exastro-exastro", *HERE, "-o",
                                       "jsonpath={.data.record\\.json}", check=False)
        return found and json.loads(found)["reinstall"]["phase"] == moment
    process = plugin.start("reinstall", *HERE, "--yes", "--no-backup")
    deadline = time.monotonic() + 120
    while not has_come() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(0.5)
    assert process.poll() is None, f"ended before it was killed: {process.communicate()}"
    children = [int(child) for child in subprocess.run(["pgrep", "-P", str(process.pid)], stdout=subprocess.PIPE).stdout.split()]
    process.kill()
    # Its helm would finish alone what it has begun: a power cut takes both.
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    process.communicate()
    say(f"killed while {moment}")
    refused = plugin.run("backup", *HERE, expect=(6, 7))
    assert "kubectl exastro reinstall" in refused.err or refused.status == 6
    plugin.run("reinstall", *HERE, "--yes")
    check_anew(system, were, stays)
    system.wait_until_ready(60)


@pytest.mark.long
def test_keys_that_helm_does_not_know(system):
    """A rollback would bring the old value back; the chart is given the one that is there"""
    value = "bmV2ZXItaW4tYS12YWx1ZXMtZmlsZQ=="
    system.cluster.kubectl("patch", "secret", "ita-secret-gitlab", *HERE, "--type=merge", "-p",
                           json.dumps({"data": {"GITLAB_ROOT_TOKEN": value}}))
    plugin, stays = with_helm("v34"), kept(system)
    settled = checks.settled_versions(system)
    refused = plugin.run("reinstall", *HERE, "--yes", "--no-backup", expect=1)
    assert "GITLAB_ROOT_TOKEN" in refused.err and "--chart" in refused.err
    assert checks.versions(system) == settled
    for pair in ("v34", "v31"):
        with_helm(pair).run("reinstall", *HERE, "--yes", "--no-backup", "--chart", sample.CHART)
        assert kept(system) == stays, pair
    # Now Helm has stored it, and needs no chart.
    plugin.run("reinstall", *HERE, "--yes", "--no-backup")
    assert kept(system) == stays
    system.wait_until_ready(60)


@pytest.mark.long
def test_a_backup_with_an_older_schema(system, tmp_path):
    """500 after the restore, because the application is newer than the data; 200 after the reinstall"""
    plugin = with_helm("v34")
    folder = tmp_path / "backup"
    folder.mkdir()
    file = round_trip.back_up(plugin, folder, *HERE)
    newer = tmp_path / "exastro"
    shutil.copytree(sample.CHART, newer)
    for path in newer.rglob("Chart.yaml"):
        path.write_text(re.sub(r"appVersion: .*", 'appVersion: "2.8.0"', path.read_text()))
    system.cluster.helm("upgrade", "exastro", str(newer), *HERE, "--reuse-values")
    system.wait_until_ready()
    restored = plugin.run("restore", *HERE, "--from", file, "--yes", "--no-safety-backup", "--timeout", "45", expect=1)
    assert "kubectl exastro reinstall" in restored.err
    status, text = system.http_status()
    assert status == 500 and "schema" in text
    done = plugin.run("reinstall", *HERE, "--yes", "--no-backup", "--output", "json")
    assert done.result()["schema"] == {"platform": "2.8.0", "ita": "2.8.0"}
    system.wait_until_ready(30)


def test_values_that_wipe_the_data(system):
    """In a part that has no server here, so that nothing is wiped by setting it"""
    system.cluster.helm("upgrade", "exastro", str(sample.CHART), *HERE, "--reuse-values", "--set",
                        "exastro-it-automation.mariadb.persistence.reinstall=true")
    settled = checks.settled_versions(system)
    refused = with_helm("v34").run("reinstall", *HERE, "--yes", "--no-backup", expect=1)
    assert "exastro-it-automation.mariadb.persistence.reinstall" in refused.err
    assert checks.versions(system) == settled


def test_without_helm(plugin):
    refused = plugin.run("reinstall", *HERE, "--yes", expect=1)
    assert "HELM_BIN" in refused.err and "helm.sh" in refused.err


@pytest.mark.long
def test_two_releases(stage):
    kubectl, helm = tools("v31")
    system = stage.install("two-releases", kubectl=kubectl, helm=helm, values=FEW)
    both = ("--release", f"{NAMESPACE}-platform/exastro-platform",
            "--release", f"{NAMESPACE}-it-automation/exastro-it-automation")
    load(system, size_mb=1, files=20)
    system.wait_until_ready()
    were, stays = objects(system, KINDS), kept(system)
    done = with_helm("v31").run("reinstall", *both, "--yes", "--no-backup", "--output", "json")
    assert done.result()["data_proved"]
    check_anew(system, were, stays)
    system.wait_until_ready(60)
