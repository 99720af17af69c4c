"""The mutants that ``make mutants`` makes: small, legal, repeatable, and nowhere near texts for people."""

import ast
import json

import pytest

from tests import mutants
from tests.mutants import OWN_TESTS, PROJECT, Lane, Mutant, sample

SOURCE = b'''"""Says what this is."""
STATES = {"new": {"open", "shut"}, "open": set()}


@atomic
def move(row: "Row", to: str, times: int = 3) -> str | None:
    """Moves it."""
    if row.state == to and not row.locked:
        raise ValueError(_("It is there already."))
    for _number in range(times):
        row.count += 1
        logger.info("moved")
    save(row)
    return to
'''


def changed(source: bytes = SOURCE) -> dict[str, str]:
    """Change to the mutated source, of every mutant."""
    return {mutant.change: mutant.of(source).decode() for mutant in mutants.mutants("m.py", source)}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("row.state == to  ->  (row.state != to)", "if (row.state != to) and not row.locked:"),
        ("row.state == to and (not row.locked)  ->  (row.state == to or not row.locked)", "if (row.state == to or"),
        ("not row.locked  ->  (row.locked)", "and (row.locked):"),
        ("row.count += 1  ->  row.count -= 1", "row.count -= 1"),
        ("3  ->  4", "times: int = 4)"),
        ("save(row)  ->  pass", "    pass\n    return to"),
        ("return to  ->  return None", "return None\n"),
        ("without 'open'", "\"new\": {'shut'}"),
        ("'shut'  ->  'shut~'", "{\"open\", 'shut~'}"),
    ],
)
def test_a_mutant_differs_in_one_place(change, text):
    assert text in changed()[change]


def test_every_mutant_is_legal_and_none_is_the_original():
    assert len(changed()) > 15
    for text in changed().values():
        assert ast.dump(ast.parse(text)) != ast.dump(ast.parse(SOURCE))


def test_texts_types_and_log_lines_are_left_alone():
    everything = " ".join(changed())
    for untouched in ("Says", "Moves", "already", "moved", "Row", "atomic"):
        assert f"{untouched}~" not in everything
    assert all('logger.info("moved")' in text for text in changed().values())


def test_places_are_right_behind_letters_of_several_bytes():
    source = 'NAMES = ("Zoë", "学号")  # ü\nLIMIT = 5\n'.encode()
    assert changed(source)["5  ->  6"].endswith("LIMIT = 6\n")
    assert "学号~" in changed(source)["'学号'  ->  '学号~'"]


def test_the_modules_and_their_tests_are_there():
    for module, tests in OWN_TESTS.items():
        assert all((PROJECT / path).exists() for path in (module, *tests))


def test_the_sample_is_the_same_for_a_seed_and_spread_over_the_modules():
    modules = list(OWN_TESTS)
    count = 20 * len(modules)
    chosen = sample(modules, count, seed=1)
    assert chosen == sample(modules, count, seed=1)
    assert chosen != sample(modules, count, seed=2)
    assert len(set(chosen)) == count
    assert {module: sum(mutant.module == module for mutant in chosen) for module in modules} == dict.fromkeys(
        modules, 20
    )


def test_judging_changes_the_copy_for_that_long_and_nothing_else(tmp_path, monkeypatch):
    module = next(iter(OWN_TESTS))
    (tmp_path / module).parent.mkdir()
    (tmp_path / module).write_bytes(SOURCE)
    before = (PROJECT / module).read_bytes()
    seen = []

    def passes(lane, tests, limit_s):
        seen.append((lane.folder / module).read_bytes())
        return False

    monkeypatch.setattr(Lane, "passes", passes)
    mutant = next(found for found in mutants.mutants(module, SOURCE) if found.change == "3  ->  4")
    assert not Lane(tmp_path, None, None).judge(mutant, 1)
    assert seen == [mutant.of(SOURCE)]
    assert (tmp_path / module).read_bytes() == SOURCE
    assert (PROJECT / module).read_bytes() == before


def test_the_report_counts_and_names_the_survivors(tmp_path, monkeypatch):
    monkeypatch.setattr(mutants, "RESULTS", tmp_path / "results.jsonl")
    modules = list(OWN_TESTS)[:2]
    chosen = sample(modules, 4, seed=1)
    rows = [
        f'{{"key": "{mutant.key((PROJECT / mutant.module).read_bytes())}", "survived": {str(number == 0).lower()}}}'
        for number, mutant in enumerate(chosen[:3])
    ]
    mutants.RESULTS.write_text("\n".join(rows) + "\n")
    text = mutants.report(chosen)
    assert "1 of 4 are not judged yet." in text
    assert f"{chosen[0].module}:{chosen[0].line}  {chosen[0].change}" in text
    assert text.splitlines()[1].split()[-2:] == ["50", "%"]


def test_what_is_judged_is_not_judged_again_unless_it_survived_and_that_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(mutants, "RESULTS", tmp_path / "results.jsonl")
    chosen = sample(list(OWN_TESTS)[:1], 3, seed=1)
    assert mutants.unjudged(chosen, again=False) == chosen
    killed, survivor, new = chosen
    rows = [(killed, False), (survivor, True)]
    mutants.RESULTS.write_text(
        "".join(
            json.dumps({"key": mutant.key((PROJECT / mutant.module).read_bytes()), "survived": survived}) + "\n"
            for mutant, survived in rows
        )
    )
    assert mutants.unjudged(chosen, again=False) == [new]
    assert mutants.unjudged(chosen, again=True) == [survivor, new]


def test_a_change_of_the_module_asks_for_its_mutants_anew():
    mutant = Mutant("m.py", 1, 0, 1, "x", "")
    assert mutant.key(b"one") != mutant.key(b"two")
