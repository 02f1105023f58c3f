"""Sets that were made by hand, by the very commands of the vendor's page, at a terminal and without one."""
import gzip
import os
import pty
import re
import shutil
import subprocess
import time

import pytest

import checks
import snapshot
from plugin import REPOSITORY, say
from stage import NAMESPACE, load, picture, ruin

HERE = ("-n", NAMESPACE)
#: mysqldump leaves them out of --all-databases
EVENTS = re.compile(r"/servers/[^/]+/databases/[^/]+/events(/|:)")


#: The page's tar keeps times in seconds
TIME = re.compile(r"/files/.*/mtime_ns: was (\d+), is (\d+)", re.DOTALL)


def same(before, after):
    """But for what the page's commands leave out"""
    def is_left_out(line):
        times = TIME.fullmatch(line)
        return EVENTS.match(line) or times and int(times[1]) // 10 ** 9 * 10 ** 9 == int(times[2])
    differences = [line for line in snapshot.compare(before, after) if not is_left_out(line)]
    assert not differences, "\n".join(differences[:40])
    say(f"equal: {len(after['files'])} files, their times to the second")


def page_backup(folder, terminal):
    """The page's commands; `kubectl exec -it` gets a terminal only where there is one"""
    folder.mkdir()
    begin = time.monotonic()
    master, slave = pty.openpty() if terminal else (None, None)
    try:
        done = subprocess.run([REPOSITORY / "bench" / "vendor-backup"], cwd=folder, timeout=600, text=True,
                              env=dict(os.environ, NAMESPACE=NAMESPACE), start_new_session=True,
                              stdin=slave if terminal else subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
    finally:
        for descriptor in filter(None, (master, slave)):
            os.close(descriptor)
    say(f"the page's backup: {time.monotonic() - begin:.0f} s, {sorted(path.name for path in folder.iterdir())}")
    assert done.returncode == 0, done.stdout[-2000:]
    return folder


def dump_of(folder):
    (file,) = folder.glob("exastro_mysqldump_platform_db_*.sql.gz")
    return file


def restored(system, plugin, path, before):
    done = plugin.run("restore", *HERE, "--yes", "--from", path, "--no-safety-backup", "--output", "json")
    checks.runs_as_before(system, before["cluster"])
    return done


@pytest.fixture(scope="module")
def system(stage):
    system = stage.small()
    load(system, seed=4, size_mb=1, files=30, orgs=1, stranger=True)
    system.wait_until_ready()
    return system


@pytest.fixture(scope="module")
def made(system, tmp_path_factory):
    """(the folder with a set made at a terminal, the picture from before)"""
    before = picture(system)
    folder = page_backup(tmp_path_factory.mktemp("by-hand") / "set", terminal=True)
    system.wait_until_ready()
    return folder, before


def test_made_at_a_terminal(system, plugin, made):
    folder, before = made
    text = gzip.decompress(dump_of(folder).read_bytes())
    assert text.count(b"\r\n") == text.count(b"\n") > 100, "it did not go through a terminal"
    assert any(database["routines"] for server in before["servers"].values() for database in server["databases"].values())
    ruin(system)
    done = restored(system, plugin, folder, before)
    assert "terminal" in done.text() and "ENCRYPT_KEY" in done.text() and "vents" in done.text()
    same(before, picture(system))


@pytest.mark.long
def test_made_without_one_and_packed(system, plugin, tmp_path):
    before = picture(system)
    folder = page_backup(tmp_path / "set", terminal=False)
    system.wait_until_ready()
    assert b"\r\n" not in gzip.decompress(dump_of(folder).read_bytes())[:1000]
    packed = tmp_path / "set.tar.gz"
    subprocess.run(["tar", "-czf", packed, "-C", tmp_path, "set"], check=True)
    ruin(system)
    restored(system, plugin, packed, before)
    same(before, picture(system))


def test_cut_tail_is_refused(system, plugin, made, tmp_path):
    folder = tmp_path / "set"
    shutil.copytree(made[0], folder)
    dump = dump_of(folder)
    text = gzip.decompress(dump.read_bytes())
    dump.write_bytes(gzip.compress(text[:-len(text) // 3], 1))
    generations = checks.generations(system)
    done = plugin.run("restore", *HERE, "--yes", "--from", folder, expect=5)
    assert dump.name in done.err and "cut off" in done.err
    assert checks.generations(system) == generations
    checks.nothing_left(system)
