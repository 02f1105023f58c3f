"""A line of so many bits a second in front of an API server, and a kubeconfig that leads through it."""
import asyncio
import json
import os
import subprocess
import threading
import time
import urllib.parse

PIECE = 16 * 1024


class Bucket:
    """Lets so many bytes a second pass, one direction of all connections together"""

    def __init__(self, bytes_per_second):
        self.rate, self.free_at, self.passed = bytes_per_second, 0.0, 0

    async def take(self, count):
        self.passed += count
        now = time.monotonic()
        self.free_at = max(self.free_at, now) + count / self.rate
        if self.free_at > now:
            await asyncio.sleep(self.free_at - now)


class Line:
    """with Line(20e6, folder) as line: a kubeconfig in line.kubeconfig"""

    def __init__(self, bits_per_second, folder):
        self.kubeconfig = os.path.join(folder, "kubeconfig")
        self.up, self.down = Bucket(bits_per_second / 8), Bucket(bits_per_second / 8)
        self.loop, self.ready = asyncio.new_event_loop(), threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        config = json.loads(subprocess.run(["kubectl", "config", "view", "--raw", "--minify", "-o", "json"], check=True,
                                           stdout=subprocess.PIPE).stdout)
        cluster = config["clusters"][0]["cluster"]
        self.target = urllib.parse.urlsplit(cluster["server"])
        self.thread.start()
        self.ready.wait()
        cluster["server"] = f"https://127.0.0.1:{self.port}"
        cluster["tls-server-name"] = self.target.hostname
        with open(os.open(self.kubeconfig, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(config, file)
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    @property
    def passed(self):
        """Bytes that came from the API server so far"""
        return self.down.passed

    def serve(self):
        asyncio.set_event_loop(self.loop)

        async def copy(reader, writer, bucket):
            try:
                while piece := await reader.read(PIECE):
                    await bucket.take(len(piece))
                    writer.write(piece)
                    await writer.drain()
                writer.write_eof()
            except OSError:
                writer.close()

        async def connect(reader, writer):
            far_reader, far_writer = await asyncio.open_connection(self.target.hostname, self.target.port)
            await asyncio.gather(copy(reader, far_writer, self.up), copy(far_reader, writer, self.down))
            for end in (writer, far_writer):
                end.close()

        server = self.loop.run_until_complete(asyncio.start_server(connect, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        self.loop.run_forever()
