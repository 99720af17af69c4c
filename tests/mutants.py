"""How many small faults the tests notice: ``make mutants`` (docs/testing.md).

A mutant is one of the modules below with one small change: ``<`` for ``<=``, a condition turned round, a statement left
out. Each is run against the tests of its own module; a mutant whose tests all pass has survived and shows what they do
not look at. Of all mutants a seeded sample is taken, evenly over the modules.

It works on copies of the project, one for each lane, never on the working tree. PostgreSQL and Redis stay up for the
whole run and each lane keeps its database. What has been judged stands in ``var/mutants/results.jsonl``, and the next
call goes on from there.
"""

import argparse
import ast
import copy
import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any, NamedTuple, NoReturn

import psycopg
import pytest

PROJECT = Path(__file__).resolve().parent.parent
RESULTS = Path(os.environ.get("EMOREC_VAR", PROJECT / "var")) / "mutants" / "results.jsonl"
LEFT_OUT = (".git", ".venv", "var", "node_modules", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis")

IMPORTED_ONCE = (
    "hypothesis",
    "numpy",
    "scipy.signal",
    "torch",
    "sklearn.svm",
    "skimage.feature",
    "librosa",
    "celery",
    "redis",
)
"""What takes long to import and does not look at Django's settings."""

OWN_TESTS: dict[str, tuple[str, ...]] = {
    "analysis/flow.py": ("tests/analysis/test_flow.py",),
    "students/access.py": ("tests/students/test_access.py", "tests/site/test_access_table.py"),
    "students/consent.py": ("tests/students/test_consent.py",),
    "analysis/alerts/crossings.py": (
        "tests/analysis/alerts/test_crossings.py",
        "tests/analysis/alerts/test_raising.py",
        "tests/analysis/alerts/test_false_alarms.py",
    ),
    "analysis/trends/shares.py": ("tests/analysis/trends/test_trends.py",),
    "ml/shares.py": ("tests/ml/test_shares.py", "tests/analysis/trends/test_trends.py"),
    "ml/fusion.py": ("tests/ml/test_fusion.py",),
    "analysis/jobs/leases.py": ("tests/analysis/runs/test_lifecycle.py",),
    "analysis/runs/lifecycle.py": ("tests/analysis/runs/test_lifecycle.py",),
}
"""A module and the tests that are there for it."""


# --- making mutants ---------------------------------------------------------------------------------------------------


class Mutant(NamedTuple):
    """One change to one module: the text between two byte offsets of the source is replaced."""

    module: str
    line: int
    start: int
    stop: int
    text: str
    change: str

    def of(self, source: bytes) -> bytes:
        """The module's source with the change in it."""
        return source[: self.start] + self.text.encode() + source[self.stop :]

    def key(self, source: bytes) -> str:
        """What the mutant is called in the results; another as soon as anything in the module changes."""
        digest = hashlib.sha256(source)
        digest.update(repr((self.module, self.start, self.stop, self.text)).encode())
        return digest.hexdigest()[:16]


SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
WORDS = {"_", "gettext", "gettext_lazy", "ngettext", "pgettext", "TypeVar", "ParamSpec"}
"""Calls whose texts are for people or for the type checker."""


def mutants(module: str, source: bytes) -> list[Mutant]:
    """Every mutant of a module, in the order of its lines."""
    lines = [0]
    for line in source.splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    found: dict[tuple[int, int, str], Mutant] = {}
    for node, new, change in _changes(ast.parse(source)):
        start = lines[node.lineno - 1] + node.col_offset
        stop = lines[node.end_lineno - 1] + node.end_col_offset
        shown = change or f"{_short(ast.unparse(node))}  ->  {_short(new)}"
        found.setdefault((start, stop, new), Mutant(module, node.lineno, start, stop, new, shown))
    return sorted(found.values(), key=lambda mutant: (mutant.start, mutant.stop, mutant.text))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 70 else f"{text[:67]}..."


Change = tuple[ast.AST, str, str]
"""A node, what to write in its place, and the change in words where the two alone would not show it."""


def _changes(node: ast.AST) -> Iterator[Change]:
    """The changes to everything below ``node`` that is neither a type nor a text for people."""
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "type_comment", "decorator_list"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _said(child):
                yield from ((child, new, "") for new in (*_other_operators(child), *_other_values(child)))
                yield from ((child, new, "") for new in _other_statements(child))
                yield from ((child, new, f"without {_short(part)}") for part, new in _shorter(child))
                yield from ((test, f"(not ({ast.unparse(test)}))", "") for test in _conditions(child))
                yield from _changes(child)


def _said(node: ast.AST) -> bool:
    """Documentation, log lines, texts for people and pieces of f-strings: no behaviour a test should hold."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or _logs(node.value)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in WORDS
    return isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom)


def _logs(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "logger"
    )


def _other_operators(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in SWAPPED:
            yield _with(node, ops=[SWAPPED[type(operator)]()])
        case ast.BoolOp(op=operator) | ast.BinOp(op=operator) | ast.AugAssign(op=operator) if type(operator) in SWAPPED:
            yield _with(node, op=SWAPPED[type(operator)]())
        case ast.UnaryOp(op=ast.Not()):
            yield f"({ast.unparse(node.operand)})"


def _other_values(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Constant(value=bool() as value):
            yield str(not value)
        case ast.Constant(value=int() | float() as value):
            yield repr(value + 1)
        case ast.Constant(value=str() as value) if value:
            yield repr(f"{value}~")


def _other_statements(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield "return None"
        case ast.Expr(value=ast.Call()) | ast.Raise() | ast.Delete():
            yield "pass"
        case ast.Break():
            yield "continue"
        case ast.Continue():
            yield "break"


def _shorter(node: ast.AST) -> Iterator[tuple[str, str]]:
    """A part of a set, list or mapping, and the whole without it."""
    match node:
        case ast.Set(elts=parts) | ast.List(elts=parts) if len(parts) > 1:
            for number, part in enumerate(parts):
                yield ast.unparse(part), _with(node, elts=parts[:number] + parts[number + 1 :])
        case ast.Dict(keys=keys, values=values):
            for number, key in enumerate(keys):
                kept = {"keys": keys[:number] + keys[number + 1 :], "values": values[:number] + values[number + 1 :]}
                yield ast.unparse(key or values[number]), _with(node, **kept)


def _conditions(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            return [test]
        case ast.comprehension(ifs=tests):
            return tests
    return []


def _with(node: ast.AST, **fields: object) -> str:
    """The node's source with some of its fields replaced, in brackets where it is an expression."""
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    text = ast.unparse(changed)
    return f"({text})" if isinstance(node, ast.Compare | ast.BoolOp | ast.BinOp) else text


def sample(modules: Sequence[str], count: int, seed: int) -> list[Mutant]:
    """At most ``count`` mutants, as evenly over the modules as their numbers allow; the same for the same seed."""
    left = {module: mutants(module, (PROJECT / module).read_bytes()) for module in modules}
    for module, every in left.items():
        random.Random(f"{seed} {module}").shuffle(every)
    chosen: list[Mutant] = []
    while len(chosen) < count and any(left.values()):
        for every in left.values():
            if every and len(chosen) < count:
                chosen.append(every.pop())
    return sorted(chosen, key=lambda mutant: (modules.index(mutant.module), mutant))


# --- judging them -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Database:
    """A lane's test database. Tests with transactions of their own empty it, killed ones leave rows in it."""

    name: str

    def renew(self) -> None:
        """Makes it anew as a copy of the template, which the first lane's first tests had made."""
        with psycopg.connect(os.environ["EMOREC_DATABASE_URL"], autocommit=True) as server:
            server.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
            server.execute(f'CREATE DATABASE "{self.name}" TEMPLATE "{TEMPLATE}"')

    @staticmethod
    def make_template(folder: Path, environment: dict[str, str]) -> None:
        """Has Django make a test database by the migrations, once for all lanes.

        Raises:
            subprocess.CalledProcessError: it could not.
        """
        url = environment["EMOREC_DATABASE_URL"].replace("/postgres?", f"/{TEMPLATE.removeprefix('test_')}?")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--create-db",
            "--reuse-db",
            ANY_TEST,
        ]
        subprocess.run(
            command, cwd=folder, env=environment | {"EMOREC_DATABASE_URL": url}, check=True, stdout=subprocess.DEVNULL
        )


TEMPLATE = "test_template"
ANY_TEST = "tests/students/test_consent.py::test_a_new_student_has_agreed_to_nothing"
"""One that needs the database and writes nothing outside its own transaction."""


@dataclass
class Lane:
    """A copy of the project with a database and a Redis of its own; one mutant at a time."""

    folder: Path
    server: subprocess.Popen[str]
    database: Database

    def passes(self, tests: Sequence[str], limit_s: float, *, write_bytecode: bool = False) -> bool:
        """Whether the tests pass within the time, in a database as the migrations leave it."""
        self.database.renew()
        options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", "--reuse-db"]
        order = {"arguments": [*options, *tests], "limit_s": limit_s, "write_bytecode": write_bytecode}
        self.server.stdin.write(json.dumps(order) + "\n")
        self.server.stdin.flush()
        status = json.loads(self.server.stdout.readline())
        return status == 0

    def judge(self, mutant: Mutant, limit_s: float) -> bool:
        """Whether the mutant survives."""
        path = self.folder / mutant.module
        source = path.read_bytes()
        try:
            path.write_bytes(mutant.of(source))
            return self.passes(OWN_TESTS[mutant.module], limit_s)
        finally:
            path.write_bytes(source)

    def prepare(self, module: str) -> float:
        """Seconds that the module's tests take unchanged; afterwards no bytecode of the module itself is left.

        Raises:
            SystemExit: they do not pass.
        """
        started = time.monotonic()
        for write_bytecode in (True, False):
            started = time.monotonic()
            if not self.passes(OWN_TESTS[module], 900, write_bytecode=write_bytecode):
                raise SystemExit(f"{module}: its tests do not pass unchanged. Run them: {' '.join(OWN_TESTS[module])}")
            path = self.folder / module
            for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
                compiled.unlink()
        return time.monotonic() - started


def lanes(number: int, folder: Path) -> list[Lane]:
    """Copies to work on. PostgreSQL was started by the import of ``tests.services`` and stays up."""
    from tests.redis_server import start_redis

    made = []
    for lane in range(number):
        place = folder / f"lane{lane}"
        shutil.copytree(PROJECT, place, ignore=shutil.ignore_patterns(*LEFT_OUT, "__pycache__"))
        process, redis = start_redis(folder, f"redis{lane}")
        _processes.append(process)
        variables = {
            "EMOREC_DATABASE_URL": os.environ["EMOREC_DATABASE_URL"].replace("/postgres?", f"/mutants{lane}?"),
            "EMOREC_REDIS_URL": redis,
            "EMOREC_VAR": str(folder / f"var{lane}"),
            "EMOREC_MEDIA": str(folder / f"var{lane}" / "media"),
        }
        Path(variables["EMOREC_MEDIA"]).mkdir(parents=True)
        if not lane:
            Database.make_template(place, dict(os.environ))
        made.append(Lane(place, serving(place, {**os.environ, **variables}), Database(f"test_mutants{lane}")))
    return made


def serving(folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """A process in ``folder`` that answers each order, a line of JSON, with the exit status of its tests."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.mutants", "--serve"],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    _processes.append(server)
    return server


def serve() -> None:
    """Runs tests as ordered, each time in a fork that has what takes long to import, and nothing of the project."""
    for name in IMPORTED_ONCE:
        importlib.import_module(name)
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            _run(order)
        sys.stdout.write(json.dumps(_status(child, order["limit_s"])) + "\n")
        sys.stdout.flush()


def _run(order: dict[str, Any]) -> NoReturn:
    """The forked process: runs the tests without a word, and ends whatever happens."""
    status: int = pytest.ExitCode.INTERNAL_ERROR
    try:
        os.setsid()
        silence = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(silence, descriptor)
        sys.dont_write_bytecode = not order["write_bytecode"]
        status = pytest.main(order["arguments"])
    finally:
        os._exit(status)


def _status(child: int, limit_s: float) -> int | None:
    """The exit status of a child, None if it was killed: at the latest after ``limit_s``."""
    deadline = time.monotonic() + limit_s
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > deadline:
            os.killpg(child, signal.SIGKILL)
            ended = os.waitpid(child, 0)
            break
        time.sleep(0.02)
    return os.WEXITSTATUS(ended[1]) if os.WIFEXITED(ended[1]) else None


_processes: list[subprocess.Popen[Any]] = []


def judged() -> dict[str, bool]:
    """Key of every mutant judged so far, and whether it survived."""
    if not RESULTS.exists():
        return {}
    rows = (json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines())
    return {row["key"]: row["survived"] for row in rows}


def unjudged(chosen: Sequence[Mutant], again: bool) -> list[Mutant]:
    """Those that have no result yet; with ``again`` also those that survived."""
    known = judged()
    sources = {mutant.module: (PROJECT / mutant.module).read_bytes() for mutant in chosen}
    keys = {mutant: mutant.key(sources[mutant.module]) for mutant in chosen}
    return [mutant for mutant, key in keys.items() if key not in known or (again and known[key])]


def judge(chosen: Sequence[Mutant], number: int, again: bool) -> None:
    """Runs what has not been judged yet, module by module, and writes each result down at once."""
    from tests import services  # noqa: F401  (starts PostgreSQL)

    sources = {mutant.module: (PROJECT / mutant.module).read_bytes() for mutant in chosen}
    pending = unjudged(chosen, again)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    writing = Lock()
    with tempfile.TemporaryDirectory(prefix="emorec-mutants-") as folder, ThreadPoolExecutor(number) as pool:
        free: SimpleQueue[Lane] = SimpleQueue()
        made = lanes(number, Path(folder))

        def one(mutant: Mutant, limit_s: float) -> None:
            lane = free.get()
            try:
                survived = lane.judge(mutant, limit_s)
            finally:
                free.put(lane)
            row = {"key": mutant.key(sources[mutant.module]), "survived": survived, **mutant._asdict()}
            with writing, RESULTS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print("S" if survived else ".", end="", flush=True)

        try:
            for module, tests in OWN_TESTS.items():
                of_module = [mutant for mutant in pending if mutant.module == module]
                if not of_module:
                    continue
                usual_s = max(pool.map(lambda lane, module=module: lane.prepare(module), made))
                for lane in made:
                    free.put(lane)
                print(
                    f"{module}: {len(of_module)} mutants, {usual_s:.0f} s each when they survive ", end="", flush=True
                )
                list(pool.map(lambda mutant, limit_s=10 + 3 * usual_s: one(mutant, limit_s), of_module))
                print()
                while not free.empty():
                    free.get()
                if not all(lane.passes(tests, 900) for lane in made):
                    raise SystemExit(f"{module}: its tests no longer pass unchanged; its results are worth nothing.")
        finally:
            for process in _processes:
                process.terminate()


def report(chosen: Sequence[Mutant]) -> str:
    """Score per module and of all, and every survivor."""
    known = judged()
    sources = {mutant.module: (PROJECT / mutant.module).read_bytes() for mutant in chosen}
    seen = [mutant for mutant in chosen if mutant.key(sources[mutant.module]) in known]
    alive = [mutant for mutant in seen if known[mutant.key(sources[mutant.module])]]
    total, survived = Counter(mutant.module for mutant in seen), Counter(mutant.module for mutant in alive)
    lines = [f"{'module':<32}{'mutants':>8}{'killed':>8}{'score':>8}"]
    for module in [*total, None]:
        of = total[module] if module else len(seen)
        killed = of - (survived[module] if module else len(alive))
        lines.append(f"{module or 'all':<32}{of:>8}{killed:>8}{f'{100 * killed / of:.0f} %' if of else '-':>8}")
    if len(seen) < len(chosen):
        lines.append(f"{len(chosen) - len(seen)} of {len(chosen)} are not judged yet.")
    lines += ["", "Survivors:", *(f"  {mutant.module}:{mutant.line}  {mutant.change}" for mutant in alive)]
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=400, help="mutants in all (400)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="lanes at work at the same time (2)")
    parser.add_argument("--only", choices=OWN_TESTS, help="judge this module's part of the sample alone")
    parser.add_argument("--survivors", action="store_true", help="also judge anew what survived, after better tests")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--report", action="store_true", help="judge nothing, print what is known")
    arguments = parser.parse_args()
    if arguments.serve:
        serve()
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    chosen = sample(list(OWN_TESTS), arguments.count, arguments.seed)
    if arguments.only:
        chosen = [mutant for mutant in chosen if mutant.module == arguments.only]
    if not arguments.report:
        judge(chosen, arguments.jobs, arguments.survivors)
    print(report(chosen))


if __name__ == "__main__":
    main()
