"""One command, measured from outside: its time, how long the proxy had no ready pod and gave no answer, its memory, what it made."""
import json
import os
import pathlib
import pty
import signal
import subprocess
import time

from outage import Outage
from readiness import Readiness
from usage import Usage


def say(text):
    print(f"bench: {time.strftime('%H:%M:%S')} {text}", flush=True)


class Run:
    """status None: it did not end in time; whole: seconds until every workload is ready again, None if that never came"""

    def __init__(self, name, status, seconds, whole, outage, silence, back, usage, made, log):
        self.name, self.status, self.seconds, self.whole = name, status, seconds, whole
        self.outage, self.silence, self.back = outage, silence, back
        self.memory = usage.by_name.get("kubectl-exastro", 0)
        self.usage, self.made, self.log = usage, made, log

    def raw(self):
        return {"name": self.name, "status": self.status, "seconds": round(self.seconds, 2),
                "whole_seconds": self.whole and round(self.whole, 2), "outage_seconds": round(self.outage, 2),
                "no_answer_seconds": round(self.silence, 2), "steps": self.steps(),
                "made_bytes": self.made, "peak_bytes": self.usage.total, "peak_bytes_by_program": self.usage.by_name,
                "processor_seconds_by_program": self.usage.processors()}

    def steps(self):
        """Ours tells what it did and how long each took, with --output json: (text, seconds) in their order"""
        events = [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]
        return [(event["text"], round(event["seconds"], 2)) for event in events if event.get("event") == "done"]

    def of_steps(self, *beginnings):
        return sum(seconds for text, seconds in self.steps() if text.startswith(beginnings))

    def describe(self):
        ended = {None: "did not end", 0: "ended with 0"}.get(self.status, f"ended with {self.status}")
        whole = f"all ready after {self.whole:.1f} s" if self.whole else "never all ready"
        say(f"{self.name}: {ended}, {self.seconds:.1f} s, {whole}, no ready proxy for {self.outage:.1f} s, "
            f"no answer for {self.silence:.1f} s{'' if self.back else ' and still none'}, "
            f"{self.made / 1e6:.0f} MB, {self.memory / 2**20:.0f} MiB of {self.usage.total / 2**20:.0f} at most")
        return self


def seconds_until_whole(system, begin, wait):
    deadline = time.monotonic() + wait
    while system.not_ready():
        if time.monotonic() > deadline:
            return None
        time.sleep(0.3)
    return time.monotonic() - begin


def measure(name, system, command, folder, environment, timeout, wait=300):
    """At a terminal as far as the input goes, its output into a file: what comes from `exec -t` is the terminal's anyway"""
    log = pathlib.Path(folder) / ".log"
    master, terminal = pty.openpty()
    with Outage(system) as silence, Readiness(system) as readiness, open(log, "wb") as output:
        begin = time.monotonic()
        process = subprocess.Popen(command, stdin=terminal, stdout=output, stderr=output, cwd=folder, env=environment,
                                   start_new_session=True)
        with Usage(process.pid) as usage:
            try:
                status = process.wait(timeout)
            except subprocess.TimeoutExpired:
                status = None
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        seconds = time.monotonic() - begin
        whole = seconds_until_whole(system, begin, wait)
        back = silence.wait_for_end(wait) and readiness.wait_for_end(wait)
    os.close(master)
    os.close(terminal)
    made = sum(path.stat().st_size for path in pathlib.Path(folder).iterdir() if path != log)
    text = log.read_text(errors="replace")
    log.unlink()
    return Run(name, status, seconds, whole, readiness.seconds, silence.seconds, back, usage, made, text).describe()
