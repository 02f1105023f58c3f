"""The release in dist/, and clean homes to install it into."""
import http.server
import os
import pathlib
import pty
import re
import select
import shlex
import subprocess
import threading
import time

from plugin import REPOSITORY, say

DIST = REPOSITORY / "dist"
VERSION = re.search(r"project\(kubectl-exastro VERSION (\S+)", (REPOSITORY / "CMakeLists.txt").read_text()).group(1)
ARCHIVE = DIST / f"kubectl-exastro_{VERSION}_linux_amd64.tar.gz"
HELM_ARCHIVE = DIST / f"exastro-{VERSION}.tgz"
CHECKSUMS = DIST / f"kubectl-exastro_{VERSION}_checksums.txt"
MANIFEST = DIST / "exastro.yaml"


class Home:
    """A person's new home: an empty directory, the programs that are named on PATH, nothing of the caller's environment"""

    def __init__(self, folder, *programs):
        self.folder = pathlib.Path(folder)
        self.bin = self.folder / "bin"
        self.bin.mkdir(parents=True)
        for program in programs:
            (self.bin / pathlib.Path(program).name).symlink_to(program)
        # The system's own folders come last: a machine may have a kubectl or a helm there.
        self.environment = {"HOME": str(self.folder), "PATH": f"{self.bin}:/usr/bin:/bin:/usr/sbin:/sbin", "TERM": "xterm"}
        if "KUBECONFIG" in os.environ:
            self.environment["KUBECONFIG"] = os.environ["KUBECONFIG"]

    def run(self, *command, expect=0, **more):
        """(standard output, standard error) of a command that ends with this status"""
        say("$ " + shlex.join(map(str, command)))
        cwd = more.pop("cwd", self.folder)
        done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, cwd=cwd, env={**self.environment, **more}, timeout=300)
        assert done.returncode == expect, f"ended with {done.returncode} instead of {expect}:\n{done.stdout}\n{done.stderr}"
        return done.stdout, done.stderr

    def typed(self, command, keys, until, cwd=None, seconds=60):
        """What an interactive program shows on a terminal when these lines are typed, until a text appears"""
        say(f"typing into {command[0]}: {keys[-1]!r}")
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(cwd or self.folder)
            os.execvpe(command[0], command, self.environment)
        shown, deadline = "", time.monotonic() + seconds
        pending = list(keys)
        try:
            while until not in shown and time.monotonic() < deadline:
                # A line is typed when the terminal has been quiet: a shell that still starts may drop what comes early.
                readable, _, _ = select.select([terminal], [], [], 0.7)
                if readable:
                    shown += os.read(terminal, 65536).decode(errors="replace")
                elif pending:
                    os.write(terminal, pending.pop(0).encode())
        finally:
            os.close(terminal)  # hangs up: the shell ends
            os.waitpid(process, 0)
        assert until in shown, f"{until!r} did not appear; the terminal shows:\n{shown}"
        return shown

    def files(self):
        """Every file and link under the home, without the programs that were put there first"""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*")
                      if (path.is_symlink() or path.is_file()) and self.bin not in path.parents)


class Web:
    """DIST over HTTP on a port of this machine; with: the address"""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(DIST))

        def guess_type(self, path):
            return "application/gzip"

        def log_message(self, *arguments):
            pass

    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
