"""How long a user gets no answer: asks the proxy all the time, whatever the programs say about themselves."""
import os
import threading
import time

from sample import fetch


class Outage:
    """with Outage(system) as outage: ...; then outage.wait_for_end() and outage.seconds"""

    def __init__(self, system):
        service = system.cluster.get("service", "platform-auth", "-n", system.platform_namespace)["spec"]
        url = f"http://{service['clusterIP']}:{service['ports'][0]['port']}/"
        # A cluster elsewhere is asked through a pod, which takes a second each time.
        if os.environ.get("EXASTRO_CLUSTER") == "current":
            self.ask = lambda: system.http_status()[0]
        else:
            self.ask = lambda: fetch(url, 2)[0]
        self.first, self.last, self.up = None, None, threading.Event()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def look(self):
        while not self.ended.wait(0.3):
            begin = time.monotonic()
            if self.ask() == 200:
                self.up.set()
            else:
                self.up.clear()
                self.first = self.first or begin
                self.last = time.monotonic()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def wait_for_end(self, timeout=300):
        """Until the proxy answers again; False when it does not"""
        self.up.clear()
        return self.up.wait(timeout)

    @property
    def seconds(self):
        """From the first request that failed to the end of the last one that did"""
        return self.last - self.first if self.first else 0.0
