"""The build of the front-end files: skipped when nothing changed, repaired after an interruption, never silent."""

import pytest

from emorec_site import assets


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project whose packages take no time to install; returns the commands that were run."""
    sources, vendor = tmp_path / "static_src", tmp_path / "vendor"
    sources.mkdir()
    (sources / "upload.js").write_text("one")
    for name in ("package.json", "package-lock.json"):
        (tmp_path / name).write_text("{}")
    monkeypatch.setattr(assets, "ROOT", tmp_path)
    monkeypatch.setattr(assets, "SOURCES", sources)
    monkeypatch.setattr(assets, "VENDOR", vendor)
    monkeypatch.setattr(assets, "STAMP", tmp_path / "node_modules" / ".emorec-stamp")
    monkeypatch.setattr(assets, "find_node", lambda: (tmp_path / "node", ["npm"]))
    monkeypatch.setattr(assets, "node_major", lambda node: 20)
    commands = []

    def step(command, node):
        commands.append(command)
        if command[:2] == ["npm", "ci"]:
            (tmp_path / "node_modules").mkdir(exist_ok=True)
        else:
            vendor.mkdir(exist_ok=True)
            (vendor / "upload.js").write_text("built")

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
    (tmp_path / "vendor" / "upload.js").unlink()
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
