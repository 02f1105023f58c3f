"""Backup, disaster, restore, comparison: what every layout and version must stand."""
import os
import pathlib
import time

import checks
from plugin import say
from stage import load, picture, ruin


def back_up(plugin, folder, *where, **how):
    """The backup's file. The folder must be empty: the default name is made there."""
    done = plugin.run("backup", *where, "--output", "json", cwd=folder, **how)
    (file,) = pathlib.Path(folder).iterdir()
    result = done.result()
    assert os.path.samefile(os.path.join(folder, result["file"]), file)
    assert file.stat().st_size == result["bytes"]
    say(f"backup: {result['bytes'] / 1e6:.1f} MB, outage {result['outage_seconds']:.1f} s of {result['seconds']:.1f} s")
    return file


def restore(plugin, file, *where, **how):
    done = plugin.run("restore", "--from", file, "--yes", *where, "--output", "json", **how)
    result = done.result()
    say(f"restore: outage {result['outage_seconds']:.1f} s of {result['seconds']:.1f} s")
    return done


def there_and_back(system, plugin, folder, *where, **what):
    """Load, backup, destroy, restore. (the file, the picture from before)"""
    load(system, **what)
    system.wait_until_ready()
    before = picture(system)
    file = back_up(plugin, folder, *where)
    checks.runs_as_before(system, before["cluster"])
    ruin(system)
    begin = time.monotonic()
    restore(plugin, file, *where)
    checks.runs_as_before(system, before["cluster"])
    say(f"from the disaster to HTTP 200: {time.monotonic() - begin:.0f} s")
    checks.same(before, picture(system))
    return file, before
