"""A system with two states, A and B, that the plugin moves between while faults strike it.

A run that is struck begins in one state and restores the other, so that half of each would be seen. After it, the plugin's own
next command must bring back: all of A or all of B, every workload's count, and nothing left in the cluster or the folder.
"""
import json
import os
import pathlib
import shlex
import signal
import subprocess
import time

import checks
import snapshot
from plugin import say
from stage import load

#: Of the test's own cluster (tests/cluster/lib.sh)
STATE = pathlib.Path(os.environ.get("EXASTRO_CLUSTER_STATE", "/var/lib/kubectl-exastro-cluster"))
#: Longer than any wait of the plugin's own, one after the other
LONGEST_WAIT = 600


class Lost(AssertionError):
    """What a fault has broken for good"""


class Site:
    """A sample system, the plugin, and where its files go. present is the state that the system is in."""

    def __init__(self, system, plugin, namespace, folder, small_disks=False):
        self.system, self.plugin, self.folder = system, plugin, pathlib.Path(folder)
        self.namespace, self.where = namespace, ("-n", namespace)
        self.pictures, self.files, self.seconds, self.small_volumes = {}, {}, {}, {}
        if small_disks:
            self.put_on_small_disks()
        for state, seed in (("A", 11), ("B", 12)):
            load(system, size_mb=2, files=60, orgs=1, seed=seed)
            system.wait_until_ready()
            begin = time.monotonic()
            plugin.run("backup", *self.where, "-o", self.folder / f"{state}.tar")
            self.seconds["backup"] = time.monotonic() - begin
            system.wait_until_ready()
            self.files[state] = self.folder / f"{state}.tar"
            self.pictures[state] = system.snapshot()
        self.cluster_state = self.pictures["A"]["cluster"]
        self.scratch = self.folder / "scratch"
        self.scratch.mkdir()
        begin = time.monotonic()
        plugin.run("restore", *self.where, "--yes", "--from", self.files["A"], "--safety-dir", self.scratch)
        self.seconds["restore"] = time.monotonic() - begin
        self.present = "A"
        self.clear_scratch()
        say(f"{namespace}: a backup takes {self.seconds['backup']:.0f} s, a restore {self.seconds['restore']:.0f} s")

    def put_on_small_disks(self):
        """The shared files and the database onto volumes of their own that can be filled; their paths"""
        cluster, kinds = self.system.cluster, "deployments,statefulsets"
        counts = {f"{item['kind'].lower()}/{item['metadata']['name']}": item["spec"]["replicas"]
                  for item in cluster.get(kinds, *self.where)["items"]}
        cluster.kubectl("scale", *self.where, "--replicas=0", *counts)
        deadline = time.monotonic() + 120
        while any(item["status"]["phase"] == "Running" for item in cluster.get("pods", *self.where)["items"]):
            assert time.monotonic() < deadline, "pods do not end"
            time.sleep(0.5)
        for claim, room in (("pvc-ita-global", 64), ("pvc-mariadb", 200)):
            volume = STATE / "volumes" / f"pvc-{cluster.get('pvc', claim, *self.where)['metadata']['uid']}"
            used = int(subprocess.run(["du", "-sm", volume], stdout=subprocess.PIPE, text=True, check=True).stdout.split()[0])
            copy = self.folder / claim
            copy.mkdir()
            for command in (["mount", "-t", "tmpfs", "-o", f"size={used + room}m,mode=0777", "tmpfs", copy],
                            ["cp", "-a", f"{volume}/.", copy], ["mount", "--bind", copy, volume], ["umount", copy]):
                subprocess.run(command, check=True)
            self.small_volumes[claim] = volume
        for name, count in counts.items():
            cluster.kubectl("scale", *self.where, f"--replicas={count}", name)
        self.system.wait_until_ready()

    def close(self):
        for volume in self.small_volumes.values():
            subprocess.run(["umount", "--lazy", volume], check=False)

    def other(self):
        return "B" if self.present == "A" else "A"

    def clear_scratch(self):
        for path in self.scratch.iterdir():
            path.unlink()

    def start(self, what, directory=None):
        """A backup, or a restore of the state that the system is not in"""
        directory = directory or self.scratch
        if what == "backup":
            return self.plugin.start("backup", *self.where, "-o", f"{directory}/")
        return self.plugin.start("restore", *self.where, "--yes", "--from", self.files[self.other()], "--safety-dir", directory)

    def ended(self, process):
        """The status and the output of a run that must end by itself"""
        begin = time.monotonic()
        try:
            out, err = process.communicate(timeout=LONGEST_WAIT)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            out, err = process.communicate()
            raise Lost(f"did not end within {LONGEST_WAIT} s: {err[-1500:]}") from None
        say(f"  {self.namespace}: ended with {process.returncode}, {time.monotonic() - begin:.0f} s later")
        return process.returncode, out + err

    # ---- afterwards
    def recover(self, what, status, text, chance):
        """The next command, as the state of things and its own words ask for it; then everything is looked at"""
        if what == "restore" and status == 0:
            self.present = self.other()
        record = self.record()
        if record and record["destructive"]:
            self.end_restore(record, chance)
        elif record and record.get("stagedUntil"):
            self.end_staging(chance)
        elif record or status not in (0, 1, 5, 6, 130):
            self.next_command(chance)
        elif chance.random() < 0.3:
            self.next_command(chance)
        self.look(status, text)

    def record(self):
        found = [item for item in self.system.cluster.get("configmaps", *self.where)["items"]
                 if item["metadata"]["name"].startswith("kubectl-exastro")]
        return json.loads(found[0]["data"]["record.json"]) if found else None

    def end_restore(self, record, chance):
        """A restore that was cut off while it replaced data is finished, or gone back on, as it says itself"""
        told = self.plugin.run("status", *self.where).out
        self.plugin.run("start", *self.where, expect=7)
        safety = record["safetyBackup"]
        back = bool(safety) and chance.random() < 0.5
        source = ["--from", safety] if back else shlex.split(record["source"])
        if " ".join(source) not in told:
            raise Lost(f"status does not say how to go on: {told}")
        self.plugin.run("restore", *self.where, "--yes", *source, "--safety-dir", self.scratch)
        self.present = self.present if back else self.other()

    def end_staging(self, chance):
        """A backup that was read and not fetched is fetched, removed, or given up for another"""
        told = self.plugin.run("status", *self.where).out
        if "kubectl exastro fetch" not in told:
            raise Lost(f"status does not say how to go on: {told}")
        self.plugin.run("start", *self.where)
        if chance.random() < 0.25:
            self.plugin.run("fetch", *self.where, "--discard")
        elif chance.random() < 0.25:
            self.next_command(chance, ["backup"])  # all others leave it to be fetched
        else:
            self.plugin.run("fetch", *self.where, "-o", self.scratch / "fetched.tar")
            self.plugin.run("verify", "--from", self.scratch / "fetched.tar")

    def next_command(self, chance, choices=("start", "backup", "restore")):
        what = chance.choice(choices)
        if chance.random() < 0.25:
            self.plugin.run("status", *self.where)
        if what == "start":
            self.plugin.run("start", *self.where)
        elif what == "backup":
            self.plugin.run("backup", *self.where, "-o", f"{self.scratch}/")
        else:
            # What was killed may have been at its very end; then this brings the state that is there already.
            self.plugin.run("restore", *self.where, "--yes", "--from", self.files[self.other()], "--safety-dir", self.scratch)
            self.present = self.other()

    def look(self, status, text):
        state = self.system.cluster_state()
        if state != self.cluster_state:
            raise Lost(f"counts are not as before: {snapshot.compare(self.cluster_state, state)}; the run had ended with "
                       f"{status}: {text[-1500:]}")
        self.system.wait_until_ready(180)
        checks.nothing_left(self.system)
        left = [path.name for path in self.scratch.iterdir() if ".partial" in path.name]
        if left and status is not None and status >= 0:
            raise Lost(f"left in the folder: {left}")
        now = self.system.snapshot()
        differences = {name: snapshot.compare(picture, now) for name, picture in self.pictures.items()}
        whole = [name for name, lines in differences.items() if not lines]
        if not whole:
            raise Lost("the data is neither state: " + "; ".join(f"{name}: {lines[:5]}" for name, lines in differences.items())
                       + f"; the run had ended with {status}: {text[-1500:]}")
        # A run that was killed between its last step and its end, or that says it was gone back on, may have done either.
        if status == 0 and whole != [self.present]:
            raise Lost(f"the run said that it was done, and the data is state {whole[0]}, not {self.present}")
        self.present = whole[0]
        self.clear_scratch()
