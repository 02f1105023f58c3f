#!/usr/bin/env python3
"""A sample Exastro system on a Kubernetes cluster: install it, fill it, picture it, ruin it, remove it.

    system = install("exastro", "exastro")          # helm install, until everything is ready
    system.load(size_mb=5)
    before = system.snapshot()
    system.destroy()                                # every database, account and file is gone
    ...
    assert not snapshot.compare(before, system.snapshot())
    system.uninstall()

Also a program: `sample.py install|load|status|snapshot|compare|destroy|uninstall --help`.

kubectl and helm are the ones on PATH, the cluster is the current context (KUBECONFIG). Environment:
    SAMPLE_IMAGE      the image of everything, if not the chart's default
    EXASTRO_CLUSTER   "current": a cluster whose Services cannot be reached from here; then a pod asks them
Nothing but Python's standard library is used here; what runs inside the pods needs what the sample image has.
"""
import argparse
import base64
import contextlib
import http.client
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import snapshot as snapshot_module  # noqa: E402

CHART = HERE.parent.parent / "cluster" / "exastro-sample" / "exastro"
LAYOUTS = ("shared", "separate", "two-releases", "two-releases-shared")
DEFAULT_IMAGE = "localhost/exastro-sample:10.11"
WORKLOADS = "deployments.apps,statefulsets.apps"


class Failed(RuntimeError):
    pass


class Cluster:
    """kubectl and helm as calls. Both raise Failed with what the program wrote when it does not end with 0."""

    def __init__(self, kubectl="kubectl", helm="helm"):
        self.kubectl_program, self.helm_program = kubectl, helm

    def kubectl(self, *arguments, stdin=None, check=True, timeout=600):
        return self._run([self.kubectl_program, *arguments], stdin, check, timeout)

    def helm(self, *arguments, stdin=None, check=True, timeout=600):
        return self._run([self.helm_program, *arguments], stdin, check, timeout)

    def get(self, *arguments):
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    @staticmethod
    def _run(command, stdin, check, timeout):
        done = subprocess.run(command, input=stdin if stdin is not None else "", stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=timeout)
        if check and done.returncode:
            raise Failed(f"{' '.join(command[:8])} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
        return done.stdout


class Sample:
    """An installed system. "releases" is [(namespace, release, chart)], the platform's first."""

    def __init__(self, cluster, releases):
        self.cluster, self.releases = cluster, releases
        self.platform_namespace, self.ita_namespace = releases[0][0], releases[-1][0]
        self.namespaces = list(dict.fromkeys(namespace for namespace, _, _ in releases))

    # ---- waiting
    def wait_until_ready(self, timeout=300, http=True):
        """Migrations done, every workload has the ready pods that it wants, the proxy answers 200"""
        deadline = time.monotonic() + timeout
        while True:
            missing = self.not_ready()
            if not missing and http:
                status, text = self.http_status()
                missing = [] if status == 200 else [f"HTTP {status}: {text.strip()}"]
            if not missing:
                return
            if time.monotonic() > deadline:
                raise Failed(f"not ready after {timeout} s: " + "; ".join(missing[:10]))
            time.sleep(1)

    def not_ready(self):
        missing = []
        for namespace in self.namespaces:
            for item in self.cluster.get(WORKLOADS, "-n", namespace)["items"]:
                wanted, status = item["spec"].get("replicas", 1), item["status"]
                if status.get("observedGeneration", 0) < item["metadata"]["generation"] or \
                        (status.get("readyReplicas") or 0) != wanted:
                    missing.append(f"{item['kind']} {item['metadata']['name']}")
            for item in self.cluster.get("pods", "-n", namespace)["items"]:
                name = item["metadata"]["name"]
                if "-migration-" in name and item["status"]["phase"] != "Succeeded":
                    missing.append(f"pod {name} is {item['status']['phase']}")
        return missing

    def http_status(self, timeout=30):
        """(status, body) of the proxy; status 0 when it does not answer at all"""
        service = self.cluster.get("service", "platform-auth", "-n", self.platform_namespace)["spec"]
        url = f"http://{service['clusterIP']}:{service['ports'][0]['port']}/"
        if os.environ.get("EXASTRO_CLUSTER") != "current":
            return fetch(url, timeout)
        program = (f"import urllib.request, urllib.error\ntry:\n r = urllib.request.urlopen({url!r}, timeout={timeout})\n"
                   "except urllib.error.HTTPError as e:\n r = e\nprint(r.status); print(r.read().decode())")
        try:
            answer = self.cluster.kubectl("exec", "-n", self.platform_namespace, "deployment/platform-web", "--", "python3",
                                          "-c", program)
        except Failed as failure:
            return 0, str(failure)
        status, text = answer.split("\n", 1)
        return int(status), text

    # ---- work inside a pod
    def settings(self):
        """What dataset.py and snapshot.py need to know, read from the ConfigMaps and Secrets"""
        config = {}
        for side, namespace, prefix, name in (("platform", self.platform_namespace, "platform", "pf"),
                                              ("ita", self.ita_namespace, "ita", "ita")):
            database = self.config_map(namespace, f"{prefix}-params-{name}-database")
            secret = self.secret(namespace, f"{prefix}-secret-{name}-database")
            host = database["DB_HOST"]
            config[side] = {
                # the tools run in a pod of IT Automation's namespace; a short name means another server there
                "host": f"{host}.{namespace}" if "." not in host and namespace != self.ita_namespace else host,
                "record_host": host, "port": database["DB_PORT"], "database": database["DB_DATABASE"],
                "admin_user": secret["DB_ADMIN_USER"], "admin_password": secret["DB_ADMIN_PASSWORD"],
                "key": self.secret(namespace, f"{prefix}-secret-{name}-global")["ENCRYPT_KEY"]}
        config["storage"] = self.config_map(self.ita_namespace, "ita-params-ita-global")["STORAGEPATH"]
        return config

    def config_map(self, namespace, name):
        return self.cluster.get("configmap", name, "-n", namespace)["data"]

    def secret(self, namespace, name):
        data = self.cluster.get("secret", name, "-n", namespace)["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    @contextlib.contextmanager
    def toolbox(self, user=1000):
        """The name of a pod that has the shared files and the sample's image; gone afterwards, as it holds the claim"""
        name = f"sample-toolbox-{os.getpid()}-{time.time_ns() % 10 ** 6}"
        image = self.cluster.get("deployment", "ita-web-server", "-n", self.ita_namespace)
        image = image["spec"]["template"]["spec"]["containers"][0]["image"]
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": self.ita_namespace}, "spec": {
            "restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "automountServiceAccountToken": False,
            "securityContext": {"runAsUser": user, "runAsGroup": user},
            "containers": [{"name": "toolbox", "image": image, "imagePullPolicy": "IfNotPresent",
                            "command": ["sleep", "86400"], "volumeMounts": [{"name": "storage", "mountPath": "/storage"}]}],
            "volumes": [{"name": "storage", "persistentVolumeClaim": {"claimName": "pvc-ita-global"}}]}}
        self.cluster.kubectl("create", "-f", "-", stdin=json.dumps(pod))
        try:
            self.cluster.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "-n", self.ita_namespace, "--timeout=120s")
            yield name
        finally:
            self.cluster.kubectl("delete", "pod", name, "-n", self.ita_namespace, "--grace-period=0", "--force", check=False)

    def run_inside(self, program, *arguments, settings=None, user=1000, timeout=3600):
        """Run a Python text in a pod, with CONFIG set to the settings; what it printed"""
        text = f"CONFIG = {settings if settings is not None else self.settings()!r}\n{program}"
        with self.toolbox(user) as pod:
            return self.cluster.kubectl("exec", "-i", "-n", self.ita_namespace, pod, "--", "python3", "-", *arguments,
                                        stdin=text, timeout=timeout)

    # ---- what tests ask for
    def load(self, size_mb=5, files=200, orgs=2, seed=1, stranger=False, utf8=False):
        """Make organizations, workspaces, rows and files (dataset.py); the names that were made"""
        arguments = ["--size-mb", str(size_mb), "--files", str(files), "--orgs", str(orgs), "--seed", str(seed)]
        program = (HERE / "dataset.py").read_text()
        return json.loads(self.run_inside(program, *arguments, *(["--stranger"] if stranger else []),
                                          *(["--utf8"] if utf8 else [])))

    def snapshot(self, databases=None, portable=False):
        """A picture of everything, for snapshot.compare(); of the given databases only, or of all on the servers

        A portable one can be compared with that of another version of the server, and takes longer.
        """
        settings = dict(self.settings(), databases=databases, portable=portable)
        program = (HERE / "snapshot.py").read_text()
        for attempt in range(3):
            try:
                picture = json.loads(self.run_inside(program, settings=settings, user=0))
                break
            except json.JSONDecodeError:  # kubectl exec is known to drop the end of a stream
                if attempt == 2:
                    raise
        picture["cluster"] = self.cluster_state()
        return picture

    def cluster_state(self):
        """Replica counts, suspend flags and HPAs"""
        state = {}
        for namespace in self.namespaces:
            replicas = {f"{item['kind']}/{item['metadata']['name']}": item["spec"].get("replicas")
                        for item in self.cluster.get(WORKLOADS, "-n", namespace)["items"]}
            suspended = {item["metadata"]["name"]: bool(item["spec"].get("suspend"))
                         for item in self.cluster.get("cronjobs", "-n", namespace)["items"]}
            scaling = {item["metadata"]["name"]: [item["spec"].get("minReplicas"), item["spec"]["maxReplicas"]]
                       for item in self.cluster.get("horizontalpodautoscalers", "-n", namespace)["items"]}
            state[namespace] = {"replicas": replicas, "suspended": suspended, "scaling": scaling}
        return state

    def destroy(self, keep_service_accounts=False):
        """What a disaster does: drop all databases of Exastro's, its accounts, and delete the shared files.

        A stranger's database and account stay, and so do the administrator's and MariaDB's own accounts.
        """
        kept = ["root", "mariadb.sys", "healthcheck", "stranger", "mysql"]
        if keep_service_accounts:
            kept += ["pf-user", "ITA_USER", "keycloak"]
        self.run_inside(f"KEPT = {kept!r}\n{DISASTER}", user=0)

    def uninstall(self):
        for namespace, release, _ in self.releases:
            self.cluster.helm("uninstall", release, "-n", namespace, check=False)
        self.cluster.kubectl("delete", "namespace", *self.namespaces, "--ignore-not-found", "--wait=true",
                             "--timeout=300s")


DISASTER = r"""
import os, shutil
import pymysql
def rows(connection, statement, arguments=None):
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return cursor.fetchall()
for side in ("platform", "ita"):
    c = CONFIG[side]
    admin = pymysql.connect(host=c["host"], port=int(c["port"]), user=c["admin_user"], password=c["admin_password"],
                            autocommit=True)
    for user, host in rows(admin, "SELECT User, Host FROM mysql.global_priv"):
        if user not in KEPT:
            rows(admin, "DROP USER %s@%s", (user, host))
    own = admin.thread_id()
    for number, user in rows(admin, "SELECT ID, USER FROM information_schema.PROCESSLIST"):
        if user not in ("system user", "event_scheduler", "healthcheck", "stranger") and number != own:
            try:
                rows(admin, "KILL %d" % number)
            except pymysql.err.OperationalError:
                pass
    for (name,) in rows(admin, "SHOW DATABASES"):
        if name.lower() not in ("mysql", "information_schema", "performance_schema", "sys", "stranger_db"):
            rows(admin, "DROP DATABASE `%s`" % name)
for name in os.listdir(CONFIG["storage"]):
    path = os.path.join(CONFIG["storage"], name)
    shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.remove(path)
"""


def fetch(url, timeout):
    try:
        try:
            response = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=timeout)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            return response.status, response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:  # the latter if the answer ends too soon
        return 0, str(error)


def releases_of(namespace, release, layout):
    if layout in ("shared", "separate"):
        return [(namespace, release, CHART)]
    return [(f"{namespace}-platform", f"{release}-platform", CHART / "charts" / "exastro-platform"),
            (f"{namespace}-it-automation", f"{release}-it-automation", CHART / "charts" / "exastro-it-automation")]


def layout_values(layout, namespaces):
    """The values of each layout, in the umbrella's form; for_chart() turns them into a single sub-chart's"""
    values = {"global": {}, "exastro-platform": {"mariadb": {}}, "exastro-it-automation": {"mariadb": {}}}
    ita_database = values["global"]["itaDatabaseDefinition"] = {"config": {}}
    if layout == "separate":
        values["exastro-it-automation"]["mariadb"] = {"enabled": True, "name": "mariadb-ita"}
        ita_database["config"]["DB_HOST"] = "mariadb-ita"
    elif layout == "two-releases":
        values["exastro-it-automation"]["mariadb"] = {"enabled": True}
    elif layout == "two-releases-shared":
        ita_database["config"]["DB_HOST"] = f"mariadb.{namespaces[0]}"
    if layout.startswith("two-releases"):
        values["exastro-platform"]["platform-auth"] = {"extraEnv": {
            "ITA_API_ORG_HOST": f"ita-api-organization.{namespaces[-1]}"}}
    return values


def merged(*layers):
    result = {}
    for layer in layers:
        for key, value in layer.items():
            both = isinstance(value, dict) and isinstance(result.get(key), dict)
            result[key] = merged(result[key], value) if both else value
    return result


def for_chart(values, chart):
    if chart == CHART:
        return values
    return merged(values.get(chart.name, {}), {"global": values.get("global", {})})


def install(namespace, release="exastro", layout="shared", mariadb_image=None, image=None, kubectl="kubectl", helm="helm",
            values=None, storage_class="", wait=True, timeout=300):
    """helm install into new namespaces, then wait until the migrations are done and everything is ready.

    Two releases are named <release>-platform and <release>-it-automation, in namespaces named likewise. values are in the
    umbrella chart's form and come on top. mariadb_image lets the server's version differ. storage_class "" is the cluster's
    default, "-" none.
    """
    releases = releases_of(namespace, release, layout)
    sample = Sample(Cluster(kubectl, helm), releases)
    persistence = {"persistence": {"storageClass": storage_class}}
    mariadb = merged(persistence, {"image": mariadb_image} if mariadb_image else {})
    image = image or os.environ.get("SAMPLE_IMAGE") or DEFAULT_IMAGE
    every = {"global": {"sampleImage": image, "itaGlobalDefinition": persistence, "pfAuditLogDefinition": persistence},
             "exastro-platform": {"mariadb": mariadb, "mongo": persistence}, "exastro-it-automation": {"mariadb": mariadb}}
    together = merged(every, layout_values(layout, sample.namespaces), values or {})
    for where, name, chart in releases:
        sample.cluster.helm("install", name, str(chart), "-n", where, "--create-namespace", "-f", "-",
                            stdin=json.dumps(for_chart(together, chart)))
    if wait:
        sample.wait_until_ready(timeout)
    return sample


def existing(namespace, release="exastro", layout="shared", kubectl="kubectl", helm="helm"):
    """A system that install() has made before"""
    return Sample(Cluster(kubectl, helm), releases_of(namespace, release, layout))


# ---- the program ---------------------------------------------------------------------------------------------------

def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("verb", choices=("install", "load", "status", "snapshot", "compare", "destroy", "uninstall"))
    parser.add_argument("files_", nargs="*", metavar="FILE", help="snapshot: one to write, compare: two to read")
    parser.add_argument("-n", "--namespace", default="exastro")
    parser.add_argument("--release", default="exastro")
    parser.add_argument("--layout", choices=LAYOUTS, default="shared")
    parser.add_argument("--mariadb-image")
    parser.add_argument("--values", help="a JSON file, in the form of the umbrella's values")
    parser.add_argument("--size-mb", type=float, default=5)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--orgs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stranger", action="store_true")
    options = parser.parse_args()
    started = time.monotonic()
    if options.verb == "compare":
        pictures = [json.loads(pathlib.Path(name).read_text()) for name in options.files_]
        differences = snapshot_module.compare(*pictures)
        print("\n".join(differences) or "no difference")
        return 1 if differences else 0
    if options.verb == "install":
        values = json.loads(pathlib.Path(options.values).read_text()) if options.values else None
        install(options.namespace, options.release, options.layout, options.mariadb_image, values=values)
    else:
        system = existing(options.namespace, options.release, options.layout)
        if options.verb == "load":
            print(json.dumps(system.load(options.size_mb, options.files, options.orgs, options.seed, options.stranger)))
        elif options.verb == "status":
            print("not ready:", system.not_ready() or "nothing")
            print("HTTP %d: %s" % system.http_status())
        elif options.verb == "snapshot":
            pathlib.Path(options.files_[0]).write_text(json.dumps(system.snapshot(), indent=1, sort_keys=True))
        elif options.verb == "destroy":
            system.destroy()
        else:
            system.uninstall()
    print(f"{options.verb}: {time.monotonic() - started:.1f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
