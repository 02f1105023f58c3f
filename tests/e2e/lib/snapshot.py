"""A full picture of a sample release's databases, accounts and files, to be compared before and after.

Two uses. Inside a pod (sample.py sends this text there, with CONFIG in front; see dataset.py for its form), it prints the
picture as JSON. Imported outside, it offers compare().

What the stand-ins write all the time (T_SAMPLE_HEARTBEAT, T_SAMPLE_LOG, T_SAMPLE_TICK and .sample-heartbeat/) is kept apart
under "activity", which compare() leaves alone; activity_is_consistent() looks at it instead.
"""
import hashlib
import json
import os
import stat
import sys

SYSTEM_DATABASES = ("mysql", "information_schema", "performance_schema", "sys")
ACTIVITY_TABLES = ("t_sample_heartbeat", "t_sample_log", "t_sample_tick")
ACTIVITY_FOLDER = b".sample-heartbeat"
FORCE_ORDERED_HASH = ("float", "double")


# ---- inside the pod ------------------------------------------------------------------------------------------------

class Server:
    def __init__(self, settings, only=None, portable=False):
        import pymysql
        self.connection = pymysql.connect(
            host=settings["host"], port=int(settings["port"]), user=settings["admin_user"],
            password=settings["admin_password"], charset="utf8mb4", autocommit=True, cursorclass=pymysql.cursors.DictCursor)
        self.only, self.portable = only, portable

    def rows(self, statement, arguments=None):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, arguments)
            return list(cursor.fetchall())

    def identity(self):
        """The same for two connections to one server. The pod's host name and the server's own identifier."""
        return self.rows("SELECT CONCAT(@@hostname, '/', @@port, '/', @@server_uid) AS x")[0]["x"] \
            if self.rows("SHOW VARIABLES LIKE 'server_uid'") else self.rows("SELECT CONCAT(@@hostname, @@port) AS x")[0]["x"]

    def picture(self):
        names = [row["Database"] for row in self.rows("SHOW DATABASES") if row["Database"].lower() not in SYSTEM_DATABASES]
        if self.only is not None:
            wanted = {name.lower() for name in self.only}
            names = [name for name in names if name.lower() in wanted]
        databases, activity = {}, {}
        for name in sorted(names):
            databases[name], activity[name] = self.database(name)
        return {"version": self.rows("SELECT VERSION() AS v")[0]["v"], "databases": databases, "activity": activity,
                "accounts": self.accounts()}

    def definition(self, kind, database, name):
        """SHOW CREATE, with every column that matters: sql_mode, character set and collations beside the text"""
        row = self.rows(f"SHOW CREATE {kind} {quoted(database)}.{quoted(name)}")[0]
        row.pop("Created", None)  # a trigger's moment of creation
        return {key: value for key, value in row.items()}

    def database(self, name):
        tables, views, sequences, activity = {}, {}, {}, {}
        for row in self.rows("SELECT TABLE_NAME n, TABLE_TYPE t, AUTO_INCREMENT a FROM information_schema.TABLES"
                             " WHERE TABLE_SCHEMA = %s ORDER BY n", (name,)):
            if row["t"] == "VIEW":
                views[row["n"]] = self.definition("VIEW", name, row["n"])
            elif row["t"] == "SEQUENCE":
                state = self.rows(f"SELECT * FROM {quoted(name)}.{quoted(row['n'])}")[0]
                next_value = state.pop("next_not_cached_value")
                sequences[row["n"]] = {"next": next_value, "settings": state}
            elif row["n"].lower() in ACTIVITY_TABLES:
                activity[row["n"]] = self.activity(name, row["n"])
            else:
                tables[row["n"]] = self.table(name, row["n"], row["a"])
        triggers = {row["TRIGGER_NAME"]: dict(self.definition("TRIGGER", name, row["TRIGGER_NAME"]),
                                              order=row["ACTION_ORDER"])
                    for row in self.rows("SELECT TRIGGER_NAME, ACTION_ORDER FROM information_schema.TRIGGERS"
                                         " WHERE TRIGGER_SCHEMA = %s", (name,))}
        routines = {f"{row['t']} {row['n']}": self.definition(row["t"], name, row["n"])
                    for row in self.rows("SELECT ROUTINE_TYPE t, ROUTINE_NAME n FROM information_schema.ROUTINES"
                                         " WHERE ROUTINE_SCHEMA = %s", (name,))}
        events = {row["n"]: dict(self.definition("EVENT", name, row["n"]), definer=row["d"], status=row["s"])
                  for row in self.rows("SELECT EVENT_NAME n, DEFINER d, STATUS s FROM information_schema.EVENTS"
                                       " WHERE EVENT_SCHEMA = %s", (name,))}
        create = self.rows(f"SHOW CREATE DATABASE {quoted(name)}")[0]["Create Database"]
        return {"create": create, "tables": tables, "views": views, "sequences": sequences, "triggers": triggers,
                "routines": routines, "events": events}, activity

    def table(self, database, name, auto_increment):
        where = f"{quoted(database)}.{quoted(name)}"
        columns = self.rows("SELECT COLUMN_NAME n, DATA_TYPE t FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND"
                            " TABLE_NAME = %s ORDER BY ORDINAL_POSITION", (database, name))
        if self.portable or any(column["t"] in FORCE_ORDERED_HASH for column in columns):
            checksum = self.ordered_hash(where, columns)
        else:
            checksum = self.rows(f"CHECKSUM TABLE {where} EXTENDED")[0]["Checksum"]
        return {"rows": self.rows(f"SELECT COUNT(*) AS c FROM {where}")[0]["c"], "checksum": checksum,
                "auto_increment": auto_increment, "create": self.definition("TABLE", database, name)["Create Table"]}

    def ordered_hash(self, where, columns):
        """Floats as the text that a dump holds: their binary form does not survive a dump, that text does.

        For portable pictures of all tables: CHECKSUM TABLE gives other numbers in another version of the server.
        """
        digest = hashlib.sha256()
        names = [f"CAST({quoted(c['n'])} AS CHAR) AS {quoted(c['n'])}" if c["t"] in FORCE_ORDERED_HASH
                 else f"HEX({quoted(c['n'])}) AS {quoted(c['n'])}" for c in columns]
        for line in sorted(repr(list(row.values())) for row in self.rows(f"SELECT {', '.join(names)} FROM {where}")):
            digest.update(line.encode())
        return digest.hexdigest()

    def activity(self, database, name):
        where = f"{quoted(database)}.{quoted(name)}"
        if name.lower() == "t_sample_heartbeat":
            return {row["COMPONENT"]: row["BEATS"] for row in self.rows(f"SELECT COMPONENT, BEATS FROM {where}")}
        if name.lower() == "t_sample_log":
            return {row["COMPONENT"]: row["b"]
                    for row in self.rows(f"SELECT COMPONENT, MAX(BEATS) b FROM {where} GROUP BY COMPONENT")}
        return {"rows": self.rows(f"SELECT COUNT(*) AS c FROM {where}")[0]["c"]}

    def accounts(self):
        accounts = {}
        for row in self.rows("SELECT User u, Host h, Priv p FROM mysql.global_priv ORDER BY u, h"):
            if json.loads(row["p"]).get("is_role"):
                continue
            kept = {key: value for key, value in json.loads(row["p"]).items()
                    if key not in ("password_last_changed", "version_id", "access")}
            grants = [list(g.values())[0] for g in self.rows("SHOW GRANTS FOR %s@%s", (row["u"], row["h"]))]
            accounts[f"{row['u']}@{row['h']}"] = {"grants": sorted(grants), "login": kept}
        return accounts


def quoted(name):
    # pymysql formats only when it is given arguments, so a percent sign needs no care here
    return "`" + name.replace("`", "``") + "`"


def shared_files(storage):
    """{path: what it is} of everything below the storage path, the names as hexadecimal escapes where not UTF-8"""
    root = os.fsencode(storage.rstrip("/"))
    found, inodes, activity = {}, {}, {}
    for folder, folders, files in os.walk(root):
        if os.path.basename(folder) == ACTIVITY_FOLDER:
            for name in files:
                with open(os.path.join(folder, name), "rb") as file:
                    activity[shown(os.path.relpath(os.path.join(folder, name), root))] = file.read().decode().strip()
            folders.clear()
            continue
        for name in sorted(folders + files):
            path = os.path.join(folder, name)
            if name == ACTIVITY_FOLDER:
                continue
            status = os.lstat(path)
            key = shown(os.path.relpath(path, root))
            # a folder that holds a heartbeat folder changes its time with it
            busy = os.path.isdir(os.path.join(path, ACTIVITY_FOLDER)) and not os.path.islink(path)
            entry = {"type": stat.S_IFMT(status.st_mode), "mode": f"{stat.S_IMODE(status.st_mode):o}",
                     "owner": f"{status.st_uid}:{status.st_gid}", "mtime_ns": None if busy else status.st_mtime_ns}
            if stat.S_ISLNK(status.st_mode):
                entry["target"] = shown(os.readlink(path))
            elif stat.S_ISREG(status.st_mode):
                entry["size"] = status.st_size
                entry["sha256"] = digest_of(path)
                if status.st_nlink > 1:
                    inodes.setdefault(status.st_ino, []).append(key)
            found[key] = entry
    for group in inodes.values():
        for key in group:
            found[key]["hard_links"] = sorted(group)
    status = os.lstat(root)
    found["."] = {"mode": f"{stat.S_IMODE(status.st_mode):o}", "owner": f"{status.st_uid}:{status.st_gid}"}
    return found, activity


def shown(name):
    return name.decode("utf-8", "backslashreplace")


def digest_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def take(config):
    """{"servers": {"platform": ..., "ita": ...}, "files": ..., "file_activity": ...}; one shared server is "shared"."""
    servers = {side: Server(config[side], config.get("databases"), config.get("portable")) for side in ("platform", "ita") if side in config}
    shared = len(servers) == 2 and len({server.identity() for server in servers.values()}) == 1
    if shared:
        servers = {"shared": servers["platform"]}
    picture = {"servers": {side: server.picture() for side, server in servers.items()}}
    if config.get("storage"):
        picture["files"], picture["file_activity"] = shared_files(config["storage"])
    return picture


# ---- outside -------------------------------------------------------------------------------------------------------

def compare(before, after, ignore=()):
    """The differences as a list of lines, empty when the system came back as it was.

    A sequence may have gone on, never back. Paths (as printed, "/a/b/c") that begin with one of ignore are left out, and so is
    what the running stand-ins write.
    """
    found = []
    walk("", before, after, found)
    return [line for path, line in found if not any(path.startswith(start) for start in ignore)]


def walk(path, before, after, found):
    if path.endswith(("/activity", "/version")) or path in ("/file_activity", "/http"):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(set(before) | set(after), key=str):
            where = f"{path}/{key}"
            if key not in after:
                found.append((where, f"{where}: gone"))
            elif key not in before:
                found.append((where, f"{where}: new"))
            else:
                walk(where, before[key], after[key], found)
    elif "/sequences/" in path and path.endswith("/next"):
        if after < before:
            found.append((path, f"{path}: went back from {before} to {after}"))
    elif path.endswith("/mtime_ns") and None in (before, after):
        return  # a folder into which, in the meantime, a writer has put its heartbeat folder
    elif before != after:
        found.append((path, f"{path}: was {short(before, after)}, is {short(after, before)}"))


def short(value, other):
    """Of a long text, where it begins to differ"""
    text, common = repr(value), len(os.path.commonprefix([repr(value), repr(other)]))
    start = max(0, common - 40) if len(text) > 300 else 0
    return ("..." if start else "") + text[start:start + 300] + ("..." if len(text) > start + 300 else "")


def activity_is_consistent(picture):
    """[] if the writers' counts in the databases, the workspaces and the files agree, as they do when nobody was writing."""
    problems, counts = [], {}
    for server in picture["servers"].values():
        for database, tables in server["activity"].items():
            for component, beats in tables.get("t_sample_heartbeat", {}).items():
                counts.setdefault(component, {})[database] = int(beats)
            for component, beats in tables.get("t_sample_log", {}).items():
                counts.setdefault(component, {})[database + " log"] = int(beats)
    for path, beats in picture.get("file_activity", {}).items():
        counts.setdefault(path.rsplit("/", 1)[-1], {})[path] = int(beats)
    for component, seen in counts.items():
        if len(set(seen.values())) > 1:
            problems.append(f"{component}: {seen}")
    return problems


if __name__ == "__main__":
    json.dump(take(globals()["CONFIG"]), sys.stdout, default=str)
