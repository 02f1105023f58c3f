"""Faults that strike a backup or a restore at a moment that a seed chooses.

`make faults` causes them by the dozen (tests/e2e/faults), the end-to-end tests a few. Each kind is a class: start() may prepare
something, strike() causes the fault in a run that is under way, relieve() ends what it causes.
"""
import contextlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

from fault_site import STATE
from plugin import say


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


def arguments_of(number):
    try:
        return pathlib.Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def send(number, what):
    with contextlib.suppress(ProcessLookupError):
        os.kill(number, what)


class Fault:
    """One fault. runs: what it strikes; whole_cluster: everybody on the cluster feels it; own_cluster: needs the test's own"""
    runs = ("backup", "restore")
    whole_cluster = own_cluster = False

    def __init__(self, site, chance, what=None):
        self.site, self.chance = site, chance
        self.what = what or chance.choice(self.runs)
        self.moment = chance.uniform(0, 0.9) * site.seconds[self.what]

    def start(self):
        return self.site.start(self.what)

    def strike(self, process):
        """True once the fault was caused; False when the run had ended before"""
        raise NotImplementedError

    def relieve(self):
        pass

    def wait(self, process, seconds):
        """False when the process ends before"""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.01)
        return process.poll() is None

    def child(self, process, wanted, seconds=15):
        """The number of a kubectl that the run has started, and whose arguments `wanted` is true of; None when none comes"""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and process.poll() is None:
            for number in children(process.pid):
                if wanted(arguments_of(number)):
                    return number
            time.sleep(0.005)
        return None


class Kill(Fault):
    """kill -9, of the plugin alone (memory was short), or with its children (the power went)"""

    def strike(self, process):
        if not self.wait(process, self.moment):
            return False
        numbers = [process.pid] + (children(process.pid) if self.chance.random() < 0.5 else [])
        for number in numbers:
            send(number, signal.SIGKILL)
        return True


class Signal(Fault):
    """Ctrl-C, SIGTERM or SIGHUP"""

    def strike(self, process):
        if not self.wait(process, self.moment):
            return False
        process.send_signal(self.chance.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP]))
        return True


class SignalTwice(Fault):
    """Ctrl-C, and again by somebody who does not want to wait"""

    def strike(self, process):
        if not self.wait(process, self.moment):
            return False
        process.send_signal(signal.SIGINT)
        if self.wait(process, self.chance.uniform(0.1, 3)):
            process.send_signal(signal.SIGINT)
        return True


class PodGone(Fault):
    """The maintenance pod is deleted, or evicted"""

    def strike(self, process):
        if not self.wait(process, self.moment):
            return False
        cluster, where = self.site.system.cluster, self.site.where
        while process.poll() is None:
            pods = cluster.kubectl("get", "pods", *where, "-l", "app.kubernetes.io/name=exastro-maintenance", "-o", "name").split()
            if pods:
                break
            time.sleep(0.1)
        else:
            return False
        name = pods[0].split("/")[1]
        if self.chance.random() < 0.5:
            cluster.kubectl("delete", "pod", name, *where, "--grace-period=0", "--force", "--wait=false", check=False)
        else:
            eviction = ('{"apiVersion": "policy/v1beta1", "kind": "Eviction", "metadata": {"name": "%s", "namespace": "%s"}}'
                        % (name, self.site.namespace))
            cluster.kubectl("create", "--raw", f"/api/v1/namespaces/{self.site.namespace}/pods/{name}/eviction", "-f", "-",
                            stdin=eviction, check=False)
        return True


class ExecCut(Fault):
    """The stream to or from the pod breaks"""
    action = signal.SIGKILL

    def __init__(self, *how):
        super().__init__(*how)
        self.moment *= 0.65  # in the last third of a run nothing streams any more

    def strike(self, process):
        if not self.wait(process, self.moment):
            return False
        number = self.child(process, lambda words: b"exec" in words)
        if number is None:
            return False
        time.sleep(self.chance.uniform(0, 0.3))
        if not os.path.exists(f"/proc/{number}"):
            number = self.child(process, lambda words: b"exec" in words)
        if number is None:
            return False
        send(number, self.action)
        return True


class ExecStalled(ExecCut):
    """The stream stands still for ever"""
    action = signal.SIGSTOP


class KubectlHangs(Fault):
    """A kubectl that never answers"""

    def strike(self, process):
        if not self.wait(process, self.moment):
            return False
        number = self.child(process, lambda words: len(words) > 2 and b"exec" not in words)
        if number is None:
            return False
        send(number, signal.SIGSTOP)
        return True


class DatabaseRestarts(Fault):
    """The server's pod is deleted; its Deployment makes another"""

    def strike(self, process):
        if not self.wait(process, self.moment):
            return False
        self.site.system.cluster.kubectl("delete", "pod", *self.site.where, "-l", "app.kubernetes.io/name=mariadb",
                                         "--grace-period=1", "--wait=false")
        return True


class LocalDiskFull(Fault):
    """The disk that the backup, or the safety backup, is written to"""
    own_cluster = True  # not for the cluster's sake, but as this mounts a disk

    def start(self):
        self.disk = self.site.folder / "disk"
        self.disk.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", self.disk], check=True)
        return self.site.start(self.what, self.disk)

    def strike(self, process):
        struck = self.wait(process, self.moment)
        if struck:
            fill(self.disk)
        return struck

    def relieve(self):
        left = [path.name for path in self.disk.iterdir() if ".partial-" in path.name]
        whole = [path for path in self.disk.glob("exastro-*.tar")]
        for path in whole:
            shutil.move(path, self.site.scratch / path.name)
        subprocess.run(["umount", self.disk], check=True)
        assert not left, f"left on the full disk: {left}"


class PodDiskFull(Fault):
    """The volume of the shared files, or of the database, has no room any more"""
    runs = ("restore",)
    own_cluster = True

    def strike(self, process):
        if not self.wait(process, self.moment):
            return False
        self.volume = self.site.small_volumes[self.chance.choice(sorted(self.site.small_volumes))]
        fill(self.volume)
        return True

    def relieve(self):
        for volume in self.site.small_volumes.values():
            with contextlib.suppress(FileNotFoundError):
                (volume / ".filler").unlink()


class ApiAway(Fault):
    """The API server hangs, or refuses connections, for up to a minute"""
    whole_cluster = own_cluster = True
    rule = ["-p", "tcp", "--dport", "16443", "-m", "comment", "--comment", "exastro-fault", "-j", "REJECT", "--reject-with",
            "tcp-reset"]

    def strike(self, process):
        if not self.wait(process, self.moment):
            return False
        seconds = self.chance.uniform(5, 60)
        if self.chance.random() < 0.5:
            number = int((STATE / "run" / "apiserver.pid").read_text().split()[0])
            send(number, signal.SIGSTOP)
            time.sleep(seconds)
            send(number, signal.SIGCONT)
        else:
            subprocess.run(["iptables", "-I", "INPUT", *self.rule], check=True)
            time.sleep(seconds)
            subprocess.run(["iptables", "-D", "INPUT", *self.rule], check=True)
        say(f"  the API server was away for {seconds:.0f} s")
        return True


class NodeRestarts(Fault):
    """Every container of the node dies, and the kubelet and the runtime with them; they come back"""
    whole_cluster = own_cluster = True

    def strike(self, process):
        if not self.wait(process, self.moment):
            return False
        restart_node(self.chance.uniform(1, 10))
        return True

    def relieve(self):
        # What ran is started again by and by; the plugin's next command comes when the node is there.
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            with contextlib.suppress(Exception):
                nodes = self.site.system.cluster.get("nodes")["items"]
                if all(condition["status"] == "True" for node in nodes for condition in node["status"]["conditions"]
                       if condition["type"] == "Ready"):
                    return
            time.sleep(2)


def fill(directory):
    with contextlib.suppress(OSError), open(pathlib.Path(directory) / ".filler", "wb") as file:
        while True:
            file.write(b"\0" * (1 << 20))
            file.flush()


def daemon(name):
    """(number, arguments, environment) of one of the cluster's daemons"""
    number = int((STATE / "run" / f"{name}.pid").read_text().split()[0])
    environment = dict(entry.split("=", 1) for entry in pathlib.Path(f"/proc/{number}/environ").read_text().split("\0") if "=" in entry)
    return number, [os.fsdecode(word) for word in arguments_of(number)[:-1]], environment


def restart_node(seconds):
    daemons = {name: daemon(name) for name in ("containerd", "kubelet")}
    inside = [number for number in map(int, filter(str.isdigit, os.listdir("/proc"))) if in_container(number)]
    for number in [number for number, _, _ in daemons.values()] + inside:
        send(number, signal.SIGKILL)
    time.sleep(seconds)
    for name, (_, command, environment) in daemons.items():
        with open(STATE / "log" / f"{name}.log", "ab") as log:
            started = subprocess.Popen(command, cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True)
        remember(name, started.pid)
        time.sleep(1)
    say(f"  the node was away for {seconds:.0f} s; {len(inside)} processes of containers were killed")


def remember(name, number):
    """In the form of tests/cluster/lib.sh: the number, the start time and the boot"""
    path = STATE / "run" / f"{name}.pid"
    stat = pathlib.Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    path.write_text(f"{number} {stat[19]} {boot}\n")


def in_container(number):
    """Known by its root directory, or as the program that holds a container"""
    try:
        with open(f"/proc/{number}/mountinfo") as mounts:
            roots = [line for line in mounts if line.split()[4] == "/"]
        name = pathlib.Path(f"/proc/{number}/comm").read_text().strip()
    except OSError:
        return False
    return name.startswith("containerd-shim") or any(f"={STATE}/containerd/" in line for line in roots)


KINDS = {"kill": Kill, "signal": Signal, "signal-twice": SignalTwice, "pod-gone": PodGone, "exec-cut": ExecCut,
         "exec-stalled": ExecStalled, "kubectl-hangs": KubectlHangs, "database-restarts": DatabaseRestarts,
         "local-disk-full": LocalDiskFull, "pod-disk-full": PodDiskFull, "api-away": ApiAway, "node-restarts": NodeRestarts}


#: A fault that comes after the end of its run is not counted; another moment is tried
TRIES = 8


def parted(name):
    """("kill", "backup") of kill-backup; ("api-away", None) of api-away"""
    kind, _, what = name.rpartition("-")
    return (kind, what) if what in ("backup", "restore") else (name, None)


def tries(name, seed):
    """(kind, what it strikes, seed) for cause(), until one has struck"""
    kind, what = parted(name)
    for number in range(TRIES):
        yield kind, what, seed if number == 0 else f"{seed}-{number}"


def cause(site, kind, seed, what=None):
    """One fault, and what the plugin makes of it; True if it struck. Raises AssertionError (Lost) if something is."""
    chance = random.Random(f"{kind} {seed}")
    fault = KINDS[kind](site, chance, what)
    say(f"{site.namespace}: {kind} of a {fault.what}, seed {seed}, after {fault.moment:.1f} s")
    process = fault.start()
    try:
        struck = fault.strike(process)
        if not struck:
            say("  the run had ended before")
        status, text = site.ended(process)
    finally:
        fault.relieve()
    site.recover(fault.what, status, text, chance)
    return struck
