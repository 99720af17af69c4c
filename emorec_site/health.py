"""``/healthz``: the process is up. ``/readyz``: database, broker, and an analysis worker that shows signs of life."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from emorec_site import pulse

LIMIT_S = 3.0
ANALYSIS_QUEUE = "analysis"

_checkers = ThreadPoolExecutor(max_workers=6, thread_name_prefix="readyz")
"""A check that hangs holds a thread, not the answer; when all hang, everything is reported as not ready."""


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when everything needed to analyse a recording answers; 503 otherwise, saying what does not.

    The answer has ``status`` and, per check, ``ok`` or ``failed``; never a reason, which could name an address.
    """
    checks = {"database": _database, "broker": _broker, "worker": _worker}
    running = {name: _checkers.submit(_passes, check) for name, check in checks.items()}
    passed = {name: _within_limit(future) for name, future in running.items()}
    ready = all(passed.values())
    body = {"status": "ok" if ready else "failed", **{name: "ok" if ok else "failed" for name, ok in passed.items()}}
    return JsonResponse(body, status=200 if ready else 503)


def _within_limit(future: "Future[bool]") -> bool:
    try:
        return future.result(timeout=LIMIT_S)
    except TimeoutError:
        future.cancel()
        return False


def _passes(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:  # whatever a driver raises, the answer is no
        return False


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone() == (1,)
    finally:
        connection.close()


def _broker() -> bool:
    with pulse.client() as broker:
        return bool(broker.ping())


def _worker() -> bool:
    return pulse.worker_alive(ANALYSIS_QUEUE)
