"""A headless Chromium against a live server of this process, with the real front-end files.

Skipped, with the reason, where no Chromium is found: looked for in ``EMOREC_CHROMIUM``, then ``chromium``,
``chromium-browser`` and ``google-chrome`` on the PATH. Every page fails its test if the browser's console shows an
error, a script throws, or the Content-Security-Policy was violated.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection

from students.models import User
from tests.factories import PASSWORD

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


def find_chromium() -> str | None:
    """The browser to drive."""
    wanted = os.environ.get("EMOREC_CHROMIUM")
    if wanted:
        return wanted
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder drives a browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """The running browser, one for the whole session."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium here: install it, or name one in EMOREC_CHROMIUM")
    if not (Path(settings.BASE_DIR) / "emorec_site" / "static" / "built").is_dir():
        pytest.fail("The front-end files are not built: run make setup.")
    # Playwright keeps an event loop in this thread, which Django takes for an asynchronous view.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@dataclass
class Visitor:
    """Somebody at a browser: ``page`` is Playwright's, ``complaints`` what the browser objected to."""

    page: object
    base: str
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Opens an address of the site."""
        self.page.goto(self.base + path)

    def sign_in(self, user: User) -> None:
        """Signs in through the form, as people do."""
        self.go("/login/")
        self.page.fill("input[name=username]", user.username)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.click("form.card button[type=submit]")
        self.page.wait_for_url(self.base + "/")


@pytest.fixture
def visitor(chromium, live_server, media) -> Iterator[Callable[..., Visitor]]:
    """``visitor(width=390)``: a new browser window of nobody in particular; its complaints fail the test."""
    opened: list[tuple[object, Visitor]] = []

    def open_window(width: int = 1280, height: int = 900) -> Visitor:
        context = chromium.new_context(viewport={"width": width, "height": height})
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " (event) => console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI));"
        )
        page = context.new_page()
        someone = Visitor(page, live_server.url)
        page.on("console", lambda said: said.type == "error" and someone.complaints.append(said.text))
        page.on("pageerror", lambda error: someone.complaints.append(str(error)))
        opened.append((context, someone))
        return someone

    yield open_window
    for context, someone in opened:
        context.close()
        assert someone.complaints == []


@pytest.fixture
def worker(transactional_db, media, tmp_path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """``worker()`` starts a real Celery worker on the test's database and media folder."""
    server = urlsplit(os.environ["EMOREC_DATABASE_URL"])
    database = urlunsplit(server._replace(path=f"/{connection.settings_dict['NAME']}"))
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        log = (tmp_path / "worker.log").open("wb")
        command = [sys.executable, "-m", "celery", "-A", "emorec_site", "worker"]
        command += ["-Q", "analysis,housekeeping", "-c", "1", "--loglevel", "INFO", "--without-gossip"]
        env = {**os.environ, "EMOREC_DATABASE_URL": database, "EMOREC_MEDIA": str(media)}
        process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=env, stdout=log, stderr=log)
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
