"""Prepare the database and serve: what `make run` starts, in one process because each start costs seconds."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.core.wsgi import get_wsgi_application
from django.db import connections
from gunicorn.app.base import BaseApplication

from crises.management.commands.load_demo import TOKEN
from offices import demo

HOST = "127.0.0.1"


class Command(BaseCommand):
    help = "Bring the database up to date, load the framework and, where DEMO is on, the demo; then serve."

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *, port, **options):
        refuse_taken_port(port)
        workers = [Worker("db_worker", "--no-startup-delay", "--verbosity", "0"), Worker("deliver_webhooks")]
        hangup = signal.getsignal(signal.SIGHUP)
        try:
            self.prepare()
        except KeyboardInterrupt:
            sys.exit("\nStopped before mcof was ready. Run it again to go on.")

        def ready(arbiter):
            # Closing the terminal ends the server; gunicorn on its own would only read its settings again.
            signal.signal(signal.SIGHUP, hangup)
            for worker in workers:
                worker.start()
            self.say(f"\nmcof is ready at http://{HOST}:{port}")

        def stopped(arbiter):
            for worker in workers:
                worker.stop()
            self.say("mcof has stopped.")

        Server(
            bind=f"{HOST}:{port}",
            worker_class="gthread",
            workers=2,
            threads=8,
            preload_app=True,
            graceful_timeout=10,
            loglevel="error",
            control_socket_disable=True,
            when_ready=ready,
            on_exit=stopped,
        ).run()

    def prepare(self):
        """Each step leaves alone what is there already."""
        self.step("Updating the database", "migrate")
        self.step("Loading the framework and the countries", "seed")
        if settings.DEMO:
            self.step("Loading the demo", "load_demo")
        self.collect_static_files()
        if settings.DEMO:
            self.say(f"\nSign in with the password {demo.PASSWORD}, as")
            for user, sees in demo.accounts():
                self.say(f"  {user.username:9} {sees}")
            self.say(f"The partner's token for the API: {TOKEN.read_text()}")
        connections.close_all()  # the server's processes must not share one

    def collect_static_files(self):
        """Compressing them takes seconds, so it is done only where a source has changed since it was last done."""
        done = settings.STATIC_ROOT.with_name("static-sources")
        sources = static_sources()
        if not done.exists() or done.read_text() != sources:
            # Redoc and the browsable API are never shown, and compressing them takes most of a minute.
            unused = ["redoc", "rest_framework"]
            self.step("Collecting static files", "collectstatic", interactive=False, ignore_patterns=unused)
            done.write_text(sources)

    def step(self, words, command, **options):
        started = time.monotonic()
        self.say(f"{words} ...", end="")
        call_command(command, verbosity=0, **options)
        self.say(f" {time.monotonic() - started:.1f} s")

    def say(self, words, end="\n"):
        self.stdout.write(words, ending=end)
        self.stdout.flush()


class Worker:
    """A process that does work beside the server: started again where it ends by itself."""

    def __init__(self, *command):
        self.command = (sys.executable, sys.argv[0], *command)
        self.process = None
        self.wanted = threading.Event()

    def start(self):
        self.wanted.set()
        threading.Thread(target=self._keep, daemon=True).start()

    def _keep(self):
        while self.wanted.is_set():
            self.process = subprocess.Popen(self.command)  # noqa: S603 (our own command)
            self.process.wait()
            time.sleep(1)

    def stop(self):
        self.wanted.clear()
        if self.process:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGTERM)


class Server(BaseApplication):
    """gunicorn in this process, with these settings and no others."""

    def __init__(self, **config):
        self.config = config
        super().__init__()

    def load_config(self):
        for name, value in self.config.items():
            self.cfg.set(name, value)

    def load(self):
        return get_wsgi_application()


def static_sources():
    """Every static file of the project and its packages, a line each, with what tells one version from another."""
    files = [storage.path(name) for finder in get_finders() for name, storage in finder.list([])]
    return "\n".join(f"{path} {os.stat(path).st_mtime_ns} {os.stat(path).st_size}" for path in sorted(files))


def refuse_taken_port(port):
    """Leave at once, with the way out, where the port cannot be had."""
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((HOST, port))
        except OverflowError:
            sys.exit(f"{port} is not a port: choose one from 1024 to 65535, as in make run PORT=8123.")
        except OSError as error:
            sys.exit(f"Port {port} cannot be used ({error.strerror}): choose another, as in make run PORT={port + 1}.")
