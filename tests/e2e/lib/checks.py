"""What must hold before, while and after the plugin works on a system."""
import base64
import json
import os
import re
import threading
import time

import snapshot
from plugin import say

OWN = "app.kubernetes.io/managed-by=kubectl-exastro"


def versions(system):
    """resourceVersion of every workload, ConfigMap, Secret and pod: equal twice when nobody has changed anything"""
    found = {}
    for namespace in system.namespaces:
        kinds = "deployments,statefulsets,cronjobs,configmaps,secrets,pods,horizontalpodautoscalers"
        for item in system.cluster.get(kinds, "-n", namespace)["items"]:
            meta = item["metadata"]
            found[f"{namespace}/{item['kind']}/{meta['name']}"] = meta["resourceVersion"]
    return found


def settled_versions(system, seconds=30):
    """versions(), once the controllers have written the last status of what was started just before"""
    last, deadline = versions(system), time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(2)
        now = versions(system)
        if now == last:
            break
        last = now
    return last


def generations(system):
    """Goes up with every change of a workload's spec, so that also a stop and start in between is seen"""
    # An old API server counts no generations of CronJobs; their version changes with each run too, which is rare.
    return {f"{namespace}/{item['kind']}/{item['metadata']['name']}":
            item["metadata"].get("generation") or item["metadata"]["resourceVersion"]
            for namespace in system.namespaces
            for item in system.cluster.get("deployments,statefulsets,cronjobs", "-n", namespace)["items"]}


def nothing_left(system, seconds=30):
    """No maintenance pod, no record, no lease: a pod may still be on its way out"""
    deadline = time.monotonic() + seconds
    while True:
        left = []
        for namespace in system.namespaces:
            left += [f"pod {item['metadata']['name']}" for item in system.cluster.get("pods", "-n", namespace, "-l", OWN)["items"]]
            left += [f"ConfigMap {item['metadata']['name']}" for item in system.cluster.get("configmaps", "-n", namespace)["items"]
                     if item["metadata"]["name"].startswith("kubectl-exastro")]
            left += [f"Secret {item['metadata']['name']}" for item in system.cluster.get("secrets", "-n", namespace)["items"]
                     if item["metadata"]["name"].startswith("kubectl-exastro")]
            left += [f"Lease {item['metadata']['name']}" for item in system.cluster.get("leases", "-n", namespace)["items"]]
        if not left:
            return
        assert time.monotonic() < deadline, f"left behind in the cluster: {', '.join(left)}"
        time.sleep(1)


def runs_as_before(system, before):
    """Everything was started again with the counts and flags from before, is ready, and the proxy answers 200"""
    assert system.cluster_state() == before
    begin = time.monotonic()
    system.wait_until_ready(180)
    say(f"everything is ready and the proxy answers 200: {time.monotonic() - begin:.0f} s")
    nothing_left(system)


def same(before, after, ignore=()):
    differences = snapshot.compare(before, after, ignore)
    assert not differences, "not as it was:\n  " + "\n  ".join(differences[:40])
    tables = sum(len(database["tables"]) for server in before["servers"].values() for database in server["databases"].values())
    accounts = sum(len(server["accounts"]) for server in before["servers"].values())
    say(f"equal: {tables} tables, {accounts} accounts, {len(before['files'])} files")


def secret_texts(system):
    """{text that must not be seen: which secret it is}, each also as JSON, SQL and base64 write it"""
    found = {}
    for namespace in system.namespaces:
        for item in system.cluster.get("secrets", "-n", namespace, "-l", "app.kubernetes.io/instance")["items"]:
            for key, value in (item.get("data") or {}).items():
                if not re.search("PASSWORD|ENCRYPT_KEY|TOKEN", key) or not value:
                    continue
                plain = base64.b64decode(value).decode()
                sql = plain.replace("\\", "\\\\").replace("'", "\\'")
                for text in (plain, json.dumps(plain)[1:-1], sql, plain.replace("'", "''"), value):
                    found[text] = f"{key} of {item['metadata']['name']}"
    return found


def without_secrets(what, data, secrets):
    data = data.encode() if isinstance(data, str) else data
    for text, name in secrets.items():
        assert text.encode() not in data, f"{what} holds {name}"


class ProcessWatch:
    """Looks at the arguments and the environment of every process of this machine, the pods' included, for secrets.

    The application's and the database's own pods get theirs in the environment, as the chart has it: of them only the
    arguments are looked at. Only the test's own cluster has its pods on this machine; on another one it sees the plugin
    and kubectl alone.
    """

    def __init__(self, secrets):
        # A secret in a shell's quotes is broken up; its longest plain part is not.
        self.pieces = {max(re.split(r"[^\w@]", text), key=len).encode(): name for text, name in secrets.items()}
        # Of six characters, as the administrator's has no longer one; a plain word would be found everywhere.
        self.pieces = {piece: name for piece, name in self.pieces.items() if len(piece) >= 6 and not piece.islower()}
        assert any("DB_ADMIN_PASSWORD" in name and len(piece) < 10 for piece, name in self.pieces.items()), self.pieces
        # Processes from before: a database's own pod may have what it wants in its arguments.
        self.seen, self.found, self.looked, self.ended = self.processes(), [], 0, threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    @staticmethod
    def processes():
        found = set()
        for number in filter(str.isdigit, os.listdir("/proc")):
            for what in ("cmdline", "environ"):
                try:
                    with open(f"/proc/{number}/{what}", "rb") as file:
                        text = file.read()
                except OSError:
                    continue
                if what == "cmdline" or not ProcessWatch.is_in_pod_of_the_chart(text):
                    found.add((number, what, text))
        return found

    @staticmethod
    def is_in_pod_of_the_chart(environment):
        variables = environment.split(b"\0")
        in_pod = any(variable.startswith(b"KUBERNETES_SERVICE_HOST=") for variable in variables)
        return in_pod and not any(variable.startswith(b"HOSTNAME=exastro-maintenance-") for variable in variables)

    def look(self):
        while not self.ended.wait(0.05):
            fresh = self.processes() - self.seen
            self.seen |= fresh
            self.looked += len(fresh)
            for _, what, text in fresh:
                self.found += [f"{name} in {what}" for piece, name in self.pieces.items() if piece in text]
