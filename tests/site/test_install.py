"""uv is told what this machine tells pip: mirrors, folders of wheels, certificates, proxies."""

import subprocess
import sys

import pytest

from emorec_site.install import pip_settings, uv_environment


def told(*lines: str, **environment: str) -> dict[str, str]:
    return uv_environment(pip_settings(lines), environment)


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("global.index-url='https://mirror.example/simple'", "UV_DEFAULT_INDEX", "https://mirror.example/simple"),
        ("global.extra-index-url='https://a/simple https://b'", "UV_INDEX", "https://a/simple https://b"),
        ("global.extra-index-url='\\nhttps://a\\nhttps://b'", "UV_INDEX", "https://a https://b"),
        ("install.find-links='/opt/wheels /srv/wheels'", "UV_FIND_LINKS", "/opt/wheels,/srv/wheels"),
        (":env:.cert='/etc/ssl/own.pem'", "SSL_CERT_FILE", "/etc/ssl/own.pem"),
        ("global.proxy='http://proxy:3128'", "ALL_PROXY", "http://proxy:3128"),
        ("global.trusted-host='mirror.example'", "UV_INSECURE_HOST", "mirror.example"),
    ],
)
def test_a_setting_of_pip_is_one_of_uv(line, name, value):
    assert told(line)[name] == value


def test_the_environment_counts_before_the_command_s_section_and_that_before_the_global_one():
    lines = ["install.cert='/install'", ":env:.cert='/environment'", "global.cert='/global'"]
    assert told(*lines)["SSL_CERT_FILE"] == "/environment"
    assert told(lines[0], lines[2])["SSL_CERT_FILE"] == "/install"


def test_what_is_set_for_uv_already_stays():
    environment = told("global.index-url='https://mirror.example'", UV_DEFAULT_INDEX="https://own.example", HOME="/h")
    assert environment["UV_DEFAULT_INDEX"] == "https://own.example"
    assert environment["HOME"] == "/h"


def test_several_indexes_are_looked_through_as_pip_does():
    assert told("global.extra-index-url='https://a'")["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert "UV_INDEX_STRATEGY" not in told("global.index-url='https://a'")


def test_other_settings_and_other_commands_are_left_alone():
    assert told("global.timeout='180'", "download.cert='/x'", "", "a warning without a setting") == told()


def test_what_pip_really_prints_is_understood(tmp_path):
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = https://mirror.example/simple\nfind-links =\n    /opt/one\n    /opt/two\n")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PIP_CONFIG_FILE": str(config)}
    listed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert told(*listed.splitlines())["UV_FIND_LINKS"] == "/opt/one,/opt/two"
    assert told(*listed.splitlines())["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
