"""Fills a sample release with organizations, workspaces, rows and files that a careless backup would damage.

Runs inside a pod of the release, as the application's user (sample.py does that): Debian's python3, pymysql and
python3-cryptography are all it needs. The settings are a JSON object in CONFIG, which the caller puts before this text, or in
the file named by --config:

    {"platform": {"host", "port", "database", "admin_user", "admin_password", "key",
                  "record_host"},            what connection records shall say, when it differs from "host"
     "ita":      {the same},
     "storage": "/storage/"}

Prints a JSON object: what was made. With the same seed it makes the same names, rows and files; passwords too.
"""
import argparse
import base64
import json
import os
import random
import string
import sys

import pymysql
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PASSWORD_MARKS = "!#%&()*+,-./;<=>?@[]^_{|}~"
JAPANESE = "日本語の説明文です。構築作業を自動化し、人の手による誤りを減らす。𠮷野家で😀絵文字🇯🇵👨‍👩‍👧も"

#: Texts that a filter, a shell or a client without --binary-mode would change.
NASTY = [
    None, "", " ", "NULL", "\\N",
    "it's \"quoted\" `so` \\ and \\\\ and \\' and ''",
    "line\r\nline\r\n\r\nbare\rreturn\nfeed\ttab",
    "before\0after\0",
    "\x1a control \x01\x02\x7f \b",
    "text\n\\! touch /tmp/obeyed\n\\q\n\\. /etc/passwd\n",
    "/*!50013 DEFINER=`root`@`%` SQL SECURITY DEFINER */",
    "CREATE DEFINER=`root`@`%` PROCEDURE p() BEGIN END */",
    "x DEFINER=`root`@`%` */ y', (1,2); DROP DATABASE ita_db; -- ",
    "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER t */",
    "DELIMITER ;;\nselect 1;;\nDELIMITER ;\n",
    "-- Dump completed on 2026-01-01  0:00:00\n",
    "\n-- Dump completed\n/*M!999999\\- enable the sandbox mode */\nUSE `mysql`;\n",
    "$(touch /tmp/obeyed) `touch /tmp/obeyed` ${HOME} %s %d %%",
    "%PDF-1.4 <xml>&amp;</xml> {\"json\": \"\\u00e9\\n\"}",
    JAPANESE, JAPANESE * 40,
    "x" * 70000,
]


class Generator:
    def __init__(self, config, options):
        self.config = config
        self.options = options
        self.random = random.Random(options.seed)
        self.made = {"organizations": [], "databases": [], "accounts": [], "files": 0}
        self.servers = {side: self.admin(side) for side in ("platform", "ita")}

    # ---- connections and secrets
    def admin(self, side):
        c = self.config[side]
        return pymysql.connect(host=c["host"], port=int(c["port"]), user=c["admin_user"], password=c["admin_password"],
                               charset="utf8mb4", autocommit=True, local_infile=False)

    def do(self, side, statement, arguments=None, database=None):
        connection = self.servers[side]
        with connection.cursor() as cursor:
            if database:
                connection.select_db(database)
            cursor.execute(statement, arguments)
            return cursor.fetchall()

    def encrypt(self, side, text):
        iv = bytes(self.random.getrandbits(8) for _ in range(16))
        raw = text.encode()
        raw += bytes([16 - len(raw) % 16]) * (16 - len(raw) % 16)
        key = base64.b64decode(self.config[side]["key"])
        cipher = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
        return base64.b64encode(iv + cipher.update(raw) + cipher.finalize()).decode()

    def token(self, length=20):
        return "".join(self.random.choices(string.ascii_uppercase + string.digits, k=length))

    def password(self):
        """16 characters; from the third account on, whatever comes. The first two hold every mark there is."""
        count = len(self.made["accounts"])
        if count < 2:
            return "aZ0" + PASSWORD_MARKS[count * 13:count * 13 + 13]
        return "".join(self.random.choices(string.ascii_letters + string.digits + PASSWORD_MARKS * 2, k=16))

    def database(self, side, name):
        """A database with its own account of the same name; (name, password)"""
        password = self.password()
        self.do(side, f"CREATE DATABASE `{name}`")
        self.do(side, "CREATE USER %s@'%%' IDENTIFIED BY %s", (name, password))
        self.do(side, f"GRANT ALL PRIVILEGES ON `{name}`.* TO %s@'%%' WITH GRANT OPTION", (name,))
        self.made["databases"].append(name)
        self.made["accounts"].append(name)
        return name, password

    def record(self, side, name, password):
        c = self.config[side]
        return {"DB_HOST": c.get("record_host", c["host"]), "DB_PORT": int(c["port"]), "DB_DATABASE": name, "DB_USER": name,
                "DB_PASSWORD": self.encrypt(side, password)}

    def insert(self, side, database, table, values):
        names = ", ".join(f"`{key}`" for key in values)
        marks = ", ".join(["%s"] * len(values))
        self.do(side, f"INSERT INTO `{table}` ({names}) VALUES ({marks})", list(values.values()), database)

    # ---- the whole
    def run(self):
        spaces = []
        for number in range(self.options.orgs):
            organization = f"org{number + 1}-{self.token(4).lower()}"
            spaces += self.organization(organization, number)
        for number, (organization, workspace, database) in enumerate(spaces):
            # Exastro's own tables are all in UTF-8; a dump is made in another way where one is not.
            other = "latin1 COLLATE latin1_swedish_ci" if number == 0 and not self.options.utf8 else "utf8mb4"
            self.rows(database, self.options.size_mb / max(1, len(spaces)), other)
            self.objects(database, spaces[0][2])
            if number == 0:
                self.granted_account(database)
        self.files(spaces)
        if self.options.stranger:
            self.stranger()
        return self.made

    def organization(self, name, number):
        platform, ita = self.config["platform"], self.config["ita"]
        pf, pf_password = self.database("platform", "PF_ORG_" + self.token())
        own, own_password = self.database("ita", "ITA_ORG_" + self.token())
        self.insert("platform", platform["database"], "T_ORGANIZATION", {
            "ORGANIZATION_ID": name, "ORGANIZATION_NAME": f"組織 {number}", "INFORMATIONS": json.dumps({"text": JAPANESE})})
        self.insert("platform", platform["database"], "T_ORGANIZATION_DB",
                    {"ORGANIZATION_ID": name, **self.record("platform", pf, pf_password)})
        self.insert("ita", ita["database"], "T_COMN_ORGANIZATION_DB_INFO", {
            "PRIMARY_KEY": self.token(36), "ORGANIZATION_ID": name, **self.record("ita", own, own_password),
            "DB_ADMIN_USER": ita["admin_user"], "DB_ADMIN_PASSWORD": self.encrypt("ita", ita["admin_password"]),
            "MONGO_OWNER": "", "DISUSE_FLAG": "0"})
        # As pfadmin would find it in the user interface: a realm for each organization
        self.insert("platform", "keycloak", "REALM", {"ID": self.token(36), "NAME": name, "ENABLED": b"\1"})
        record = """(WORKSPACE_ID VARCHAR(36) PRIMARY KEY, DB_HOST VARCHAR(255), DB_PORT INT, DB_DATABASE VARCHAR(255),
            DB_USER VARCHAR(255), DB_PASSWORD VARCHAR(1024)%s) ENGINE=InnoDB ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8"""
        self.do("platform", "CREATE TABLE T_WORKSPACE_DB " + record % "", None, pf)
        self.do("ita", "CREATE TABLE T_COMN_WORKSPACE_DB_INFO " + record % """, PRIMARY_KEY VARCHAR(40),
            MONGO_CONNECTION_STRING VARCHAR(512), MONGO_DATABASE VARCHAR(255), MONGO_USER VARCHAR(255),
            MONGO_PASSWORD VARCHAR(1024)""", None, own)
        self.do("platform", "CREATE TABLE T_WORKSPACE (WORKSPACE_ID VARCHAR(36) PRIMARY KEY, WORKSPACE_NAME VARCHAR(255))"
                " ENGINE=InnoDB", None, pf)
        spaces = []
        for index in range(1 + (number + 1) % 2):
            workspace = f"ws{index + 1}"
            space, password = self.database("ita", "ITA_WS_" + self.token())
            self.insert("platform", pf, "T_WORKSPACE", {"WORKSPACE_ID": workspace, "WORKSPACE_NAME": f"作業場 {index}"})
            self.insert("platform", pf, "T_WORKSPACE_DB",
                        {"WORKSPACE_ID": workspace, **self.record("platform", pf, pf_password)})
            self.insert("ita", own, "T_COMN_WORKSPACE_DB_INFO", {
                "WORKSPACE_ID": workspace, "PRIMARY_KEY": self.token(36), **self.record("ita", space, password),
                "MONGO_DATABASE": "", "MONGO_PASSWORD": ""})
            spaces.append((name, workspace, space))
        self.made["organizations"].append({"organization": name, "platform_database": pf, "ita_database": own,
                                           "workspaces": [{"workspace": w, "database": d} for _, w, d in spaces]})
        return spaces

    # ---- rows
    def rows(self, database, size_mb, other):
        do = lambda statement, arguments=None: self.do("ita", statement, arguments, database)  # noqa: E731
        do("CREATE TABLE T_SAMPLE_HEARTBEAT (COMPONENT VARCHAR(64) PRIMARY KEY, BEATS BIGINT NOT NULL, AT DATETIME(6))"
           " ENGINE=InnoDB")
        do("CREATE TABLE T_SAMPLE_TICK (ID BIGINT AUTO_INCREMENT PRIMARY KEY, AT DATETIME(6)) ENGINE=InnoDB")
        do("""CREATE TABLE T_NASTY (ID INT AUTO_INCREMENT PRIMARY KEY, WHAT VARCHAR(40) CHARACTER SET ascii, TXT LONGTEXT,
              BIN LONGBLOB, DOUBLED BIGINT GENERATED ALWAYS AS (CHAR_LENGTH(WHAT) * 2) STORED,
              LEN INT GENERATED ALWAYS AS (CHAR_LENGTH(TXT)) VIRTUAL, KEY (DOUBLED)) ENGINE=InnoDB
              ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8 COMMENT='it''s a \\\\ "comment" 表'""")
        for text in NASTY:
            blob = None if text is None else text.encode() + bytes(range(256))
            do("INSERT INTO T_NASTY (WHAT, TXT, BIN) VALUES ('text', %s, %s)", (text, blob))
        do("INSERT INTO T_NASTY (WHAT, BIN) VALUES ('bytes', %s)", (bytes(range(256)) * 1000,))
        do("INSERT INTO T_NASTY (WHAT, BIN) VALUES ('sql in bytes', %s)",
           (b"\xff\xfe');\n/*!50013 DEFINER=`root`@`%` */\r\n\0\\\xe3\x81",))
        do("""CREATE TABLE T_TYPES (ID BIGINT UNSIGNED PRIMARY KEY, B1 BIT(1), B64 BIT(64), T TINYINT, D DECIMAL(38,10),
              F FLOAT, G DOUBLE, DT DATETIME(6), TS TIMESTAMP(6) NULL, DD DATE, TT TIME(6), Y YEAR,
              E ENUM('a','b''c','日本'), S SET('x','y''s','z'), J JSON, U UUID_OR_CHAR, VB VARBINARY(300), C CHAR(10),
              M MEDIUMTEXT CHARACTER SET utf8mb3, L VARCHAR(50) CHARACTER SET OTHER) ENGINE=InnoDB"""
           .replace("UUID_OR_CHAR", "CHAR(36) CHARACTER SET ascii").replace("OTHER", other))
        do("""INSERT INTO T_TYPES VALUES
              (0, b'0', 0, -128, -9999999999999999999999999999.9999999999, 1.1, 1e-300, '1000-01-01 00:00:00.000001',
               '1970-01-01 12:00:01.5', '0001-01-01', '-838:59:59.999999', 1901, 'b''c', 'x,z', '{"a": "\\\\n"}', UUID(),
               X'00FF0D0A275C', 'pad  ', 'あ', 'é'),
              (18446744073709551615, b'1', 18446744073709551615, 127, 0.0000000001, 3.4e38, 1.7976931348623157e308,
               '9999-12-31 23:59:59.999999', '2037-12-31 23:59:59.999999', '9999-12-31', '838:59:59', 2155, '日本', '',
               '[1,2.5,null]', NULL, '', '', '', ''),
              (7, NULL, NULL, NULL, NULL, 0.1, 0.1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
               NULL)""")
        do("CREATE TABLE `T odd \"name\" 日本 ``x``;--` (`a b` INT PRIMARY KEY, `select` VARCHAR(9), `日本` INT DEFAULT 5)")
        do("INSERT INTO `T odd \"name\" 日本 ``x``;--` VALUES (1, 'x', 2), (2, NULL, NULL)")
        do("CREATE TABLE T_EMPTY (ID INT AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB AUTO_INCREMENT=12345")
        do("CREATE TABLE T_PARENT (ID INT PRIMARY KEY, NAME VARCHAR(20)) ENGINE=InnoDB")
        do("CREATE TABLE T_CHILD (ID INT PRIMARY KEY, PARENT INT, CONSTRAINT FK_PARENT FOREIGN KEY (PARENT) REFERENCES"
           " T_PARENT (ID) ON DELETE CASCADE, CHECK (ID > 0)) ENGINE=InnoDB")
        do("INSERT INTO T_PARENT VALUES (1, '親'), (2, NULL)")
        do("INSERT INTO T_CHILD VALUES (1, 1), (2, 2), (3, NULL)")
        do("CREATE TABLE T_PARTS (ID INT, AT DATE, PRIMARY KEY (ID, AT)) ENGINE=InnoDB PARTITION BY RANGE (YEAR(AT))"
           " (PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN MAXVALUE)")
        do("INSERT INTO T_PARTS VALUES (1, '2019-01-01'), (2, '2026-01-01')")
        do("CREATE TABLE T_ARIA (ID INT PRIMARY KEY, X TEXT) ENGINE=Aria")
        do("INSERT INTO T_ARIA VALUES (1, 'not InnoDB')")
        do("CREATE SEQUENCE SEQ_CACHED START WITH 100 INCREMENT BY 5 CACHE 1000")
        do("CREATE SEQUENCE SEQ_PLAIN START WITH 1 NOCACHE")
        for name in ("SEQ_CACHED", "SEQ_PLAIN", "SEQ_PLAIN"):
            do(f"SELECT NEXTVAL({name})")
        self.bulk(do, size_mb)

    def bulk(self, do, size_mb):
        """About size_mb of rows: random hex and words, which gzip brings to about a third, with some Japanese."""
        row = 4000
        do("""CREATE TABLE T_BULK (ID BIGINT AUTO_INCREMENT PRIMARY KEY, KEY_COLUMN CHAR(32), TXT MEDIUMTEXT,
              UPDATED DATETIME(6), KEY (KEY_COLUMN)) ENGINE=InnoDB""")
        total = int(size_mb * 1e6 / row)
        # Every call of RAND takes its own value, whatever the seed: rows differ, and that is enough.
        digest = "MD5(CONCAT(s.seq, ':', %d))"
        seed = self.options.seed
        parts = [digest % (seed * 100 + n) for n in range(20)]
        piece = "CONCAT(" + ", ".join(f"{p}, 'ITA の作業 conductor operation ', s.seq, '\\n'" for p in parts) + ")"
        for start in range(1, total + 1, 2000):
            end = min(total, start + 1999)
            do(f"INSERT INTO T_BULK (KEY_COLUMN, TXT, UPDATED) SELECT {parts[0]}, CONCAT({piece}, REVERSE({piece})),"
               f" '2026-01-02 03:04:05.000006' + INTERVAL s.seq SECOND FROM seq_{start}_to_{end} s")

    # ---- views, triggers, routines, events
    def objects(self, database, first):
        """Objects by definers of different accounts: the workspace's own, the first workspace's, the administrator."""
        admin = self.config["ita"]["admin_user"]
        own, other, root = f"`{database}`@`%`", f"`{first}`@`%`", f"`{admin}`@`%`"
        do = lambda statement: self.do("ita", statement, None, database)  # noqa: E731
        if database != first:  # a definer is checked when the object is used: he needs the rights
            do(f"GRANT ALL PRIVILEGES ON `{database}`.* TO {other}")
        do(f"CREATE DEFINER={own} SQL SECURITY DEFINER VIEW V_BASE AS SELECT ID, TXT FROM T_NASTY WHERE TXT <> 'a\\'b*/'")
        do(f"CREATE ALGORITHM=MERGE DEFINER={other} SQL SECURITY INVOKER VIEW A_ON_VIEW AS SELECT * FROM V_BASE")
        do(f"CREATE DEFINER={root} VIEW V_WITH_TEXT AS SELECT 'DEFINER=`root`@`%` */' AS `DEFINER=```, 'q''s 日本' AS q,"
           f" `T odd \"name\" 日本 ``x``;--`.* FROM `T odd \"name\" 日本 ``x``;--`")
        do(f"CREATE DEFINER={own} VIEW V_CHECKED AS SELECT ID, NAME FROM T_PARENT WHERE ID < 100 WITH CASCADED CHECK OPTION")
        do("CREATE TABLE T_AUDIT (ID INT AUTO_INCREMENT PRIMARY KEY, WHAT TEXT) ENGINE=InnoDB")
        do(f"""CREATE DEFINER={root} TRIGGER TR_CHILD AFTER INSERT ON T_CHILD FOR EACH ROW BEGIN
  -- /*!50003 CREATE*/ /*!50017 DEFINER=`x`@`y`*/ is only a comment
  INSERT INTO T_AUDIT (WHAT) VALUES (CONCAT('child ', NEW.ID, ' DEFINER=`root`@`%` */'));
END""")
        do(f"CREATE DEFINER={own} TRIGGER TR_CHILD_2 AFTER INSERT ON T_CHILD FOR EACH ROW FOLLOWS TR_CHILD"
           " INSERT INTO T_AUDIT (WHAT) VALUES ('second')")
        do(f"CREATE DEFINER={other} TRIGGER TR_BEFORE BEFORE UPDATE ON T_PARENT FOR EACH ROW SET NEW.NAME = UPPER(NEW.NAME)")
        do("SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_AUTO_VALUE_ON_ZERO'")
        do(f'CREATE DEFINER={own} PROCEDURE "P_ANSI" (OUT x TEXT) SQL SECURITY INVOKER SELECT "a" || \'b\' INTO x'
           ' FROM (SELECT \'c\' AS "a") AS "t"')
        do("SET SESSION sql_mode = DEFAULT")
        do(f"""CREATE DEFINER={other} PROCEDURE P_LOOKS_LIKE_A_DUMP (IN a INT, INOUT b VARCHAR(20) CHARSET utf8mb4)
  MODIFIES SQL DATA COMMENT 'DEFINER=`root`@`%` */'
BEGIN
  DECLARE t TEXT DEFAULT '
CREATE DEFINER=`root`@`%` PROCEDURE `fake`()
/*!50003 CREATE*/ /*!50020 DEFINER=`root`@`%`*/ /*!50003 FUNCTION `fake`() */
DELIMITER ;;
INSERT INTO `x` VALUES (1);;
DELIMITER ;
-- Dump completed
\\\\! touch /tmp/obeyed
';
  /* CREATE DEFINER=`root`@`%` FUNCTION f
DELIMITER ;;
     ;; */
  SET b = CONCAT(t, a, 'x'), @`odd;name` = "DEFINER=`a`@`b`"; # DEFINER=`c`@`d` PROCEDURE
END""")
        do(f"CREATE DEFINER={root} PROCEDURE P_WITH_CR ()\r\nBEGIN\r\n  SELECT 'a\r\nb';\r\n  -- end\r\nEND")
        do(f"CREATE DEFINER={own} PROCEDURE P_ENDS_IN_JAPANESE () SELECT COUNT(*) AS 件数 FROM T_PARENT AS 表")
        do(f"CREATE DEFINER={own} FUNCTION F_TWICE (a INT) RETURNS INT DETERMINISTIC RETURN a * 2")
        do(f"CREATE DEFINER={root} FUNCTION `F 日本` (s TEXT CHARSET utf8mb4) RETURNS TEXT CHARSET utf8mb4 NO SQL"
           " SQL SECURITY INVOKER RETURN CONCAT(s, '日本😀')")
        do(f"CREATE DEFINER={own} VIEW V_USES_FUNCTION AS SELECT F_TWICE(ID) AS twice FROM T_PARENT")
        do(f"CREATE DEFINER={own} EVENT EV_TICK ON SCHEDULE EVERY 3 SECOND STARTS '2026-01-01 00:00:00' DO"
           " INSERT INTO T_SAMPLE_TICK (AT) VALUES (NOW(6))")
        do(f"CREATE DEFINER={root} EVENT EV_LATER ON SCHEDULE AT '2037-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE"
           " COMMENT 'CREATE DEFINER=`x`@`%` EVENT' DO BEGIN\r\n  SELECT 'DEFINER=`root`@`%` */';\r\nEND")
        do("INSERT INTO T_CHILD VALUES (10, 1)")

    def granted_account(self, database):
        """An account with rights of every level, a second host, and an old password format's absence of quotes"""
        user = "report user's `x`"
        hosts = ("%", "10.%")
        for host in hosts:
            self.do("ita", "CREATE USER IF NOT EXISTS %s@%s IDENTIFIED BY %s", (user, host, self.password()))
        grant = lambda what: self.do("ita", f"GRANT {what} TO %s@'%%'", (user,))  # noqa: E731
        grant(f"SELECT, SHOW VIEW ON `{database}`.*")
        grant(f"INSERT, UPDATE ON `{database}`.`T_PARENT`")
        grant(f"SELECT (`ID`, `TXT`), UPDATE (`TXT`) ON `{database}`.`T_NASTY`")
        grant(f"EXECUTE ON PROCEDURE `{database}`.`P_WITH_CR`")
        grant(f"EXECUTE ON FUNCTION `{database}`.`F_TWICE`")
        grant(f"SELECT ON `{database}`.`V_BASE`")
        self.do("ita", f"ALTER USER %s@'10.%%' WITH MAX_USER_CONNECTIONS 5", (user,))
        self.made["accounts"].append(user)

    def stranger(self):
        self.do("ita", "CREATE DATABASE IF NOT EXISTS stranger_db")
        self.do("ita", "CREATE USER IF NOT EXISTS stranger@'%%' IDENTIFIED BY 'not yours'", ())
        self.do("ita", "GRANT ALL PRIVILEGES ON stranger_db.* TO stranger@'%%'", ())
        self.do("ita", "CREATE OR REPLACE TABLE stranger_db.ledger (id INT PRIMARY KEY, entry TEXT)")
        self.do("ita", "INSERT INTO stranger_db.ledger VALUES (1, 'somebody else''s')")
        self.made["stranger"] = "stranger_db"

    # ---- files
    def files(self, spaces):
        storage = self.config["storage"]
        for organization, workspace, _ in spaces:
            self.odd_files(os.path.join(storage, organization, workspace))
        count = max(0, self.options.files)
        for number in range(count):
            organization, workspace, _ = spaces[number % len(spaces)]
            folder = os.path.join(storage, organization, workspace, "uploadfiles", f"{number % 97:02}", f"メニュー {number % 7}")
            size = self.random.choice((0, 1, 100, 511, 512, 513, 4000, 20000))
            self.file(os.path.join(folder, f"file{number}.dat"), self.random.randbytes(size))

    def file(self, path, content, mode=0o644, nanoseconds=None):
        """One file, its modification time somewhere in the past with nanoseconds"""
        if isinstance(path, str):
            path = os.fsencode(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(path, mode)
        time = nanoseconds or 1_500_000_000_000_000_000 + self.random.randrange(10 ** 17)
        os.utime(path, ns=(time, time))
        self.made["files"] += 1

    def odd_files(self, base):
        join = os.path.join
        for mode in (0o600, 0o755, 0o444, 0o640, 0o4755, 0o666):
            self.file(join(base, "modes", f"mode-{mode:o}"), b"%o\n" % mode, mode)
        for name in ("日本語 の ファイル.txt", "-leading-dash", "--checkpoint-action=exec=true", "it's \"quoted\" \\ back",
                     " leading and trailing ", "$(touch obeyed)", "`x`", "a*b?[c]", "new\nline", "tab\there", "#;&|<>", "😀",
                     "..dots", "~", "x" * 255, "%s%d", "C:\\x", "か\u3099が"):
            self.file(join(base, "names", name), name.encode() + b"\r\n\0\xff")
        self.file(os.fsencode(join(base, "names")) + b"/latin1-\xe9\xff", b"not UTF-8 in the name")
        self.file(join(base, "long", "日本語" * 12, "n" * 120 + ".txt"), b"over 100")
        self.file(join(base, "long", *["深い階層" * 10 + str(n) for n in range(5)], "deep.txt"), b"over 255")
        self.file(join(base, "times", "old"), b"1970", nanoseconds=1)
        self.file(join(base, "times", "future"), b"2100", nanoseconds=4_102_444_800_123_456_789)
        self.file(join(base, "times", "precise"), b"ns", nanoseconds=1_700_000_000_987_654_321)
        self.file(join(base, "empty", "file"), b"")
        for name in ("empty/folder", "empty/空のフォルダ", "setgid", "private"):
            os.makedirs(join(base, name), exist_ok=True)
        self.file(join(base, "setgid", "inside"), b"in a setgid folder")
        links = join(base, "links")
        self.file(join(links, "target 日本.txt"), b"linked")
        for target, name in (("target 日本.txt", "relative"), ("/storage/does not exist", "dangling"), ("..", "parent"),
                             ("loop", "loop"), ("t" * 300, "long target"), ("../empty/folder", "folder")):
            os.symlink(target, join(links, name))
            os.utime(join(links, name), ns=(1_600_000_000_111_111_111,) * 2, follow_symlinks=False)
        for name in ("hard 1", "hard 2"):
            os.link(join(links, "target 日本.txt"), join(links, name))
        sparse = join(base, "sparse.bin")
        with open(sparse, "wb") as file:
            file.seek(3_000_000)
            file.write(b"in the middle")
            file.truncate(8_000_000)
        os.utime(sparse, ns=(1_650_000_000_222_222_222,) * 2)
        for name, mode in (("setgid", 0o2775), ("private", 0o700), ("empty/folder", 0o555), ("names", 0o1777)):
            os.chmod(join(base, name), mode)
        for folder in ("private", "empty/folder", "empty", "names", "links"):
            os.utime(join(base, folder), ns=(1_620_000_000_333_333_333,) * 2)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", help="a JSON file with the settings")
    parser.add_argument("--size-mb", type=float, default=5, help="rows, in MB")
    parser.add_argument("--files", type=int, default=200, help="ordinary files beside the odd ones")
    parser.add_argument("--orgs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--utf8", action="store_true", help="no text in another character set")
    parser.add_argument("--stranger", action="store_true", help="also a database and an account of somebody else")
    options = parser.parse_args()
    config = json.load(open(options.config)) if options.config else globals()["CONFIG"]
    os.umask(0o022)
    json.dump(Generator(config, options).run(), sys.stdout)


if __name__ == "__main__":
    main()
