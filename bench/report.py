"""The figures of a bench: a table for people, build/bench.json for programs."""
import json


class Report:
    def __init__(self, path):
        self.path, self.figures, self.runs = path, [], []

    def run(self, run):
        self.runs.append(run.raw())
        return run

    def compare(self, name, ours, theirs, unit, at_most=None, at_least=None):
        """A ratio of ours to theirs, and the one that is to be reached; theirs None: it never ended. Of several, the least counts"""
        raw = {"ours": ours, "theirs": theirs} if isinstance(ours, list) else None
        if raw:
            ours, theirs = min(ours), min(theirs)
        ratio = round(ours / theirs, 3) if theirs else None
        target = at_most if at_most is not None else at_least
        met = None
        if ratio is not None and target is not None:
            met = ratio <= at_most if at_most is not None else ratio >= at_least
        self.add(name, ours, theirs, unit, ratio, target, met, raw)

    def ours_alone(self, name, ours, unit):
        self.add(name, ours, None, unit, None, None, None)

    def limit(self, name, ours, unit, at_most):
        """A figure of ours alone, and what it may be"""
        self.add(name, ours, None, unit, None, at_most, ours <= at_most)

    def add(self, name, ours, theirs, unit, ratio, target, met, raw=None):
        figure = {"name": name, "ours": round(ours, 3), "theirs": None if theirs is None else round(theirs, 3), "unit": unit,
                  "ratio": ratio, "target": target, "met": met}
        if raw:
            figure["raw"] = {side: [round(value, 3) for value in values] for side, values in raw.items()}
        self.figures.append(figure)
        self.write()

    def write(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps({"figures": self.figures, "runs": self.runs}, indent=1) + "\n")

    def table(self):
        def cell(value):
            return "" if value is None else {True: "yes", False: "no"}.get(value) if isinstance(value, bool) else f"{value:g}"
        lines = ["| figure | ours | theirs | unit | ratio | to reach | met |", "|---|---:|---:|---|---:|---:|---|"]
        for figure in self.figures:
            lines.append("| " + " | ".join([figure["name"], cell(figure["ours"]), cell(figure["theirs"]), figure["unit"],
                                            cell(figure["ratio"]), cell(figure["target"]), cell(figure["met"])]) + " |")
        return "\n".join(lines)
