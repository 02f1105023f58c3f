"""From one MariaDB to the next: a backup of 10.5 comes into 10.11, and one of that into 11.8.

Each time into a fresh installation with the same namespace, release name, passwords and ENCRYPT_KEYs, as somebody does who
moves to a new cluster. The servers are those of Debian 11, 12 and 13, with the clients of the same version.
"""
import base64
import os
import re

import pytest

import checks
import round_trip
from conftest import OWN_CLUSTER
from stage import NAMESPACE, load, picture

VERSIONS = ("10.5", "10.11", "11.8")


def image(version):
    if OWN_CLUSTER:
        return f"localhost/exastro-sample:{version}"
    # The images of the other versions have the same name and their version as tag.
    return os.environ["SAMPLE_IMAGE"].rsplit(":", 1)[0] + ":" + version


def values():
    keys = [base64.b64encode(os.urandom(32)).decode() for _ in range(2)]
    return {"global": {"backyardCount": 3, "pfGlobalDefinition": {"secret": {"ENCRYPT_KEY": keys[0]}},
                       "itaGlobalDefinition": {"secret": {"ENCRYPT_KEY": keys[1]}}}}


def comparable(value, path=""):
    """The picture without what a newer server only says in other words"""
    if isinstance(value, dict):
        return {key: comparable(item, f"{path}/{key}") for key, item in value.items() if not left_out(path, key)}
    if isinstance(value, list):
        return [comparable(item, path) for item in value]
    if isinstance(value, str):
        return in_one_way(value)
    return value


def left_out(path, key):
    # MariaDB's own accounts stay the target's: another random password, other rights in another version.
    return path.endswith("/accounts") and key.split("@")[0] in ("healthcheck", "mariadb.sys", "mysql", "root")


def in_one_way(text):
    # The character set of at most three bytes is utf8 up to 10.5 and utf8mb3 from 10.6 on, and so are its collations.
    return re.sub(r"\butf8(?=_|\b)", "utf8mb3", text)


@pytest.mark.long
@pytest.mark.skipif(not OWN_CLUSTER and "SAMPLE_IMAGE" not in os.environ, reason="needs images of three MariaDB versions")
def test_each_version_into_the_next(stage, plugin, tmp_path):
    same_values = values()
    file, before = None, None
    for version in VERSIONS:
        system = stage.install("shared", mariadb_image=image(version), values=same_values)
        if file:
            round_trip.restore(plugin, file, "-n", NAMESPACE)
            checks.runs_as_before(system, before["cluster"])
        else:
            load(system)
            system.wait_until_ready()
        now = picture(system, portable=True)
        (server,) = now["servers"].values()
        assert re.match(re.escape(version) + r"\.", server["version"]), server["version"]
        if before:
            checks.same(comparable(before), comparable(now))
        before = now
        if version != VERSIONS[-1]:
            folder = tmp_path / version
            folder.mkdir()
            file = round_trip.back_up(plugin, folder, "-n", NAMESPACE)
            system.wait_until_ready()
