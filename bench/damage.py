"""Takes one row out of every table of the workspaces and every hundredth shared file: a restore has to bring them back.

Runs in a pod, with CONFIG as sample.py sets it. Prints how many rows and files are gone.
"""
import os

import pymysql

side = CONFIG["ita"]  # noqa: F821
connection = pymysql.connect(host=side["host"], port=int(side["port"]), user=side["admin_user"], password=side["admin_password"],
                             autocommit=True)
with connection.cursor() as cursor:
    cursor.execute("SET SESSION foreign_key_checks = 0")
    cursor.execute("SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' "
                   "AND TABLE_SCHEMA LIKE 'ita\\_ws\\_%'")
    rows = 0
    for schema, table in cursor.fetchall():
        rows += cursor.execute("DELETE FROM `{}`.`{}` LIMIT 1".format(schema.replace("`", "``"), table.replace("`", "``")))
# The sample has a link whose target is too long to be looked at: os.walk() passes it by.
paths = [os.path.join(folder, name) for folder, _, names in os.walk(CONFIG["storage"]) for name in names]  # noqa: F821
files = sorted(path for path in paths if not os.path.islink(path))[::100]
for path in files:
    os.unlink(path)
print(rows, len(files))
