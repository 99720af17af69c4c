"""Runs one command under hard limits: ``python confine.py CPU_S MEMORY_BYTES FILE_BYTES COMMAND...``.

Limits set between fork and exec would run Python code in a forked copy of a threaded web process; here they are set
in a process of their own, which then becomes the command. Standard library only.
"""

import os
import resource
import sys


def main(arguments: list[str]) -> None:
    """Sets the limits and becomes the command; its children inherit them."""
    cpu_s, memory_bytes, file_bytes = (int(value) for value in arguments[:3])
    for limit, value in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    command = arguments[3:]
    os.execv(command[0], command)  # noqa: S606  (no shell is wanted)


if __name__ == "__main__":
    main(sys.argv[1:])
