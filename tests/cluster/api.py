"""Just enough of a Kubernetes client for the two daemons of the test cluster."""
import json
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request


class Api:
    def __init__(self, server, pki):
        self.server = server
        self.context = ssl.create_default_context(cafile=pki + "/ca.crt")
        with open(pki + "/admin.token") as file:
            self.token = file.read().strip()

    def open(self, method, path, body=None, timeout=10):
        request = urllib.request.Request(self.server + path, method=method)
        request.add_header("Authorization", "Bearer " + self.token)
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        return urllib.request.urlopen(request, data, timeout, context=self.context)

    def call(self, method, path, body=None):
        with self.open(method, path, body) as answer:
            return json.load(answer)

    def watch(self, path, changed):
        """Sets `changed` whenever anything under `path` may have changed; never returns."""
        while True:
            try:
                version = self.call("GET", path + "?limit=1")["metadata"]["resourceVersion"]
                changed.set()
                query = "?watch=1&timeoutSeconds=300&resourceVersion=" + version
                with self.open("GET", path + query, timeout=330) as answer:
                    for _ in answer:
                        changed.set()
            except (OSError, ValueError, KeyError):
                time.sleep(0.5)


def keep_in_step(api, paths, step, at_least_every):
    """Calls `step` at the start, after every change under one of `paths`, and every so many seconds. Never returns.

    `step` looks at the whole and repairs it, so that a change that was missed costs a little time and nothing else.
    """
    changed = threading.Event()
    for path in paths:
        threading.Thread(target=api.watch, args=(path, changed), daemon=True).start()
    while True:
        changed.wait(at_least_every)
        changed.clear()
        try:
            step()
        except (OSError, ValueError, KeyError) as error:
            print(time.strftime("%H:%M:%S"), repr(error), file=sys.stderr, flush=True)
            time.sleep(0.5)
            changed.set()
        # Changes come in swarms; one look answers for all of them.
        time.sleep(0.05)
