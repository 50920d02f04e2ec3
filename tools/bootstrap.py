"""What stands behind `make`: the virtual environment, the demo country, the server, the tests.

Runs on the system's own Python with the standard library alone. Everything it fetches is named with its
hash in uv.lock; uv itself is fetched the same way, so neither pip nor python3-venv is needed.
"""

import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)  # nothing is begun yet, so Ctrl-C just ends this
signal.pthread_sigmask(
    signal.SIG_UNBLOCK, {signal.SIGINT}
)  # which `make` held back while Python was starting
if sys.version_info < (3, 11):  # noqa: UP036 (this file is what an older Python is told by)
    sys.exit(
        "OpenPaspor needs Python 3.11 or newer; this is {}.{}. Install one (Debian 12, Ubuntu 24.04 and newer "
        "have it) and run: make PYTHON=python3.11 ...".format(*sys.version_info)
    )

import contextlib
import ctypes
import fcntl
import hashlib
import io
import os
import platform
import shutil
import ssl
import subprocess
import time
import tomllib
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from openpaspor.nodes import machine

VENV = ROOT / ".venv"
UV = VENV / "bin" / "uv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "openpaspor.stamp"
WRONG_USE, CANNOT_START, INTERRUPTED = 2, 3, 130
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


class Trouble(Exception):
    """Something the person in front of the machine can mend; the text is one sentence and what to do."""


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    deeds = {"run": run, "test": test, "lint": lint, "reset": reset}
    if len(sys.argv) < 2 or sys.argv[1] not in deeds:
        print(f"usage: bootstrap.py {'|'.join(deeds)}", file=sys.stderr)
        return WRONG_USE
    os.chdir(ROOT)
    try:
        return deeds[sys.argv[1]](sys.argv[2:])
    except Trouble as trouble:
        print(f"\n{trouble}", file=sys.stderr)
        return CANNOT_START
    except KeyboardInterrupt:
        print("\nStopped. Nothing is half made; the same command goes on from here.", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        print(f"\n{error.filename or 'A file'}: {error.strerror}. Mend that and try again.", file=sys.stderr)
        return CANNOT_START


# --- the four deeds ---------------------------------------------------------------------------------------


def run(arguments: list[str]) -> int:
    """Prepare what is missing, then become the server."""
    port = port_from(arguments)
    home = machine.home_from_environment(ROOT / "var")
    environment = clean_environment() | {
        "OPENPASPOR_HOME": str(home),
        "OPENPASPOR_PORT": str(port),
        "OPENPASPOR_DEMO": os.environ.get("OPENPASPOR_DEMO", "1"),
    }
    host = os.environ.get("OPENPASPOR_HOST", "127.0.0.1")
    with alone():
        refuse_if_running(home)
        insist(machine.trouble_with_port(host, port))
        insist_on_folder(home)
        ensure_environment("run")
        compile_messages()
        if environment["OPENPASPOR_DEMO"] == "1" and "OPENPASPOR_DATABASE_URL" not in environment:
            ensure_demo(home, environment)
    become([str(PYTHON), "-m", "openpaspor.nodes.cli", "run", "--port", str(port)], environment)


def test(arguments: list[str]) -> int:
    """Everything on SQLite; rules, actions and the road on PostgreSQL too. The last line is pytest's."""
    with alone():
        insist(machine.trouble_with_writing(ROOT))
        ensure_environment("test")
        compile_messages()
        browser = ensure_chromium()
    environment = clean_environment()
    for name in ("OPENPASPOR_HOME", "OPENPASPOR_DATABASE_URL", "OPENPASPOR_FAULT", "OPENPASPOR_DEMO"):
        environment.pop(name, None)
    if browser:
        environment["CHROMIUM"] = browser
    if call([str(PYTHON), "-m", "tests.postgres"], environment):  # which says what is missing
        if os.environ.get("CI"):
            raise Trouble("With CI=true nothing may be left out.")
    else:
        say("First on PostgreSQL (the rooms and the road), then everything on SQLite.")
        with_postgres = pytest(
            "--ds=tests.settings_pg", "-m", "not once and not long", "src", "tests/journeys", *arguments
        )
        postgres = call(with_postgres, environment)
        if postgres:
            return postgres
    return call(pytest("-m", "not long", *arguments), environment)


def lint(_arguments: list[str]) -> int:
    """Every check that needs no running program. Goes through all of them, then says which failed."""
    with alone():
        insist(machine.trouble_with_writing(ROOT))
        ensure_environment("test")
    environment = clean_environment()
    module = [str(PYTHON), "-m"]
    checks: dict[str, list[str]] = {
        "ruff check": [*module, "ruff", "check", "."],
        "ruff format": [*module, "ruff", "format", "--check", "."],
        "mypy": [*module, "mypy"],
        "import contracts": [
            str(PYTHON),
            "-c",
            "from importlinter.cli import lint_imports_command as c; c()",
        ],
        "migrations": [*module, "django", "makemigrations", "--check", "--dry-run"],
        "translations": [str(PYTHON), "tools/messages.py", "--check"],
        "templates": [*module, "djlint", "--lint", "--quiet", "src"],
    }
    environment["DJANGO_SETTINGS_MODULE"] = "openpaspor.nodes.settings"
    failed = []
    for name, command in checks.items():
        say(name)
        if call(command, environment):
            failed.append(name)
    say(f"Lint failed: {', '.join(failed)}." if failed else "Lint: all clean.")
    return 1 if failed else 0


def reset(_arguments: list[str]) -> int:
    """Throw the demo country away; the next `make run` builds a fresh one."""
    home = machine.home_from_environment(ROOT / "var")
    with alone():
        refuse_if_running(home)
        shutil.rmtree(aside(home), ignore_errors=True)
        if not home.exists():
            print(f"There is nothing in {home}; `make run` builds a new demo.")
            return 0
        if any(home.iterdir()) and not demo_mark(home).exists():
            raise Trouble(f"{home} was not made by `make run`, so it is not thrown away. Move it yourself.")
        home.rename(aside(home))  # in one step, so that a stop half-way leaves no half country
        shutil.rmtree(aside(home))
    print(f"{home} is gone; `make run` builds a new demo.")
    return 0


# --- the virtual environment ------------------------------------------------------------------------------


def ensure_environment(purpose: str) -> None:
    """Bring .venv to what uv.lock says, unless the stamp tells that it is there already."""
    wanted = stamp_for(purpose)
    here = STAMP.read_text().split() if STAMP.exists() and PYTHON.exists() else []
    if wanted in here or (purpose == "run" and stamp_for("test") in here):
        return
    if VENV.exists() and not (PYTHON.exists() and made_here()):
        say("The virtual environment was made for another folder or Python; making it anew.")
        shutil.rmtree(VENV)
    ensure_uv()
    if not PYTHON.exists():
        uv("venv", "--quiet", "--allow-existing", "--python", sys.executable, str(VENV))
        place_mark().write_text(place())
    groups = ["--group", "dev"] if purpose == "test" else []
    say("Installing what uv.lock names. Only the first time; it takes a minute.")
    uv("sync", "--quiet", "--locked", "--no-default-groups", *groups, "--python", str(PYTHON))
    STAMP.write_text(wanted)


def stamp_for(purpose: str) -> str:
    """Changes whenever the environment must be made again."""
    parts = [purpose, place(), (ROOT / "uv.lock").read_text(), (ROOT / "pyproject.toml").read_text()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def place() -> str:
    """What a virtual environment is bound to: this folder and this Python."""
    return f"{ROOT}\n{sys.version}"


def place_mark() -> Path:
    return VENV / "openpaspor.place"


def made_here() -> bool:
    return place_mark().exists() and place_mark().read_text() == place()


def uv(*arguments: str) -> None:
    """Run the pinned uv with the public index only, whatever this machine's configuration says."""
    code = call(
        [str(UV), *arguments], clean_environment() | {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_CONFIG": "1"}
    )
    if code:
        raise Trouble(
            "The packages could not be installed (the reason stands above). Check the network, then run the "
            "same command again; it goes on where it stopped."
        )


def ensure_uv() -> None:
    """Put the uv that uv.lock pins into .venv/bin, checked by its hash."""
    package = locked_package("uv")
    try:
        found = subprocess.run([UV, "--version"], capture_output=True, text=True, check=False).stdout.split()
    except OSError:
        found = []
    if package["version"] in found:
        return
    wheel = fitting_wheel(package["wheels"])
    say(f"Fetching uv {package['version']} ({wheel['size'] // 1_000_000} MB).")
    content = download(wheel["url"], sha256=wheel["hash"].removeprefix("sha256:"))
    UV.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inside = next(name for name in archive.namelist() if name.endswith("/scripts/uv"))
        fresh = UV.with_name("uv.new")
        fresh.write_bytes(archive.read(inside))
    fresh.chmod(0o755)
    fresh.replace(UV)


def locked_package(name: str) -> dict[str, Any]:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    return next(package for package in lock["package"] if package["name"] == name)


def fitting_wheel(wheels: list[dict[str, Any]]) -> dict[str, Any]:
    """The wheel for this machine's processor and C library (or for a Mac)."""
    cpu = MACHINES.get(platform.machine().lower(), platform.machine().lower())
    if sys.platform == "darwin":
        wanted = f"macosx_11_0_{'arm64' if cpu == 'aarch64' else cpu}", f"macosx_10_12_{cpu}"
    else:
        wanted = (f"manylinux_2_17_{cpu}" if platform.libc_ver()[0] == "glibc" else f"musllinux_1_1_{cpu}",)
    for wheel in wheels:
        if any(tag in wheel["url"] for tag in wanted):
            return wheel
    raise Trouble(f"uv has no build for this machine ({sys.platform}, {cpu}). Use Linux on x86_64 or arm64.")


def download(url: str, *, sha256: str) -> bytes:
    """The file behind `url`. What it may contain is decided by the hash, not by who sent it."""
    reason: object = ""
    for context in (certificates(), ssl._create_unverified_context()):  # noqa: S323 (the hash decides)
        try:
            with urllib.request.urlopen(url, timeout=60, context=context) as answer:
                content = answer.read()
            break
        except urllib.error.URLError as error:
            reason = error.reason
            if not isinstance(error.reason, ssl.SSLError):
                raise unreachable(reason) from None
        except (OSError, TimeoutError) as error:
            raise unreachable(error) from None
    else:
        raise unreachable(reason)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Trouble(
            "What came from the package index is not what uv.lock names. Nothing was kept; try again later."
        )
    return content


def unreachable(reason: object) -> Trouble:
    return Trouble(
        f"The public package index cannot be reached ({reason}). The first run needs the network: check it, and "
        "set HTTPS_PROXY if you sit behind a proxy; later runs need none."
    )


def certificates() -> ssl.SSLContext:
    """The system's trusted certificates, or those that the usual variables name."""
    context = ssl.create_default_context()
    named = certificate_file()
    if named:
        context.load_verify_locations(named)
    return context


def certificate_file() -> str | None:
    names = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    return next((os.environ[name] for name in names if os.path.isfile(os.environ.get(name, ""))), None)


def clean_environment() -> dict[str, str]:
    """This environment without what would lead to another index, another Python or another environment."""
    kept_uv = {"UV_CACHE_DIR", "UV_HTTP_TIMEOUT", "UV_LINK_MODE", "UV_OFFLINE", "UV_SYSTEM_CERTS"}
    dropped = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "CONDA_PREFIX", "DJANGO_SETTINGS_MODULE"}
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in dropped and (not name.startswith("UV_") or name in kept_uv)
    }
    named = certificate_file()
    if named:
        environment.setdefault("SSL_CERT_FILE", named)
    if ssl.create_default_context().get_ca_certs() or os.path.exists("/etc/ssl/certs/ca-certificates.crt"):
        environment.setdefault("UV_SYSTEM_CERTS", "1")
    environment.setdefault("UV_LINK_MODE", "copy" if crosses_disks() else "hardlink")
    return environment


def crosses_disks() -> bool:
    """Whether uv's cache and this folder lie on different disks, where linking cannot work."""
    cache = Path(os.environ.get("UV_CACHE_DIR") or Path.home() / ".cache")
    return machine.nearest_existing(cache).stat().st_dev != ROOT.stat().st_dev


# --- the demo country -------------------------------------------------------------------------------------


def ensure_demo(home: Path, environment: dict[str, str]) -> None:
    """Build the demo beside its place and put it there in one step, so that it is whole or absent."""
    if home.exists() and any(home.iterdir()):
        if demo_mark(home).exists() or (home / "heads.json").exists():
            return
        left = home.with_name(f"{home.name}.{time.strftime('%Y%m%d-%H%M%S')}")
        home.rename(left)  # a command looked in before there was anything: keys, an empty database
        say(f"Nobody has worked in {home.name} yet. What lay there is now in {left.name}.")
    building = aside(home)
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True, mode=0o700)
    say("Building the demo country. Only the first time; it takes about a minute.")
    command = [str(PYTHON), "-m", "openpaspor.nodes.cli", "demo"]
    try:
        if call(command, environment | {"OPENPASPOR_HOME": str(building)}):
            raise Trouble(
                "The demo country could not be built (the reason stands above). Nothing of it was kept."
            )
        demo_mark(building).write_text("Made by `make run`; `make reset` may throw this folder away.\n")
        building.rename(home)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def aside(home: Path) -> Path:
    return home.with_name(f"{home.name}.building")


def demo_mark(home: Path) -> Path:
    return home / "made-by-make-run.txt"


def compile_messages() -> None:
    """Make the .mo files that are missing or older than their .po."""
    for source in (ROOT / "src").rglob("*.po"):
        made = source.with_suffix(".mo")
        if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
            if call([str(PYTHON), "tools/messages.py", "--compile"], clean_environment()):
                raise Trouble("The translations could not be compiled (the reason stands above).")
            return


# --- the browser for the tests ----------------------------------------------------------------------------


def ensure_chromium() -> str | None:
    """Where Chromium is; installed by apt when missing and allowed. None, with a sentence, when there is none."""
    found = chromium()
    if found:
        return found
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    allowed = shutil.which("apt-get") and (not prefix or quiet([*prefix, "true"]))
    if allowed:
        say("Installing Chromium by apt for the browser tests. Only the first time.")
        environment = clean_environment() | {"DEBIAN_FRONTEND": "noninteractive"}
        call([*prefix, "apt-get", "update", "-q"], environment)
        call([*prefix, "apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"], environment)
    found = chromium()
    if not found:
        say(
            "There is no Chromium here, so the browser tests are left out. "
            "Install it (as root: apt-get install chromium) or set CHROMIUM to where it is."
        )
    return found


def chromium() -> str | None:
    """A Chromium that starts: Ubuntu's package of that name may be a shell script that only points to a snap."""
    candidates = [
        os.environ.get("CHROMIUM"),
        *map(shutil.which, ("chromium", "chromium-browser", "google-chrome")),
    ]
    return next((path for path in candidates if path and quiet([path, "--version"])), None)


# --- small tools ------------------------------------------------------------------------------------------


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Two of us at once in one folder would undo each other's work."""
    handle = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Trouble(
            "Another `make` is at work in this folder. Wait until it is done, then try again."
        ) from None
    finally:
        os.close(handle)


def port_from(arguments: list[str]) -> int:
    text = arguments[0] if arguments and arguments[0] else os.environ.get("OPENPASPOR_PORT", "8000")
    if not text.isascii() or not text.isdigit():
        raise Trouble(f"{text!r} is not a port. Choose a number, for example: make run PORT=8001")
    return int(text)


def insist(trouble: str | None) -> None:
    if trouble:
        raise Trouble(trouble)


def insist_on_folder(home: Path) -> None:
    insist(machine.trouble_with_writing(ROOT))
    insist(machine.trouble_with_writing(home))
    insist(machine.trouble_with_writing(home.parent) if not home.exists() else None)
    insist(machine.trouble_with_space(home))
    if "OPENPASPOR_DATABASE_URL" not in os.environ:
        insist(machine.trouble_with_network(home))


def refuse_if_running(home: Path) -> None:
    from openpaspor.kit import lock

    if (home / "lock").exists() and os.access(home / "lock", os.W_OK) and lock.is_held(home):
        raise Trouble(
            f"OpenPaspor is already running from {home}. Use it in the browser, or stop it first (Ctrl-C in its window)."
        )


def pytest(*arguments: str) -> list[str]:
    """pytest in two processes where there are two cores; a file stays whole, as its tests may share a server."""
    side_by_side = ["-n", "2", "--dist", "loadfile"] if (os.cpu_count() or 1) > 1 else []
    return [str(PYTHON), "-m", "pytest", *side_by_side, *arguments]


def say(text: str) -> None:
    print(text, flush=True)


def quiet(command: list[str]) -> bool:
    """Whether the command runs and says that all is well."""
    try:
        return (
            subprocess.run(
                command, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False
            ).returncode
            == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def call(command: list[str], environment: dict[str, str]) -> int:
    """Run a command to its end. It dies with us, and Ctrl-C reaches it as a plain stop, so that it prints no trace."""
    child = subprocess.Popen(
        command, env=environment, cwd=ROOT, start_new_session=True, preexec_fn=die_with_parent
    )
    try:
        code = child.wait()
        return code if code >= 0 else 128 - code  # as a shell tells a signal
    finally:
        if child.poll() is None:
            stop_group(child)


def stop_group(child: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=5)
            return


def die_with_parent() -> None:
    """Linux: have the kernel stop this process when the one that started it is gone, however it went."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def become(command: list[str], environment: dict[str, str]) -> NoReturn:
    """Turn into the command. Ctrl-C waits until it is ready to answer, so that it prints no trace."""
    sys.stdout.flush()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.execve(command[0], command, environment)


if __name__ == "__main__":
    sys.exit(main())
