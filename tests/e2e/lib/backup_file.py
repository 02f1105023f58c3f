"""What is in a backup file, looked at with plain tools: tar, sha256sum, gzip, and no code of the plugin's."""
import gzip
import json
import pathlib
import re
import subprocess
import tarfile

ROW = re.compile(rb"\('([^']*)',(\d+),[^)]*\)")
LOG_ROW = re.compile(rb"\(\d+,'([^']*)',(\d+),[^)]*\)")


class Unpacked:
    """A backup, unpacked into a new directory"""

    def __init__(self, file, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        subprocess.run(["tar", "-xf", file, "-C", self.directory], check=True)
        self.manifest = json.loads((self.directory / "manifest.json").read_text())

    def digests_agree(self):
        """What sha256sum says of every file, and that it was asked about every one but its own list"""
        done = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=self.directory, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout
        listed = {line.split(None, 1)[1].lstrip("*") for line in (self.directory / "SHA256SUMS").read_text().splitlines()}
        assert listed == {path.name for path in self.directory.iterdir()} - {"SHA256SUMS"}

    def plain(self, name):
        path = self.directory / name
        return gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()

    def names(self):
        return sorted(path.name for path in self.directory.iterdir())

    def activity(self):
        """What the writers had written when the backup was taken, as snapshot.activity_is_consistent() reads it"""
        servers = {}
        for database in self.manifest["databases"]:
            tables = {}
            for line in self.plain(database["member"]).splitlines():
                for table, form in (("t_sample_heartbeat", ROW), ("t_sample_log", LOG_ROW)):
                    # Not at the line's start: a dump may put INSERT and the rows on one line or on several.
                    if line.lower().startswith(b"insert into `%s`" % table.encode()):
                        current = tables.setdefault(table, {})
                        break
                else:
                    if not (tables and line.startswith(b"(")):
                        continue
                for component, beats in form.findall(line):
                    name = component.decode()
                    current[name] = max(int(beats), current.get(name, 0))
            servers.setdefault(database["server"], {"activity": {}})["activity"][database["name"]] = tables
        files = {}
        with tarfile.open(self.directory / self.manifest["files"]["member"]) as archive:
            for entry in archive:
                if "/.sample-heartbeat/" in entry.name and entry.isfile():
                    files[entry.name] = archive.extractfile(entry).read().decode().strip()
        return {"servers": servers, "file_activity": files}
