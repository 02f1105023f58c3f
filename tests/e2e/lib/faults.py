"""Killed at a moment that a seed chooses, and what the plugin's own next command must make of it.

campaign() is what `make faults` runs; a few of its kills are part of the end-to-end tests.
"""
import os
import random
import signal
import time

import checks
from plugin import say
from stage import picture

#: A run is killed within so many seconds from its start: about what one takes on two processors.
LONGEST = {"backup": 22, "restore": 40}


def children(number):
    """The numbers of a process' children, and theirs"""
    found = []
    for directory in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{directory}/stat") as stat:
                parent = int(stat.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == number:
            found += [int(directory), *children(int(directory))]
    return found


def kill(process, with_children):
    """As a power loss does it, or as the kernel does when memory is short: then kubectl lives on"""
    for number in [process.pid] + (children(process.pid) if with_children else []):
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.communicate()


def killed(plugin, chance, what, arguments, **how):
    """One run, killed after some seconds; whether it was, or had ended before"""
    seconds = chance.uniform(0, LONGEST[what])
    with_children = chance.random() < 0.5
    process = plugin.start(what, *arguments, **how)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    if process.poll() is not None:
        assert process.returncode == 0, process.communicate()
        say(f"  had ended before {seconds:.1f} s")
        return False
    kill(process, with_children)
    say(f"  killed after {seconds:.1f} s{', with its children' if with_children else ''}")
    return True


def nothing_left(system, folder):
    checks.nothing_left(system)
    left = [path.name for path in folder.iterdir() if ".partial-" in path.name]
    assert not left, f"left in the directory: {left}"


def backup_killed(system, plugin, where, folder, seed):
    """A backup is killed; `start` or the next backup puts everything back"""
    chance = random.Random(f"backup {seed}")
    say(f"seed {seed}: a backup")
    before = system.cluster_state()
    was = killed(plugin, chance, "backup", where, cwd=folder)
    plugin.run("status", *where)
    if chance.random() < 0.5:
        plugin.run("start", *where)
        checks.runs_as_before(system, before)
    plugin.run("backup", *where, cwd=folder)
    checks.runs_as_before(system, before)
    nothing_left(system, folder)
    return was


def restore_killed(system, plugin, where, folder, file, wanted, seed):
    """A restore is killed; the next one ends in what the backup holds"""
    chance = random.Random(f"restore {seed}")
    say(f"seed {seed}: a restore")
    arguments = (*where, "--yes", "--from", file, "--safety-dir", folder)
    was = killed(plugin, chance, "restore", arguments, cwd=folder)
    plugin.run("status", *where)
    plugin.run("restore", *arguments, cwd=folder)
    checks.runs_as_before(system, wanted["cluster"])
    nothing_left(system, folder)
    checks.same(wanted, picture(system))
    return was


def campaign(system, plugin, where, folder, file, wanted, backups, restores, seed):
    """(how many runs were killed, how many came back): equal, or an assertion has failed"""
    injected = 0
    for number in range(backups):
        injected += backup_killed(system, plugin, where, folder, f"{seed}-{number}")
        for path in folder.glob("exastro-*.tar"):
            path.unlink()
    for number in range(restores):
        injected += restore_killed(system, plugin, where, folder, file, wanted, f"{seed}-{number}")
        for path in folder.glob("exastro-*.tar"):
            path.unlink()
    return injected
