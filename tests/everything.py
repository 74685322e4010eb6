"""Every check and test of the project, and at the end a line for each that says what ran: `make test`.

Needs PostgreSQL's programs and Chromium. As root on Debian it installs them; elsewhere it names what to install.
TEST_DATABASE_URL names a PostgreSQL to use; without it a throwaway one is started and removed.
"""

import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
AS_ROOT = os.geteuid() == 0
# Nothing to be kept through a power cut, and no table looked at while it happens to be empty, from which the server
# would conclude for minutes that it always is.
QUICK = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off"
PRODUCTION = {"SECRET_KEY": secrets.token_urlsafe(50), "DEBUG": "false", "DEMO": "false", "HTTPS": "true"}


def main():
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: sys.exit("Stopped."))
    started = time.monotonic()
    install_what_is_missing()
    with tempfile.TemporaryDirectory(prefix="mcof-test-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL runs as another user where this one is root
        sqlite = {"DATABASE_URL": f"sqlite:///{folder}/mcof.sqlite3", "TEST_SQLITE": f"{folder}/test.sqlite3"}
        stages = [
            check("ruff check", "ruff", "check", "."),
            check("ruff format", "ruff", "format", "--check", "."),
            check("djlint", "djlint", "--lint", "templates"),
            check("migrations", "django", "makemigrations", "--check", "--dry-run", **sqlite | PRODUCTION),
            check("deployment", "django", "check", "--deploy", "--fail-level", "WARNING", **sqlite | PRODUCTION),
            suite("suite on SQLite", folder, "not browser", **sqlite),
        ]
        with postgresql(folder / "postgresql") as url:
            stages.append(suite("suite on PostgreSQL", folder, "not browser", DATABASE_URL=url))
        stages.append(suite("browser journeys", folder, "browser", **sqlite))

    print(f"\nWhat ran, in {clock(time.monotonic() - started)}:")
    for title, passed, said in stages:
        print(f"  {'ok    ' if passed else 'FAILED'}  {title:20} {said}")
    failed = [title for title, passed, _ in stages if not passed]
    sys.exit(f"Failed: {', '.join(failed)}." if failed else 0)


def check(title, module, *arguments, **environment):
    """Run one tool over the project. Answers (title, whether it passed, what it says on the last lines)."""
    started = time.monotonic()
    print(f"\n== {title}", flush=True)
    passed = run(PYTHON, "-m", module, *arguments, DJANGO_SETTINGS_MODULE="mcof.settings", **environment) == 0
    return title, passed, clock(time.monotonic() - started)


def suite(title, folder, mark, **environment):
    """Run the tests under a mark. Answers like check, with the counts; nothing selected counts as failed."""
    started = time.monotonic()
    print(f"\n== {title}", flush=True)
    report = folder / "report.xml"
    report.unlink(missing_ok=True)
    passed = run(PYTHON, "-m", "pytest", "-n", "2", "-m", mark, "-rs", f"--junitxml={report}", **environment) == 0
    said = "ended without a report"
    if report.exists():
        count = {name: int(value) for name, value in ET.parse(report).find("testsuite").items() if value.isdigit()}
        failed, skipped = count["failures"] + count["errors"], count["skipped"]
        said = f"{count['tests'] - failed - skipped} passed, {failed} failed, {skipped} skipped"
    return title, passed, f"{said}, {clock(time.monotonic() - started)}"


def run(*command, **environment):
    """The exit status of a command. When we are stopped, it is given the time to put its things away."""
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment)
    try:
        return process.wait()
    except BaseException as stopped:
        if not isinstance(stopped, KeyboardInterrupt):  # Ctrl-C has reached it already
            process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        process.kill()
        raise


@contextmanager
def postgresql(folder, options=QUICK):
    """The address of a PostgreSQL: the one named in TEST_DATABASE_URL, or one that lives as long as the block."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    programs = postgresql_programs()
    account = {"user": "postgres", "group": "postgres", "extra_groups": []} if AS_ROOT else {}  # it refuses root
    folder.mkdir()
    if AS_ROOT:
        shutil.chown(folder, "postgres", "postgres")

    def program(name, *arguments):
        command = [programs / name, "-D", folder / "data", *arguments]
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True, **account)

    locale = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
    program("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", f"--locale={locale}", "--no-sync")
    options = f"-k {folder} -c listen_addresses='' {options}"
    program("pg_ctl", "-w", "-s", "-l", folder / "log", "-o", options, "start")
    try:
        yield f"postgres://postgres@/postgres?host={folder}"
    finally:
        program("pg_ctl", "-w", "-s", "-m", "immediate", "stop")


def postgresql_programs():
    """The folder of initdb and pg_ctl, of the newest version that is here, or None."""
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(installed, key=lambda path: int(path.parts[-3]), default=None)
    found = newest or shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def chromium():
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def install_what_is_missing():
    """Install Debian's packages that the tests lack, as root; otherwise stop and name them."""
    here = {
        "postgresql": "TEST_DATABASE_URL" in os.environ or postgresql_programs(),
        "chromium": chromium(),
        "openssl": shutil.which("openssl"),
        "libpango-1.0-0": sys.platform != "linux" or loads("libpango-1.0.so.0"),
        "libpangoft2-1.0-0": sys.platform != "linux" or loads("libpangoft2-1.0.so.0"),
        "libharfbuzz-subset0": sys.platform != "linux" or loads("libharfbuzz-subset.so.0"),
        "libatomic1": sys.platform != "linux" or loads("libatomic.so.1"),
        "fonts-dejavu-core": sys.platform != "linux" or any(Path("/usr/share/fonts").rglob("*.[to]tf")),
    }
    missing = [package for package, found in here.items() if not found]
    if not missing:
        return
    if not (AS_ROOT and shutil.which("apt-get")):
        sys.exit(f"The tests need programs that are not here. Install {', '.join(missing)}, then run this again.")
    print(f"Installing {', '.join(missing)}. This takes a minute or two.", flush=True)
    apt = {"DEBIAN_FRONTEND": "noninteractive"}
    if run("apt-get", "update", "-q", **apt) or run(
        "apt-get", "install", "-q", "-y", "--no-install-recommends", *missing, **apt
    ):
        sys.exit(f"The tests need {', '.join(missing)}, and apt-get could not install them.")


def loads(library):
    with suppress(OSError):
        return ctypes.CDLL(library)


def clock(seconds):
    return f"{int(seconds) // 60} min {int(seconds) % 60} s" if seconds >= 60 else f"{seconds:.1f} s"


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Stopped.")
