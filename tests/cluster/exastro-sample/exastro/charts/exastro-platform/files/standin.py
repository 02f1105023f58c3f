"""The stand-ins for Exastro's application pods: one small process each, which does what a backup can disturb.

    standin.py migration      make the databases, accounts and tables of this side, once
    standin.py writer [SEC]   the back-yard, platform-job and the CronJobs: write rows and files until told to stop
    standin.py api PORT       GET / answers 200 if every database of this side can be logged in to, else 500 and the reason
    standin.py auth PORT      the proxy in front: GET / answers 200 if the APIs of both sides do
    standin.py keycloak PORT  caches a realm and holds an idle open transaction
    standin.py web PORT       just serves

Settings come from the environment, under the names of the release's ConfigMaps and Secrets; SIDE is platform or ita.
"""
import base64
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import zlib

# pymysql would load it for a login method that is not used here: 4 MB and 40 ms for each of some thirty pods
sys.modules["cryptography"] = None
import pymysql  # noqa: E402

ENV = os.environ
SIDE = ENV.get("SIDE")
COMPONENT = ENV.get("COMPONENT")
INTERVAL = 2.0

#: where the chain of connection records starts and goes on, for each side
RECORDS = {
    "platform": ("T_ORGANIZATION_DB", "ORGANIZATION_ID", "T_WORKSPACE_DB", "WORKSPACE_ID"),
    "ita": ("T_COMN_ORGANIZATION_DB_INFO", "ORGANIZATION_ID", "T_COMN_WORKSPACE_DB_INFO", "WORKSPACE_ID"),
}
VERSION_TABLE = {"platform": "T_PLATFORM_VERSION", "ita": "T_COMN_VERSION"}

stop = threading.Event()


def connect(user, password, database=None, host=None, port=None, autocommit=True):
    return pymysql.connect(host=host or ENV["DB_HOST"], port=int(port or ENV["DB_PORT"]), user=user, password=password,
                           database=database, charset="utf8mb4", autocommit=autocommit, connect_timeout=10)


def service_account():
    return connect(ENV["DB_USER"], ENV["DB_PASSWORD"], ENV["DB_DATABASE"])


def decrypt(text):
    """What the application stores: base64(16-byte IV + AES-256-CBC), the key base64 of 32 bytes."""
    raw = base64.b64decode(text)
    key = base64.b64decode(ENV["ENCRYPT_KEY"])
    done = subprocess.run(["openssl", "enc", "-d", "-aes-256-cbc", "-K", key.hex(), "-iv", raw[:16].hex()],
                          input=raw[16:], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise ValueError("cannot be decrypted with ENCRYPT_KEY")
    return done.stdout.decode()


def rows(connection, statement, arguments=()):
    with connection.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute(statement, arguments)
        return cursor.fetchall()


def log_in(record, what):
    try:
        return connect(record["DB_USER"], decrypt(record["DB_PASSWORD"]), record["DB_DATABASE"], record["DB_HOST"],
                       record["DB_PORT"])
    except Exception as error:
        raise RuntimeError(f"{what}: database {record['DB_DATABASE']} as {record['DB_USER']} at "
                           f"{record['DB_HOST']}:{record['DB_PORT']}: {error}") from error


def workspaces(service):
    """Every (organization, workspace, connection record) of this side, after a login to each organization's database."""
    organizations, organization_id, spaces, workspace_id = RECORDS[SIDE]
    for organization in rows(service, f"SELECT * FROM {organizations} ORDER BY {organization_id}"):
        name = organization[organization_id]
        with log_in(organization, f"organization {name}") as connection:
            for workspace in rows(connection, f"SELECT * FROM {spaces} ORDER BY {workspace_id}"):
                yield name, workspace[workspace_id], workspace


# ---- api, auth, web, keycloak --------------------------------------------------------------------------------------

def check_side():
    """A line about what was checked. Raises when something does not work."""
    try:
        service = service_account()
    except Exception as error:
        raise RuntimeError(f"database {ENV['DB_DATABASE']} as {ENV['DB_USER']}: {error}") from error
    with service:
        versions = [row["VERSION"] for row in rows(service, f"SELECT VERSION FROM {VERSION_TABLE[SIDE]}")]
        if versions != [ENV["APP_VERSION"]]:
            raise RuntimeError(f"the schema is of version {versions}, the application {ENV['APP_VERSION']}")
        spaces = 0
        for organization, workspace, record in workspaces(service):
            with log_in(record, f"workspace {organization}/{workspace}") as connection:
                rows(connection, "SELECT 1")
            spaces += 1
        if SIDE == "ita":
            for record in rows(service, "SELECT * FROM T_COMN_ORGANIZATION_DB_INFO"):
                what = f"administrator of {record['ORGANIZATION_ID']}"
                admin = dict(record, DB_USER=record["DB_ADMIN_USER"], DB_PASSWORD=record["DB_ADMIN_PASSWORD"])
                log_in(admin, what).close()
    if SIDE == "platform":
        try:
            with connect(ENV["KEYCLOAK_DB_USER"], ENV["KEYCLOAK_DB_PASSWORD"], ENV["KEYCLOAK_DB_DATABASE"]) as keycloak:
                rows(keycloak, "SELECT * FROM REALM")
        except Exception as error:
            raise RuntimeError(f"keycloak's database: {error}") from error
    return f"{SIDE}: OK, {spaces} workspaces"


def check_both():
    import urllib.error
    import urllib.request
    answers = []
    for side, prefix in ("platform", "PLATFORM_API"), ("ita", "ITA_API_ORG"):
        url = f"http://{ENV[prefix + '_HOST']}:{ENV[prefix + '_PORT']}/"
        try:
            with urllib.request.urlopen(url, timeout=20) as response:
                answers.append(response.read().decode().strip())
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{side}: {error.read().decode(errors='replace').strip()}") from error
        except OSError as error:
            raise RuntimeError(f"{side}: {url}: {error}") from error
    return "\n".join(answers)


def serve(port, check):
    import http.server

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, text = 200, "OK"
            if self.path != "/healthz":
                try:
                    text = check()
                except Exception as error:
                    status, text = 500, str(error)
            body = (text + "\n").encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("", int(port)), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()


def keycloak():
    """Reads a realm in a transaction that stays open, as a pool with an idle connection does: a DROP waits for it."""
    while not stop.is_set():
        try:
            connection = connect(ENV["KEYCLOAK_DB_USER"], ENV["KEYCLOAK_DB_PASSWORD"], ENV["KEYCLOAK_DB_DATABASE"],
                                 autocommit=False)
            cached = rows(connection, "SELECT * FROM REALM")
            print("cached realms:", [row["NAME"] for row in cached], flush=True)
            while not stop.wait(10):
                rows(connection, "SELECT COUNT(*) FROM REALM")
            connection.close()
        except Exception as error:
            print(error, flush=True)
            stop.wait(2)


# ---- writers -------------------------------------------------------------------------------------------------------

@contextlib.contextmanager
def turn(connection):
    """The round of this component's replica that holds the lock: two at once would leave the count of the slower one"""
    lock = (f"sample {COMPONENT}",)
    if rows(connection, "SELECT GET_LOCK(%s, 60) AS got", lock)[0]["got"] != 1:
        raise RuntimeError("another replica's round does not end")
    try:
        yield
    finally:
        rows(connection, "SELECT RELEASE_LOCK(%s)", lock)


def beat(connection):
    """One more in the component's row of T_SAMPLE_HEARTBEAT; the new count"""
    rows(connection, "INSERT INTO T_SAMPLE_HEARTBEAT (COMPONENT, BEATS, AT) VALUES (%s, LAST_INSERT_ID(1), NOW(6)) "
                     "ON DUPLICATE KEY UPDATE BEATS = LAST_INSERT_ID(BEATS + 1), AT = NOW(6)", (COMPONENT,))
    return connection.insert_id()


def heartbeat_file(organization, workspace):
    return os.path.join(ENV["STORAGEPATH"], organization, workspace, ".sample-heartbeat", COMPONENT)


def write_file(path, count):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(f"{count}\n")


def leave(target, space):
    """Takes this component's counts out of a workspace that it no longer writes to: they would be old for ever."""
    rows(space, "DELETE FROM T_SAMPLE_HEARTBEAT WHERE COMPONENT = %s", (COMPONENT,))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(heartbeat_file(target[0], target[1]))
    space.close()


def writer(seconds):
    """Rounds of: count up in the side's database, log it, write the same count to a workspace's database and to a file.

    A round is never broken off by SIGTERM, and two replicas of a component take turns. So when all writers have ended in
    peace, the three counts are equal, and in a backup that is consistent over databases and files they are equal too.
    """
    end = time.monotonic() + seconds if seconds else None
    while not stop.is_set():
        try:
            write_rounds(end)
            return
        except Exception as error:
            print(error, flush=True)
            if end and time.monotonic() > end:
                return
            stop.wait(2)


def write_rounds(end):
    service = service_account()
    target, space, looked = None, None, 0.0
    while not stop.is_set() and not (end and time.monotonic() > end):
        if SIDE == "ita" and time.monotonic() - looked > 15:
            found = list(workspaces(service))
            chosen = found[zlib.crc32(COMPONENT.encode()) % len(found)] if found else None
            if chosen != target or space is None:
                if space:
                    leave(target, space)
                target, space = chosen, log_in(chosen[2], "workspace") if chosen else None
            looked = time.monotonic()
        with turn(service):
            count = beat(service)
            rows(service, "INSERT INTO T_SAMPLE_LOG (COMPONENT, BEATS) VALUES (%s, %s)", (COMPONENT, count))
            if target:
                rows(space, "REPLACE INTO T_SAMPLE_HEARTBEAT (COMPONENT, BEATS, AT) VALUES (%s, %s, NOW(6))",
                     (COMPONENT, count))
                write_file(heartbeat_file(target[0], target[1]), count)
        stop.wait(INTERVAL)


# ---- migration -----------------------------------------------------------------------------------------------------

RECORD_COLUMNS = """
    DB_HOST VARCHAR(255), DB_PORT INT, DB_DATABASE VARCHAR(255), DB_USER VARCHAR(255), DB_PASSWORD VARCHAR(1024)"""

SAMPLE_TABLES = """
CREATE TABLE IF NOT EXISTS T_SAMPLE_HEARTBEAT (COMPONENT VARCHAR(64) PRIMARY KEY, BEATS BIGINT NOT NULL, AT DATETIME(6))
    ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS T_SAMPLE_LOG (ID BIGINT AUTO_INCREMENT PRIMARY KEY, COMPONENT VARCHAR(64), BEATS BIGINT,
    AT DATETIME(6) DEFAULT NOW(6)) ENGINE=InnoDB"""

SCHEMA = {
    "platform": f"""
CREATE TABLE IF NOT EXISTS T_PLATFORM_VERSION (VERSION_ID INT PRIMARY KEY, VERSION VARCHAR(50)) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS T_ORGANIZATION (ORGANIZATION_ID VARCHAR(36) PRIMARY KEY, ORGANIZATION_NAME VARCHAR(255),
    INFORMATIONS LONGTEXT, CREATE_TIMESTAMP DATETIME(6)) ENGINE=InnoDB ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8;
CREATE TABLE IF NOT EXISTS T_ORGANIZATION_DB (ORGANIZATION_ID VARCHAR(36) PRIMARY KEY, {RECORD_COLUMNS},
    CREATE_TIMESTAMP DATETIME(6)) ENGINE=InnoDB ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8;
{SAMPLE_TABLES}""",
    "ita": f"""
CREATE TABLE IF NOT EXISTS T_COMN_VERSION (SERVICE_ID INT PRIMARY KEY, VERSION VARCHAR(50)) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS T_COMN_ORGANIZATION_DB_INFO (PRIMARY_KEY VARCHAR(40) PRIMARY KEY,
    ORGANIZATION_ID VARCHAR(255) UNIQUE, {RECORD_COLUMNS}, DB_ADMIN_USER VARCHAR(255), DB_ADMIN_PASSWORD VARCHAR(1024),
    MONGO_OWNER VARCHAR(255), MONGO_CONNECTION_STRING VARCHAR(512), MONGO_ADMIN_USER VARCHAR(255),
    MONGO_ADMIN_PASSWORD VARCHAR(1024), DISUSE_FLAG VARCHAR(1), LAST_UPDATE_TIMESTAMP DATETIME(6),
    LAST_UPDATE_USER VARCHAR(40)) ENGINE=InnoDB ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8;
{SAMPLE_TABLES}""",
    "keycloak": """
CREATE TABLE IF NOT EXISTS REALM (ID VARCHAR(36) PRIMARY KEY, NAME VARCHAR(255) UNIQUE, ENABLED BIT(1)) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS USER_ENTITY (ID VARCHAR(36) PRIMARY KEY, USERNAME VARCHAR(255), REALM_ID VARCHAR(36),
    CONSTRAINT FK_REALM FOREIGN KEY (REALM_ID) REFERENCES REALM (ID)) ENGINE=InnoDB;
INSERT IGNORE INTO REALM VALUES ('6b6fcd6e-0000-4000-8000-000000000001', 'master', b'1');
INSERT IGNORE INTO USER_ENTITY VALUES ('u-1', 'admin', '6b6fcd6e-0000-4000-8000-000000000001')""",
}


def run_script(connection, script):
    for statement in script.split(";\n"):
        rows(connection, statement)


def make_database(admin, database, user, password):
    rows(admin, f"CREATE DATABASE IF NOT EXISTS `{database}`")
    rows(admin, "CREATE USER IF NOT EXISTS %s@'%%' IDENTIFIED BY %s", (user, password))
    rows(admin, f"GRANT ALL PRIVILEGES ON `{database}`.* TO %s@'%%' WITH GRANT OPTION", (user,))


def migrate():
    with connect(ENV["DB_ADMIN_USER"], ENV["DB_ADMIN_PASSWORD"]) as admin:
        make_database(admin, ENV["DB_DATABASE"], ENV["DB_USER"], ENV["DB_PASSWORD"])
        admin.select_db(ENV["DB_DATABASE"])
        run_script(admin, SCHEMA[SIDE])
        rows(admin, f"REPLACE INTO {VERSION_TABLE[SIDE]} VALUES (1, %s)", (ENV["APP_VERSION"],))
        if SIDE == "platform":
            database = ENV["KEYCLOAK_DB_DATABASE"]
            make_database(admin, database, ENV["KEYCLOAK_DB_USER"], ENV["KEYCLOAK_DB_PASSWORD"])
            admin.select_db(database)
            run_script(admin, SCHEMA["keycloak"])


def migration():
    while not stop.is_set():
        try:
            migrate()
            print(f"{SIDE}: schema is at {ENV['APP_VERSION']}", flush=True)
            return
        except pymysql.err.OperationalError as error:
            print(error, flush=True)
            stop.wait(1)
    sys.exit(1)


def stop_when_told():
    """A handler is not enough: main() waits for a lock, other threads take the signal, and one in six pods of a busy node
    then does not wake up before it is killed."""
    told = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, told)  # in all threads, as those that come later inherit it

    def wait():
        signal.sigwait(told)
        stop.set()
    threading.Thread(target=wait, daemon=True).start()


def main(role, argument=None):
    stop_when_told()
    if role == "migration":
        return migration()
    if role == "writer":
        return writer(float(argument or 0))
    serve(argument, {"api": check_side, "auth": check_both}.get(role, lambda: "OK"))
    if role == "keycloak":
        keycloak()
    stop.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
