"""The build of the front-end files: skipped when nothing changed, repaired after an interruption, never silent."""

import pytest

from emorec_site import assets


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project whose packages take no time to install; returns the commands that were run."""
    sources, built = tmp_path / "static_src", tmp_path / "built"
    sources.mkdir()
    (sources / "upload.js").write_text("one")
    (tmp_path / "package.json").write_text('{"devDependencies": {"@biomejs/biome": "2.0.0"}}')
    (tmp_path / "package-lock.json").write_text("{}")
    monkeypatch.setattr(assets, "ROOT", tmp_path)
    monkeypatch.setattr(assets, "SOURCES", sources)
    monkeypatch.setattr(assets, "BUILT", built)
    monkeypatch.setattr(assets, "STAMP", tmp_path / "node_modules" / ".emorec-stamp")
    monkeypatch.setattr(assets, "BIOME", tmp_path / "node_modules" / "biome")
    monkeypatch.setattr(assets, "find_node", lambda: (tmp_path / "node", ["npm"]))
    monkeypatch.setattr(assets, "node_major", lambda node: 20)
    commands = []

    def step(command, node):
        commands.append(command)
        if command[:2] == ["npm", "ci"]:
            (tmp_path / "node_modules").mkdir(exist_ok=True)
            if "--omit=dev" not in command:
                assets.BIOME.mkdir(exist_ok=True)
                (assets.BIOME / "package.json").write_text('{"version": "2.0.0"}')
        elif command[-1].endswith("build.mjs"):
            built.mkdir(exist_ok=True)
            (built / "upload.js").write_text("built")

    monkeypatch.setattr(assets, "step", step)
    return commands


def test_a_second_build_does_nothing(project):
    assets.build()
    assert len(project) == 2
    assets.build()
    assert len(project) == 2


@pytest.mark.parametrize("changed", ["static_src/upload.js", "package-lock.json"])
def test_a_changed_source_is_built_again(project, tmp_path, changed):
    assets.build()
    (tmp_path / changed).write_text("two")
    assets.build()
    assert len(project) == 4


def test_files_that_were_removed_are_built_again(project, tmp_path):
    assets.build()
    (tmp_path / "built" / "upload.js").unlink()
    assets.build()
    assert len(project) == 4


def test_an_interrupted_build_is_repaired_by_the_next(project, tmp_path, monkeypatch):
    working = assets.step

    def broken(command, node):
        raise assets.AssetsError("cut")

    monkeypatch.setattr(assets, "step", broken)
    assert assets.main() == 1
    monkeypatch.setattr(assets, "step", working)
    assert assets.main() == 0
    assert assets.up_to_date(assets.fingerprint())


def test_a_build_that_fails_after_a_good_one_is_not_taken_for_complete(project, tmp_path, monkeypatch):
    assets.build()
    good = (tmp_path / "static_src" / "upload.js").read_text()
    (tmp_path / "static_src" / "upload.js").write_text("two")

    def broken(command, node):
        raise assets.AssetsError("cut")

    monkeypatch.setattr(assets, "step", broken)
    assert assets.main() == 1
    (tmp_path / "static_src" / "upload.js").write_text(good)
    assert not assets.up_to_date(assets.fingerprint())


def test_progress_and_failures_are_said(project, capsys, monkeypatch):
    assets.main()
    assert "installing the packages" in capsys.readouterr().out

    def no_node():
        raise assets.AssetsError("node 20 or newer is needed")

    monkeypatch.setattr(assets, "find_node", no_node)
    monkeypatch.setattr(assets, "up_to_date", lambda wanted: False)
    assert assets.main() == 1
    assert "node 20 or newer is needed" in capsys.readouterr().out


def test_a_node_that_does_not_start_counts_as_none(tmp_path):
    broken = tmp_path / "node"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    assert assets.node_major(broken) == 0
    assert assets.node_major(tmp_path / "missing") == 0


def test_biome_comes_with_the_first_check_and_stays(project, tmp_path):
    assets.build()
    assert not assets.BIOME.exists()
    assert assets.main(["lint"]) == 0
    assert project[-1][:3] == [str(tmp_path / "node"), str(assets.BIOME / "bin" / "biome"), "check"]
    assert len(project) == 5
    (tmp_path / "static_src" / "upload.js").write_text("two")
    assert assets.main(["format"]) == 0
    assert project[-1][-1] == "--write"
    assert len(project) == 6
    assets.build()
    assert "--omit=dev" not in project[-2]


def test_another_version_of_biome_is_installed_before_it_is_used(project, tmp_path):
    assets.main(["lint"])
    (tmp_path / "package.json").write_text('{"devDependencies": {"@biomejs/biome": "3.0.0"}}')
    before = len(project)
    assets.main(["lint"])
    assert len(project) == before + 3


def test_what_biome_finds_fails_the_check(project, monkeypatch, capsys):
    assets.main(["lint"])

    def finds(command, node):
        raise assets.AssetsError("cut")

    monkeypatch.setattr(assets, "step", finds)
    assert assets.main(["lint"]) == 1
    assert "make format" in capsys.readouterr().out


def test_an_unknown_wish_is_turned_down(project):
    assert assets.main(["lnit"]) == 2
    assert project == []
