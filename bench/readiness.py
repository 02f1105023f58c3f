"""How long the proxy has no ready pod, as its Endpoints tell it: what the service sends requests to."""
import subprocess
import threading
import time


class Readiness:
    """with Readiness(system) as readiness: ...; then readiness.wait_for_end() and readiness.seconds"""

    def __init__(self, system):
        self.watch = subprocess.Popen(
            ["kubectl", "get", "endpoints", "platform-auth", "-n", system.platform_namespace, "--watch",
             "-o", 'jsonpath={.subsets[*].addresses[*].ip}{"\\n"}'], stdout=subprocess.PIPE, text=True)
        self.first, self.last, self.up = None, None, threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def look(self):
        for line in self.watch.stdout:
            if line.strip():
                if self.first and not self.up.is_set():
                    self.last = time.monotonic()
                self.up.set()
            else:
                self.first = self.first or time.monotonic()
                self.up.clear()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.watch.kill()
        self.watch.wait()
        self.thread.join()

    def wait_for_end(self, timeout=300):
        """Until there is a ready pod; False when there is none"""
        return self.up.wait(timeout)

    @property
    def seconds(self):
        """From the first moment without a ready pod to the last; without an end, to now"""
        if self.first is None:
            return 0.0
        return (self.last if self.up.is_set() else time.monotonic()) - self.first
