"""The memory of a running program and of all that it started, and what kept the machine's processors busy meanwhile; looked at
several times a second."""
import os
import threading


def fields(number):
    """(parent, name, resident bytes, processor seconds) of a process, or None when it is gone"""
    try:
        with open(f"/proc/{number}/stat") as file:
            head, _, tail = file.read().rpartition(")")
        numbers = tail.split()
        return (int(numbers[1]), head.partition("(")[2], int(numbers[21]) * os.sysconf("SC_PAGE_SIZE"),
                (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        return None


def peak(number):
    """Most resident bytes that a process has had; 0 when it is gone"""
    try:
        with open(f"/proc/{number}/status") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:")), 0)
    except (OSError, ValueError, IndexError):
        return 0


class Usage:
    """Peaks between __enter__ and __exit__: "total" of the whole tree below `root`, and of each program by name; and the processor
    seconds of all programs of the machine"""

    def __init__(self, root):
        self.root, self.total, self.by_name, self.ended = root, 0, {}, threading.Event()
        self.before, self.seconds = {}, {}  # by process number; the latter with its name
        self.thread = threading.Thread(target=self.look, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def look(self):
        while not self.ended.wait(0.2):
            known = {int(number): found for number in os.listdir("/proc") if number.isdigit() and (found := fields(number))}
            first = not self.seconds
            for number, (_, name, _, seconds) in known.items():
                # One that was there before this began has its past taken off.
                self.before.setdefault(number, seconds if first else 0.0)
                self.seconds[number] = name, seconds - self.before[number]
            ours, grown = {self.root}, True
            while grown:
                fresh = {number for number, (parent, *_) in known.items() if parent in ours} - ours
                ours |= fresh
                grown = bool(fresh)
            total = 0
            for number in ours & known.keys():
                _, name, resident, _ = known[number]
                total += resident
                self.by_name[name] = max(peak(number), self.by_name.get(name, 0))
            self.total = max(self.total, total)

    def processors(self):
        """Seconds by program, those that had most"""
        sums = {}
        for name, seconds in self.seconds.values():
            sums[name] = sums.get(name, 0.0) + seconds
        return {name: round(seconds, 1) for name, seconds in sorted(sums.items(), key=lambda item: -item[1])[:12] if seconds >= 0.1}
