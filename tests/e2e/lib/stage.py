"""The systems of the tests, one at a time: a cluster on two processors has no time for more."""
import os
import pathlib
import subprocess
import time

import sample
from plugin import REPOSITORY, say

#: E2E_NAMESPACE is another one, so that two runs do not meet
NAMESPACE = os.environ.get("E2E_NAMESPACE", "kubectl-exastro-e2e")


#: The page's `-p${PASSWORD}` falls apart at the sample's own password.
TAME = {"secret": {"DB_ADMIN_PASSWORD": "TameAdm1"}}
#: Enough workloads of every kind for most tests
SMALL = {"global": {"backyardCount": 3, "pfDatabaseDefinition": TAME, "itaDatabaseDefinition": TAME}}


class Stage:
    def __init__(self):
        self.namespaces = []
        self.small_system = None

    def small(self):
        """A small system with data, one server for both sides, ready: the one of the tests before, if they passed"""
        if self.small_system is None:
            system = self.install("shared", values=SMALL)
            load(system, orgs=1)
            self.small_system = system
        self.small_system.wait_until_ready()
        return self.small_system

    def install(self, layout, namespace=NAMESPACE, **how):
        """A new system of this layout in new namespaces; the one before goes. how: see sample.install()"""
        self.clear()
        namespaces = list(dict.fromkeys(where for where, _, _ in sample.releases_of(namespace, "exastro", layout)))
        begin = time.monotonic()
        # An earlier system's of the same name, or what an interrupted run has left, would answer for the new one.
        self.delete(namespaces, wait=True)
        if time.monotonic() - begin > 2:
            say(f"waited for the end of an earlier system: {time.monotonic() - begin:.0f} s")
        self.namespaces = namespaces
        begin = time.monotonic()
        system = sample.install(namespace, "exastro", layout, **how)
        say(f"installed the sample system, {layout}: {time.monotonic() - begin:.0f} s")
        return system

    def clear(self):
        """The pods end while the next test goes on"""
        if self.namespaces:
            self.delete(self.namespaces, wait=False)
        self.namespaces = []
        self.small_system = None

    @staticmethod
    def delete(namespaces, wait):
        # With the namespace go the release's record and all its objects; `helm uninstall` would delete them one by one.
        sample.Cluster().kubectl("delete", "namespace", *namespaces, "--ignore-not-found", f"--wait={str(wait).lower()}",
                                 "--timeout=300s", timeout=330)


def tools(pair):
    """(kubectl, helm) of one pair of the test cluster's, "v34" or "v31"; of a cluster of somebody's own, those on PATH"""
    if os.environ.get("EXASTRO_CLUSTER") == "current":
        return "kubectl", "helm"
    script = f'eval "$({REPOSITORY}/tests/cluster/env {pair})" && command -v kubectl helm'
    found = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return tuple(str(pathlib.Path(program)) for program in found)


def load(system, **what):
    begin = time.monotonic()
    made = system.load(**what)
    say(f"loaded {len(made['databases'])} databases and {made['files']} files: {time.monotonic() - begin:.0f} s")
    return made


def picture(system, **how):
    begin = time.monotonic()
    taken = system.snapshot(**how)
    say(f"pictured everything: {time.monotonic() - begin:.0f} s")
    return taken


def ruin(system, **how):
    begin = time.monotonic()
    system.destroy(**how)
    say(f"destroyed databases, accounts and files: {time.monotonic() - begin:.0f} s")
