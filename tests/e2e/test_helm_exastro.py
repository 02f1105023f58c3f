"""`helm exastro …` on a system, with both helms: what Helm takes out of the arguments must arrive. Needs `make dist`."""
import base64
import json
import re

import pytest

import checks
from release import HELM_ARCHIVE, Home, Web
from stage import NAMESPACE, tools


@pytest.fixture(scope="module")
def system(stage):
    return stage.small()


@pytest.fixture(scope="module", params=["v34", "v31"])
def home(request, system, tmp_path_factory):
    """The plugin installed from its archive"""
    kubectl, helm = tools(request.param)
    home = Home(tmp_path_factory.mktemp(request.param) / "home", kubectl, helm)
    flags = ["--verify=false"] if home.run("helm", "version", "--short")[0].startswith("v4") else []
    with Web() as address:
        home.run("helm", "plugin", "install", *flags, f"{address}/{HELM_ARCHIVE.name}")
    return home


def test_namespace(home, system):
    out, _ = home.run("helm", "exastro", "find", "-n", NAMESPACE, "--output", "json")
    (event,) = [json.loads(line) for line in out.splitlines() if '"result"' in line]
    assert NAMESPACE in json.dumps(event["result"])
    out, _ = home.run("helm", "exastro", "status", "-n", NAMESPACE)
    assert "helm exastro backup" in out and "kubectl exastro" not in out
    was = checks.settled_versions(system)
    home.run("helm", "exastro", "backup", "--dry-run", "-n", NAMESPACE)
    assert checks.versions(system) == was
    _, err = home.run("helm", "exastro", "find", "-n", "kube-system", expect=3)
    assert "kube-system" in err and "in all others" not in err, "another namespace than the chosen one was searched"


def test_nobody_chose_a_namespace(home, system):
    """Helm says HELM_NAMESPACE=default then, and the system in another namespace must be found all the same"""
    out, _ = home.run("helm", "exastro", "find", "--release", f"{NAMESPACE}/exastro")
    assert NAMESPACE in out


def test_wrong_context(home):
    _, err = home.run("helm", "exastro", "find", "--kube-context", "no-such-context", "-n", NAMESPACE, expect=1)
    assert "no-such-context" in err


def test_debug_is_verbose(home):
    _, err = home.run("helm", "exastro", "find", "-n", NAMESPACE, "--debug")
    assert re.search(r"^\+ kubectl .*get", err, re.MULTILINE)
    _, err = home.run("helm", "exastro", "find", "-n", NAMESPACE)
    assert "+ kubectl" not in err


def test_address_authority_and_token(home, system, tmp_path):
    """All that Helm can be given in the place of a kubeconfig; the token is in no argument, and no file keeps it"""
    config = json.loads(system.cluster.kubectl("config", "view", "--minify", "--raw", "--flatten", "-o", "json"))
    cluster = config["clusters"][0]["cluster"]
    authority = tmp_path / "ca.crt"
    authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    if not system.cluster.kubectl("get", "serviceaccount", "e2e-helm", "-n", NAMESPACE, "--ignore-not-found"):
        system.cluster.kubectl("create", "serviceaccount", "e2e-helm", "-n", NAMESPACE)
        system.cluster.kubectl("create", "rolebinding", "e2e-helm", "-n", NAMESPACE, "--clusterrole=admin",
                               f"--serviceaccount={NAMESPACE}:e2e-helm")
    token = system.cluster.kubectl("create", "token", "e2e-helm", "-n", NAMESPACE, "--duration=1h").strip()
    where = ("--kube-apiserver", cluster["server"], "--kube-ca-file", authority, "-n", NAMESPACE)
    nothing = str(tmp_path / "no-kubeconfig")
    # As a variable it is what --kube-token becomes, and is not printed here with the command.
    out, err = home.run("helm", "exastro", "find", *where, "-v", KUBECONFIG=nothing, HELM_KUBETOKEN=token)
    assert NAMESPACE in out and token not in err
    assert "--user=kubectl-exastro-token" in err and f"--server={cluster['server']}" in err
    _, err = home.run("helm", "exastro", "find", *where, "--kube-token", "wrong", KUBECONFIG=nothing, expect=1)
    # Beside a kubeconfig, the token's user takes the place of the context's.
    _, err = home.run("helm", "exastro", "find", "-n", NAMESPACE, "--kube-token", "wrong", expect=1)
    home.run("helm", "exastro", "find", "-n", NAMESPACE, HELM_KUBETOKEN=token)


def test_impersonation(home):
    _, err = home.run("helm", "exastro", "find", "-n", NAMESPACE, "--kube-as-user", "nobody-at-all", expect=4)
    assert "nobody-at-all" in err
    home.run("helm", "exastro", "find", "-n", NAMESPACE, "--kube-as-user", "nobody-at-all", "--kube-as-group", "system:masters")
