"""One step of the set-up, shown as it runs: ``python3 emorec_site/step.py TITLE COMMAND...`` (see setup.mk).

Run by the system's Python before anything is installed, so standard library only. The command's output goes to
``var/log/setup.log``; the terminal sees that and how long it is at work and, if it fails, the end of its output.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

LOG = Path("var/log/setup.log")
SHOWN_LINES = 25


def run(title: str, command: Sequence[str]) -> None:
    """Runs a command in the working folder.

    Raises:
        SystemExit: it failed or was not found; what happened and the next step are said.
    """
    LOG.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    terminal = sys.stderr.isatty()
    with LOG.open("ab") as log:
        start_of_output = log.tell()
        code = _wait(title, command, log.fileno(), started, terminal)
    if code:
        with LOG.open("rb") as log:
            log.seek(start_of_output)
            end = log.read().decode(errors="replace").splitlines()[-SHOWN_LINES:]
        say(f"\n  {title} failed. The end of {LOG}:\n")
        say("\n".join(end))
        raise SystemExit(
            f"\nSet-up stopped at: {title}. If a download failed, see that this machine reaches the package index "
            "(HTTPS_PROXY and pip's own settings are used).\nThen run the same command again; it goes on from here."
        )
    say(f"{chr(13) if terminal else ''}  {title} ... done in {time.monotonic() - started:.0f} s")


def _wait(title: str, command: Sequence[str], log: int, started: float, terminal: bool) -> int:
    """The command's exit status; meanwhile a line now and then, on a terminal always the same one."""
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    last_line_at = 0.0
    while True:
        try:
            return process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            elapsed = time.monotonic() - started
            if terminal:
                say(f"\r  {title} ... {elapsed:4.0f} s", end="")
            elif elapsed - last_line_at >= 15:
                last_line_at = elapsed
                say(f"  {title} ... {elapsed:4.0f} s")
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise


def say(text: str, end: str = "\n") -> None:
    """Progress goes to standard error."""
    sys.stderr.write(text + end)
    sys.stderr.flush()


if __name__ == "__main__":
    try:
        run(sys.argv[1], sys.argv[2:])
    except KeyboardInterrupt:
        raise SystemExit("\nSet-up interrupted; run the same command again to go on.") from None
