"""Onto another system: a fresh installation with other passwords, keys and names of the database server.

The sample's application logs in with every connection record and decrypts every password, so it answers 500 unless all of
them were moved and the keys fit.
"""
import base64
import re
import time

import checks
import round_trip
import snapshot
from plugin import say
from stage import NAMESPACE, load, picture

HERE = ("-n", NAMESPACE)
#: Restored databases differ in these alone: the records, and what keeps the service accounts' passwords
RECORDS = re.compile(r"/servers/shared/databases/[^/]+/tables/t_(organization_db|workspace_db|comn_organization_db_info|"
                     r"comn_workspace_db_info)/|/servers/shared/accounts/(root|pf-user|ITA_USER|keycloak|healthcheck)@|/cluster/")


def key_of(system, side):
    prefix, name, namespace = {"platform": ("platform", "pf", system.platform_namespace),
                               "ita": ("ita", "ita", system.ita_namespace)}[side]
    return system.cluster.get("secret", f"{prefix}-secret-{name}-global", "-n", namespace)


def keys(system):
    return {side: base64.b64decode(key_of(system, side)["data"]["ENCRYPT_KEY"]).decode() for side in ("platform", "ita")}


def other_values():
    """Other passwords for everybody, and the database server under its long name"""
    database = {"config": {"DB_HOST": f"mariadb.{NAMESPACE}.svc"},
                "secret": {"DB_ADMIN_PASSWORD": "Oth3r1 $Me 'DB\" \\#;`x` %d", "DB_PASSWORD": "the other's \\ Servic3"}}
    return {"global": {"backyardCount": 3, "pfDatabaseDefinition": database, "itaDatabaseDefinition": database,
                       "keycloakDefinition": {"secret": {"KEYCLOAK_DB_PASSWORD": "the other's keycloak"}}}}


def test_onto_another_system(stage, plugin, tmp_path):
    system = stage.install("shared", values={"global": {"backyardCount": 3}})
    load(system)
    system.wait_until_ready()
    first, first_keys = picture(system), keys(system)
    folder = tmp_path / "backup"
    folder.mkdir()
    file = round_trip.back_up(plugin, folder, *HERE)

    system = stage.install("shared", values=other_values())
    own_keys, before = keys(system), system.cluster_state()
    assert all(own_keys[side] != first_keys[side] for side in own_keys)
    generations = checks.generations(system)
    refused = plugin.run("restore", *HERE, "--yes", "--from", file, expect=1)
    assert "--adopt-keys" in refused.err and "ENCRYPT_KEY" in refused.err
    assert checks.generations(system) == generations and keys(system) == own_keys

    secrets = {**checks.secret_texts(system), **{key: "a key of the backup" for key in first_keys.values()}}
    begin = time.monotonic()
    with checks.ProcessWatch(secrets) as watch:
        done = round_trip.restore(plugin, file, *HERE, "--adopt-keys", "-v")
    say(f"looked at {watch.looked} processes")
    assert not watch.found, f"in a process' arguments: {set(watch.found)}"
    checks.without_secrets("what the plugin wrote", done.text(), secrets)
    assert f"mariadb:3306 -> mariadb.{NAMESPACE}.svc:3306" in done.text()
    checks.runs_as_before(system, before)
    say(f"until it answered 200: {time.monotonic() - begin:.0f} s")
    assert keys(system) == first_keys
    for side in first_keys:
        assert not key_of(system, side)["metadata"].get("annotations", {}).get(
            "kubectl.kubernetes.io/last-applied-configuration")
    differences = [line for line in snapshot.compare(first, picture(system)) if not RECORDS.match(line)]
    assert not differences, "\n".join(differences[:20])

    # And back again to what the safety backup has: another pair of keys.
    (safety,) = folder.glob("exastro-safety_*.tar")
    plugin.run("restore", *HERE, "--yes", "--no-safety-backup", "--from", safety, expect=1)
    round_trip.restore(plugin, safety, *HERE, "--adopt-keys", "--no-safety-backup")
    checks.runs_as_before(system, before)
    assert keys(system) == own_keys
