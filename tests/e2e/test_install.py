"""The release as people install it, into clean directories, with the real kubectl and both helms. Needs `make dist`."""
import hashlib
import os
import re
import shutil
import stat
import subprocess
import tarfile

import pytest
import yaml

from plugin import REPOSITORY
from release import ARCHIVE, CHECKSUMS, DIST, HELM_ARCHIVE, MANIFEST, VERSION, Home, Web
from stage import tools

PAIRS = pytest.mark.parametrize("pair", ["v34", "v31"])
COMMANDS = {"backup", "fetch", "restore", "reinstall", "verify", "inspect", "status", "find", "keys", "stop", "start", "completion"}


@pytest.fixture(scope="module", autouse=True)
def built():
    assert ARCHIVE.exists(), f"{ARCHIVE} is not built; run: make dist"


@pytest.fixture
def unpacked(tmp_path):
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path / "unpacked")
    return tmp_path / "unpacked"


# ---- the archive ---------------------------------------------------------------------------------------------------

def test_what_is_in_the_archive(unpacked):
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in unpacked.rglob("*")}
    assert modes == {"kubectl-exastro": 0o755, "kubectl_complete-exastro": 0o755, "LICENSE": 0o644,
                     "THIRD-PARTY-LICENSES": 0o644}
    assert (unpacked / "LICENSE").read_bytes() == (REPOSITORY / "LICENSE").read_bytes()
    subprocess.run(["sha256sum", "--check", "--strict", CHECKSUMS.name], cwd=DIST, check=True)
    assert {line.split()[1] for line in CHECKSUMS.read_text().splitlines()} == {ARCHIVE.name, HELM_ARCHIVE.name}


def test_the_program_needs_nothing_of_the_machine(unpacked):
    program = unpacked / "kubectl-exastro"
    headers = subprocess.run(["readelf", "--wide", "--program-headers", "--sections", program], stdout=subprocess.PIPE, text=True,
                             check=True).stdout
    assert "INTERP" not in headers and ".dynamic" not in headers, "not static"
    assert ".symtab" not in headers and ".debug" not in headers, "not stripped"
    assert str(REPOSITORY).encode() not in program.read_bytes(), "tells where it was built"
    # A folder that holds the program and nothing else is all that it sees.
    alone = unpacked.parent / "alone"
    alone.mkdir()
    shutil.copy(program, alone)
    into = ["chroot"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "chroot"]
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    for flag, expected in (("--version", VERSION + "\n"), ("--help", None)):
        done = subprocess.run([*into, alone, "/kubectl-exastro", flag], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env={"PATH": path})
        assert done.returncode == 0, done.stdout
        assert done.stdout == expected if expected else "kubectl exastro backup" in done.stdout


def test_packed_again_it_is_the_same_bytes(tmp_path):
    for number, zone in enumerate(("Asia/Tokyo", "America/New_York")):
        again = tmp_path / str(number)
        subprocess.run(["sh", "-c", 'umask 077; exec "$@"', "sh", REPOSITORY / "scripts" / "package",
                        REPOSITORY / "build-dist" / "kubectl-exastro", again], check=True, cwd="/",
                       env={**os.environ, "TZ": zone, "LANG": "C.UTF-8"})
        for file in (ARCHIVE, HELM_ARCHIVE, CHECKSUMS, MANIFEST):
            assert (again / file.name).read_bytes() == file.read_bytes(), file.name


def test_one_version():
    assert yaml.safe_load((REPOSITORY / "plugin.yaml").read_text())["version"] == VERSION
    assert "## [Unreleased]" in (REPOSITORY / "CHANGELOG.md").read_text()


# ---- kubectl -------------------------------------------------------------------------------------------------------

@pytest.fixture
def home(tmp_path, unpacked):
    """The archive's programs and kubectl 1.34 on PATH"""
    return Home(tmp_path / "home", unpacked / "kubectl-exastro", unpacked / "kubectl_complete-exastro", tools("v34")[0])


@PAIRS
def test_kubectl_plugin(tmp_path, unpacked, pair):
    home = Home(tmp_path / "home", unpacked / "kubectl-exastro", unpacked / "kubectl_complete-exastro", tools(pair)[0])
    out, err = home.run("kubectl", "plugin", "list")
    assert str(home.bin / "kubectl-exastro") in out.splitlines() and "warning" not in (out + err).lower()
    assert home.run("kubectl", "exastro", "--version")[0] == VERSION + "\n"
    out, _ = home.run("kubectl", "exastro", "backup", "--help")
    assert "kubectl exastro backup" in out and "helm exastro" not in out
    # What kubectl's own completion shows, in every shell.
    out, _ = home.run("kubectl", "__complete", "exastro", "")
    assert {line.split("\t")[0] for line in out.splitlines()[:-1]} == COMMANDS and out.splitlines()[-1] == ":4"
    out, _ = home.run("kubectl", "__complete", "exastro", "restore", "--dry")
    assert re.fullmatch(r"--dry-run\t[^\n]+\n:4\n", out)
    out, _ = home.run("kubectl", "__complete", "exastro", "backup", "--output=")
    assert out.splitlines() == ["text", "json", ":4"]
    out, _ = home.run("kubectl", "__complete", "exastro", "find", "-n", "kube-s")
    assert out.splitlines() == ["kube-system", ":4"]
    out, _ = home.run("kubectl", "__complete", "exastro", "restore", "--from", "")
    assert out.splitlines() == ["tar", "age", "gz", ":8"]


def test_completion_gives_nothing_without_a_cluster(home):
    (home.folder / "config").write_text("{apiVersion: v1, kind: Config, clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}],"
                                        " contexts: [{name: c, context: {cluster: c}}], current-context: c}")
    out, err = home.run("kubectl-exastro", "__complete", "find", "-n", "", KUBECONFIG=str(home.folder / "config"))
    assert (out, err) == (":4\n", "")


SHELLS = {"bash": (["bash", "--norc", "--noprofile", "-i"], "source <(kubectl-exastro completion bash)\n"),
          "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit && compinit -u -D && source <(kubectl-exastro completion zsh)\n"),
          "fish": (["fish", "--no-config", "-i"], "kubectl-exastro completion fish | source\n")}


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_in_a_shell(home, shell):
    (home.folder / "config").write_text("{apiVersion: v1, kind: Config, contexts: [{name: 'arn:aws:one', context: {}}]}")
    (home.folder / "exastro-backup_1.tar").touch()
    (home.folder / "exastro-notes.txt").touch()
    command, setup = SHELLS[shell]
    # At the line's end: put `echo` before it all and let it be printed.
    show = "\x01echo TY''PED \x05\n"
    for keys, line in (("kubectl-exastro ba\t--outp\tj\t", "kubectl-exastro backup --output json"),
                       ("kubectl-exastro restore --from exa\t", "kubectl-exastro restore --from exastro-backup_1.tar"),
                       ("kubectl-exastro restore --from=exa\t", "kubectl-exastro restore --from=exastro-backup_1.tar"),
                       ("kubectl-exastro find -n kube-sy\t", "kubectl-exastro find -n kube-system"),
                       ("kubectl-exastro find --kubeconfig config --context arn:aws:o\t",
                        "kubectl-exastro find --kubeconfig config --context arn:aws:one")):
        home.typed(command, [setup, keys, show], "TYPED " + line)


# ---- krew ----------------------------------------------------------------------------------------------------------

def test_krew_manifest(tmp_path):
    """Krew's rules, and then what krew does: check the digest, take out the files, link the program"""
    manifest = yaml.safe_load(MANIFEST.read_text())
    assert manifest["apiVersion"] == "krew.googlecontainertools.github.com/v1alpha2" and manifest["kind"] == "Plugin"
    name, spec = manifest["metadata"]["name"], manifest["spec"]
    assert name == "exastro" and spec["version"] == "v" + VERSION
    assert 0 < len(spec["shortDescription"]) <= 50 and not spec["shortDescription"].endswith(".")
    assert spec["homepage"] and "macOS" in spec["description"] and "arm64" in spec["description"] and spec["caveats"]
    assert "@" not in MANIFEST.read_text(), "not filled in"
    (platform,) = spec["platforms"]
    assert platform["selector"] == {"matchLabels": {"os": "linux", "arch": "amd64"}}
    assert platform["uri"] == f"{spec['homepage']}/releases/download/v{VERSION}/{ARCHIVE.name}"
    assert platform["sha256"] == hashlib.sha256(ARCHIVE.read_bytes()).hexdigest()

    home = Home(tmp_path / "home", tools("v34")[0])
    store = home.folder / ".krew" / "store" / name / spec["version"]
    links = home.folder / ".krew" / "bin"
    store.mkdir(parents=True)
    links.mkdir()
    with tarfile.open(ARCHIVE) as archive:
        assert all(member.isfile() or member.isdir() for member in archive), "krew takes nothing else"
        for file in platform["files"]:
            assert file["to"] == "."
            archive.extract(file["from"], store)
    (links / "kubectl-exastro").symlink_to(store / platform["bin"])
    home.environment["PATH"] = f"{links}:{home.environment['PATH']}"
    assert home.run("kubectl", "exastro", "--version")[0] == VERSION + "\n"
    assert "warning" not in "".join(home.run("kubectl", "plugin", "list")).lower()
    # The caveat about completion, as it is written.
    lines = [line.strip() for line in spec["caveats"].splitlines()]
    home.run("sh", "-ec", "\n".join(lines[lines.index('f="${KREW_ROOT:-$HOME/.krew}/bin/kubectl_complete-exastro"'):]))
    out, _ = home.run("kubectl", "__complete", "exastro", "ba")
    assert out.startswith("backup\t")


# ---- helm ----------------------------------------------------------------------------------------------------------

def helm_home(folder, pair):
    kubectl, helm = tools(pair)
    return Home(folder, kubectl, helm)


def works(home):
    """The plugin is listed and runs, and speaks of itself as it was called"""
    assert any(line.split()[:2] == ["exastro", VERSION] for line in home.run("helm", "plugin", "list")[0].splitlines())
    assert home.run("helm", "exastro", "--version")[0] == VERSION + "\n"
    out, _ = home.run("helm", "exastro", "backup", "--help")
    assert "helm exastro backup" in out and "kubectl exastro" not in out
    out, _ = home.run("helm", "__complete", "exastro", "restore", "--dry")
    assert out.startswith("--dry-run\t")


def gone(home):
    """After an uninstall: nothing but Helm's own caches"""
    home.run("helm", "plugin", "uninstall", "exastro")
    assert [file for file in home.files() if not file.startswith(".cache/helm/")] == []


def clone(folder):
    """A clone as a person has it, of what is committed and of plugin files that are not yet"""
    subprocess.run(["git", "clone", "--quiet", "--no-local", REPOSITORY, folder], check=True)
    for name in ("plugin.yaml", "plugin.complete"):
        shutil.copy(REPOSITORY / name, folder)
    shutil.copytree(REPOSITORY / "plugin", folder / "plugin", dirs_exist_ok=True)
    return folder


@PAIRS
def test_helm_plugin_from_a_clone(tmp_path, pair):
    home, source = helm_home(tmp_path / "home", pair), clone(tmp_path / "kubectl-exastro")
    # Without the program it says what to do, and does it when that is done.
    _, err = home.run("helm", "plugin", "install", source, expect=1)
    assert ARCHIVE.name in err and f"make -C '{source}' build" in err
    _, err = home.run("helm", "exastro", "find", expect=1)
    assert "without its program" in err
    gone(home)
    shutil.copy(ARCHIVE, source)
    _, err = home.run("helm", "plugin", "install", source, expect=1)
    assert f"not {CHECKSUMS.name}" in err
    gone(home)
    shutil.copy(CHECKSUMS, source)
    before = {path.relative_to(source) for path in source.rglob("*")}
    home.run("helm", "plugin", "install", source)
    works(home)
    assert {path.relative_to(source) for path in source.rglob("*")} == before, "the clone was changed"
    gone(home)
    (source / ARCHIVE.name).write_bytes(ARCHIVE.read_bytes() + b"\0")
    _, err = home.run("helm", "plugin", "install", source, expect=1)
    assert "is not the file that" in err
    gone(home)


@PAIRS
def test_helm_plugin_from_a_build_and_its_update(tmp_path, pair):
    """Helm's update pulls the clone, and clears it of everything that git does not know, the build included"""
    origin = tmp_path / "origin" / "kubectl-exastro"
    clone(origin)
    git = ["git", "-C", origin, "-c", "user.name=e2e", "-c", "user.email=e2e@example.com"]
    subprocess.run([*git, "add", "--all"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", "plugin"], check=True)
    source = tmp_path / "kubectl-exastro"
    subprocess.run(["git", "clone", "--quiet", origin, source], check=True)
    (source / "build").mkdir()
    shutil.copy(REPOSITORY / "build-dist" / "kubectl-exastro", source / "build")
    home = helm_home(tmp_path / "home", pair)
    home.run("helm", "plugin", "install", source)
    works(home)

    (origin / "NEWS").write_text("new\n")
    subprocess.run([*git, "add", "--all"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", "news"], check=True)
    home.run("helm", "plugin", "update", "exastro")
    assert (source / "NEWS").exists() and not (source / "build").exists()
    works(home)

    # A new version whose program is not there: that is said, and the old one stays.
    manifest = origin / "plugin.yaml"
    manifest.write_text(manifest.read_text().replace(f"version: {VERSION}", "version: 9.9.9"))
    subprocess.run([*git, "commit", "--quiet", "--all", "--message", "9.9.9"], check=True)
    _, err = home.run("helm", "plugin", "update", "exastro", expect=1)
    assert "kubectl-exastro_9.9.9_linux_amd64.tar.gz" in err
    assert home.run("helm", "exastro", "--version")[0] == VERSION + "\n"
    gone(home)
    status = subprocess.run(["git", "-C", source, "status", "--short", "--ignored"], stdout=subprocess.PIPE, text=True, check=True)
    assert status.stdout == "", "left in the clone"


def test_helm_plugin_from_the_archive_over_http_with_helm_3(tmp_path):
    home = helm_home(tmp_path / "home", "v31")
    with Web() as address:
        home.run("helm", "plugin", "install", f"{address}/{HELM_ARCHIVE.name}")
    works(home)
    gone(home)


@pytest.mark.parametrize("over", ["file", "http"])
def test_helm_plugin_from_the_archive_with_helm_4(tmp_path, over):
    home = helm_home(tmp_path / "home", "v34")
    if "v3." in home.run("helm", "version", "--short")[0]:
        pytest.skip("helm on PATH is Helm 3, which takes archives over HTTP alone")
    with Web() as address:
        archive = HELM_ARCHIVE if over == "file" else f"{address}/{HELM_ARCHIVE.name}"
        home.run("helm", "plugin", "install", "--verify=false", archive)
    works(home)
    gone(home)
