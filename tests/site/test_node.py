"""The front end is built with the node on the PATH, or with the one that a package carries."""

import os
from pathlib import Path

import pytest

from emorec_site import node


def program(path: Path, says: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo v{says} && exit\necho "$@" > {path}.asked\nexit 3\n')
    path.chmod(0o755)
    return path


def test_a_node_that_does_not_start_counts_as_none(tmp_path):
    broken = tmp_path / "node"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    assert node.node_major(broken) == 0
    assert node.node_major(tmp_path / "missing") == 0


def test_the_node_on_the_path_is_used_if_it_is_new_enough(tmp_path, monkeypatch):
    found, npm = program(tmp_path / "node", "20.1.0"), program(tmp_path / "npm", "10.0.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert node.find_node() == (found, [str(npm)])


@pytest.mark.parametrize("version", ["18.20.0", None])
def test_an_old_node_or_none_is_replaced_by_the_package_s(tmp_path, monkeypatch, version):
    if version:
        program(tmp_path / "node", version)
        program(tmp_path / "npm", "9.0.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    binary, npm = node.find_node()
    assert node.node_major(binary) >= node.LEAST_NODE
    assert npm[0] == str(binary)
    assert npm[1].endswith("npm-cli.js")


@pytest.mark.parametrize("tool", ["node", "npm"])
def test_the_tool_gets_its_arguments_and_its_status_is_ours(tmp_path, monkeypatch, tool):
    program(tmp_path / "node", "22.0.0")
    program(tmp_path / "npm", "11.0.0")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert node.main([tool, "ci", "--no-audit"]) == 3
    assert (tmp_path / f"{tool}.asked").read_text() == "ci --no-audit\n"


def test_no_node_at_all_is_said_with_the_next_step(monkeypatch, capsys):
    def none():
        raise node.NodeMissingError("node 20 or newer is needed: install it")

    monkeypatch.setattr(node, "find_node", none)
    assert node.main(["npm", "ci"]) == 1
    assert "node 20 or newer is needed: install it" in capsys.readouterr().err
