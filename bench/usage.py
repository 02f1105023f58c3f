"""The memory of a running program and of all that it started, looked at several times a second."""
import os
import threading


def fields(number):
    """(parent, name, resident bytes) of a process, or None when it is gone"""
    try:
        with open(f"/proc/{number}/stat") as file:
            head, _, tail = file.read().rpartition(")")
        return int(tail.split()[1]), head.partition("(")[2], int(tail.split()[21]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


class Usage:
    """Peaks between __enter__ and __exit__: "total" of the whole tree below `root`, and of each program by name"""

    def __init__(self, root):
        self.root, self.total, self.by_name, self.ended = root, 0, {}, threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def look(self):
        while not self.ended.wait(0.1):
            known = {int(number): found for number in os.listdir("/proc") if number.isdigit() and (found := fields(number))}
            ours, grown = {self.root}, True
            while grown:
                fresh = {number for number, (parent, _, _) in known.items() if parent in ours} - ours
                ours |= fresh
                grown = bool(fresh)
            total = 0
            for number in ours & known.keys():
                _, name, resident = known[number]
                total += resident
                self.by_name[name] = max(resident, self.by_name.get(name, 0))
            self.total = max(self.total, total)
