"""What is in a backup file, looked at with plain tools: tar, sha256sum, gzip, zstd, and no code of the plugin's."""
import hashlib
import io
import json
import pathlib
import re
import subprocess
import tarfile

ROW = re.compile(rb"\('([^']*)',(\d+),[^)]*\)")
LOG_ROW = re.compile(rb"\(\d+,'([^']*)',(\d+),[^)]*\)")


PROGRAMS = {".gz": ["gzip", "-1"], ".zst": ["zstd", "-q", "-1"]}


def unpack(path):
    """What a file holds, compressed or not, by its name"""
    program = PROGRAMS.get(path.suffix)
    return subprocess.run([program[0], "-dc", path], check=True, stdout=subprocess.PIPE).stdout if program else path.read_bytes()


def pack(path, plain):
    """Writes it anew, compressed as its name says"""
    path.write_bytes(subprocess.run([*PROGRAMS[path.suffix], "-c"], check=True, input=plain, stdout=subprocess.PIPE).stdout)


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
        return unpack(self.directory / name)

    def names(self):
        return sorted(path.name for path in self.directory.iterdir())

    def activity(self):
        """What the writers had written when the backup was taken, as snapshot.activity_is_consistent() reads it"""
        servers = {}
        for database in self.manifest["databases"]:
            tables, current, form = {}, None, None
            for line in self.plain(database["member"]).splitlines():
                if not line.startswith(b"("):
                    current = None
                # A dump may put INSERT and the rows on one line or on several.
                for table, row in (("t_sample_heartbeat", ROW), ("t_sample_log", LOG_ROW)):
                    if line.lower().startswith(b"insert into `%s`" % table.encode()):
                        current, form = tables.setdefault(table, {}), row
                if current is None:
                    continue
                for component, beats in form.findall(line):
                    name = component.decode()
                    current[name] = max(int(beats), current.get(name, 0))
            servers.setdefault(database["server"], {"activity": {}})["activity"][database["name"]] = tables
        files = {}
        with tarfile.open(fileobj=io.BytesIO(self.plain(self.manifest["files"]["member"]))) as archive:
            for entry in archive:
                if "/.sample-heartbeat/" in entry.name and entry.isfile():
                    files[entry.name] = archive.extractfile(entry).read().decode().strip()
        return {"servers": servers, "file_activity": files}


def spoiled(file, directory, target):
    """A copy of a backup that is whole by every digest, and of which one database cannot be loaded to its end"""
    unpacked = Unpacked(file, directory)
    database = unpacked.manifest["databases"][-1]
    member = unpacked.directory / database["member"]
    plain = unpack(member)
    plain = plain.replace(b"\n-- Dump completed", b"\nINSERT INTO no_such_table VALUES (1);\n-- Dump completed")
    pack(member, plain)
    for entry in unpacked.manifest["members"]:
        if entry["name"] == member.name:
            entry.update(size=member.stat().st_size, sha256=hashlib.sha256(member.read_bytes()).hexdigest(),
                         plain_size=len(plain), plain_sha256=hashlib.sha256(plain).hexdigest())
    (unpacked.directory / "manifest.json").write_text(json.dumps(unpacked.manifest))
    names = [entry["name"] for entry in unpacked.manifest["members"]] + ["manifest.json"]
    lines = [f"{hashlib.sha256((unpacked.directory / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (unpacked.directory / "SHA256SUMS").write_text("".join(lines))
    # In GNU's form and without extended headers, as the tool writes it.
    subprocess.run(["tar", "--format=gnu", "--owner=0", "--group=0", "--mode=600", "-cf", target, "-C", unpacked.directory,
                    *names, "SHA256SUMS"], check=True)
    return target
