# The database server of the sample release: what the mariadb image's entry point does, in short.
# Arguments are passed on to the server. The volume may be empty, or another version's.
set -eu
data=/var/lib/mysql

if [ "${REINSTALL:-false}" = true ]; then
  echo "mariadb.persistence.reinstall is on: wiping $data"
  find "$data" -mindepth 1 -delete
fi
mkdir -p /run/mysqld
chown mysql /run/mysqld "$data"

set -- --defaults-file=/etc/mysql/exastro.d/my_custom.cnf --user=mysql --datadir="$data" --bind-address=0.0.0.0 \
  --socket=/run/mysqld/mysqld.sock --pid-file=/run/mysqld/mysqld.pid --skip-name-resolve "$@"

if [ ! -d "$data/mysql" ]; then
  echo "new database in $data"
  mariadb-install-db --no-defaults --user=mysql --datadir="$data" --lower-case-table-names=1 \
    --auth-root-authentication-method=normal --skip-test-db >/tmp/install-db.log 2>&1 || { cat /tmp/install-db.log; exit 1; }
  password=$(printf %s "$MARIADB_ROOT_PASSWORD" | sed "s/\\\\/\\\\\\\\/g; s/'/''/g")
  healthcheck=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  first=/tmp/first-start.sql
  (umask 077 && cat >"$first") <<SQL
DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');
FLUSH PRIVILEGES;
ALTER USER 'root'@'localhost' IDENTIFIED BY '$password';
CREATE USER 'root'@'%' IDENTIFIED BY '$password';
GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;
GRANT ALL PRIVILEGES ON *.* TO 'root'@'localhost' WITH GRANT OPTION;
CREATE USER 'healthcheck'@'localhost' IDENTIFIED BY '$healthcheck';
CREATE USER 'healthcheck'@'127.0.0.1' IDENTIFIED BY '$healthcheck';
SQL
  chown mysql "$first"
  printf '[client]\nuser=healthcheck\npassword=%s\nsocket=/run/mysqld/mysqld.sock\n' "$healthcheck" >"$data/.my-healthcheck.cnf"
  chown mysql "$data/.my-healthcheck.cnf"
  chmod 0600 "$data/.my-healthcheck.cnf"
  set -- "$@" --init-file="$first"
fi
exec mariadbd "$@"
