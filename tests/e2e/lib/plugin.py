"""kubectl-exastro as a person or a script runs it: its status, what it wrote, how long it took.

Every call is printed, with the status and the time, for the person who watches the log.
"""
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
#: KUBECTL_EXASTRO is another program to be tested: a packaged one, or a copy that no build replaces meanwhile
BINARY = pathlib.Path(os.environ.get("KUBECTL_EXASTRO") or REPOSITORY / "build" / "kubectl-exastro").resolve()


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


class Done:
    """One run that has ended"""

    def __init__(self, command, status, out, err, seconds):
        self.command, self.status, self.out, self.err, self.seconds = command, status, out, err, seconds

    def events(self):
        return [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]

    def result(self):
        """The "result" of --output json"""
        results = [event["result"] for event in self.events() if event["event"] == "result"]
        assert results, f"no result event in: {self.out[-2000:]}"
        return results[-1]

    def text(self):
        return self.out + self.err


class Plugin:
    """kubectl is a program file; the plugin finds it, and no helm, on its PATH. kubeconfig is another person's."""

    def __init__(self, kubectl="kubectl", kubeconfig=None):
        self.environment = dict(os.environ)
        # kubectl alone in a folder of its own, and no folder that holds a helm: the plugin must not need one.
        self.folder = tempfile.TemporaryDirectory(prefix="exastro-path-")
        os.symlink(shutil.which(kubectl), os.path.join(self.folder.name, "kubectl"))
        os.symlink(BINARY, os.path.join(self.folder.name, "kubectl-exastro"))
        others = [part for part in os.environ["PATH"].split(os.pathsep)
                  if part and not os.path.exists(os.path.join(part, "helm"))]
        self.environment["PATH"] = os.pathsep.join([self.folder.name, *others])
        # Of its own, to see what is left there.
        self.temporary = tempfile.TemporaryDirectory(prefix="exastro-tmp-")
        self.environment["TMPDIR"] = self.temporary.name
        if kubeconfig:
            self.environment["KUBECONFIG"] = str(kubeconfig)

    def start(self, *arguments, cwd=None, through_kubectl=False, stdin=subprocess.DEVNULL):
        """The running process, in a session of its own: without a terminal, as from cron"""
        program = ["kubectl", "exastro"] if through_kubectl else [str(BINARY)]
        command = [*program, *map(str, arguments)]
        say("$ " + shlex.join(["kubectl", "exastro", *map(str, arguments)]))
        return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd,
                                text=True, errors="replace", env=self.environment, start_new_session=True)

    def temporary_files(self):
        return sorted(os.listdir(self.temporary.name))

    def run(self, *arguments, expect=0, timeout=900, **how):
        begin = time.monotonic()
        return self.finish(self.start(*arguments, **how), begin, expect, timeout)

    def finish(self, process, begin, expect=0, timeout=900):
        """Waits for the end; the statuses that are right are one number, several, or None for any"""
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            # Ctrl-C first: a plugin that is killed leaves the services stopped and the next test has nothing to test.
            process.send_signal(signal.SIGINT)
            try:
                out, err = process.communicate(timeout=120)
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
            raise AssertionError(f"did not end within {timeout} s; it wrote:\n{out[-3000:]}\n{err[-3000:]}") from None
        done = Done(process.args, process.returncode, out, err, time.monotonic() - begin)
        say(f"  ended with {done.status} after {done.seconds:.1f} s")
        right = (expect,) if isinstance(expect, int) else expect
        if right is not None and done.status not in right:
            said = "\n".join(line for line in done.text().splitlines() if not line.startswith(('{"event":"command"', "+ ")))
            raise AssertionError(f"{shlex.join(done.command)} ended with {done.status} instead of {expect}; it wrote:\n"
                                 + said[-3000:])
        return done
