"""verify, inspect and keys: what a person asks of a backup, and of the keys, without stopping anything."""
import json
import os
import shutil
import stat
import subprocess

import pytest

import checks
import round_trip
from backup_file import Unpacked
from plugin import BINARY
from stage import NAMESPACE
from test_another_system import key_of, keys

HERE = ("-n", NAMESPACE)


@pytest.fixture(scope="module")
def system(stage):
    return stage.small()


@pytest.fixture(scope="module")
def file(system, plugin, tmp_path_factory):
    return round_trip.back_up(plugin, tmp_path_factory.mktemp("backup"), *HERE)


@pytest.fixture
def alone(tmp_path):
    """Runs the program without any other on its PATH: neither kubectl nor a cluster is needed"""
    def run(*arguments, expect=0, **how):
        done = subprocess.run([BINARY, *map(str, arguments)], env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, **how)
        assert done.returncode == expect, done.stderr.decode()
        return done
    return run


def test_verify(alone, file, tmp_path):
    done = alone("verify", "--from", file, "--output", "json")
    result = json.loads(done.stdout.splitlines()[-1])["result"]
    assert result["state"] == "good" and result["dumps"] >= 3 and result["file_entries"] >= 50
    unpacked = Unpacked(file, tmp_path / "unpacked").directory
    alone("verify", "--from", unpacked)
    with open(file, "rb") as stream:
        alone("verify", "--from", "-", stdin=stream)
    shutil.copy(file, tmp_path / "flipped.tar")
    with open(tmp_path / "flipped.tar", "r+b") as damaged:
        damaged.seek(20000)
        byte = damaged.read(1)
        damaged.seek(20000)
        damaged.write(bytes([byte[0] ^ 1]))
    assert b"damaged" in alone("verify", "--from", tmp_path / "flipped.tar", expect=5).stderr
    for what in (BINARY, tmp_path, "/dev/null"):
        assert b"not a backup" in alone("verify", "--from", what, expect=9).stderr or what == "/dev/null"
    alone("verify", "--from", tmp_path / "none", expect=3)


def test_inspect(alone, file, system, tmp_path):
    manifest = Unpacked(file, tmp_path / "unpacked").manifest
    shown = json.loads(alone("inspect", "--from", file, "--output", "json").stdout)
    assert {key: shown[key] for key in manifest} == manifest
    text = alone("inspect", "--from", file).stdout.decode()
    for database in manifest["databases"]:
        assert database["name"] in text
    for key in manifest["keys"]:
        assert key["fingerprint"] in text
    checks.without_secrets("inspect", text, checks.secret_texts(system))
    assert b'outage_seconds: ' in alone("inspect", "--from", file, "--output", "yaml").stdout
    member = manifest["databases"][0]["member"]
    assert alone("inspect", "--from", file, "--extract", member).stdout == (tmp_path / "unpacked" / member).read_bytes()
    alone("inspect", "--from", file, "--extract", "keys.json", "-o", tmp_path / "keys.json")
    assert (tmp_path / "keys.json").read_bytes() == (tmp_path / "unpacked" / "keys.json").read_bytes()
    assert stat.S_IMODE(os.stat(tmp_path / "keys.json").st_mode) == 0o600
    alone("inspect", "--from", file, "--extract", "nothing", expect=3)


def test_keys_and_setting_them_by_hand(plugin, system, tmp_path):
    own, secrets = keys(system), checks.secret_texts(system)
    shown = plugin.run("keys", *HERE)
    checks.without_secrets("keys", shown.text(), secrets)
    assert own["ita"] in plugin.run("keys", *HERE, "--reveal").out
    path = tmp_path / "keys.json"
    checks.without_secrets("keys -o", plugin.run("keys", *HERE, "-o", path).text(), secrets)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    plugin.run("keys", *HERE, "-o", path, expect=1)
    # As docs/backup-format.md says.
    system.cluster.kubectl("patch", "secret", "ita-secret-ita-global", *HERE, "--type=merge", "-p",
                           json.dumps({"data": {"ENCRYPT_KEY": "bG9zdA=="}}))
    for key in json.loads(path.read_text())["keys"]:
        name = key["secret"]
        patch = subprocess.run(["jq", "--arg", "secret", name,
                                ".keys[] | select(.secret == $secret) | {data: {(.key): (.value | @base64)}}", path],
                               stdout=subprocess.PIPE, check=True).stdout
        (tmp_path / "patch.json").write_bytes(patch)
        system.cluster.kubectl("patch", "secret", name, "-n", key["namespace"], "--type=merge", "--patch-file",
                               str(tmp_path / "patch.json"))
    assert keys(system) == own
    assert key_of(system, "ita")["data"]["ENCRYPT_KEY"]
