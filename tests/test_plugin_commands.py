"""Commands of plugins: listed without loading any, found when called for; and what "vaultsync plugins" tells."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_case import be_nobody, made_vault
from tests.plugin_case import Install, config_folder, hook, install
from tests.test_cli import HEAVY
from vaultsync.cli import main
from vaultsync.host.plugins import BUILT_IN

__all__ = ["install"]

SHELF = """\
@click.command("shelf")
@click.option("--fail", is_flag=True)
def shelf(fail):
    "Dust the shelf. With care."
    click.echo("Dusted.")
    return 3 if not fail else 1 / 0

@click.group("attic")
def attic():
    "Look upstairs."
""" + hook("vaultsync_commands", "return (shelf, attic)")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the vault or plugins of whoever runs it."""
    be_nobody(monkeypatch, tmp_path)


def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What --help lists under the heading for plugins."""
    capsys.readouterr()
    assert main(["--help"]) == 0
    lines = capsys.readouterr().out.partition("Commands of plugins:\n")[2].partition("\n\n")[0].splitlines()
    return {name: text.strip() for name, _, text in (line.strip().partition(" ") for line in lines)}


# --help


def test_help_lists_a_plugin_without_loading_it(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("dusty", "raise AssertionError('loaded')")
    assert listed(capsys) == {"dusty": 'A plugin. "vaultsync plugins" asks it for more.'}


def test_help_lists_the_commands_of_a_plugin_that_was_asked_once(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    site = install("dusty", SHELF)
    main(["plugins"])
    (site / "plugin_dusty_0.py").write_text("raise AssertionError('loaded')")
    sys.modules.pop("plugin_dusty_0")
    assert listed(capsys) == {"shelf": "Dust the shelf.", "attic": "Look upstairs."}


def test_plugin_without_commands_is_not_listed_once_it_was_asked(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("quiet", "")
    main(["plugins"])
    assert listed(capsys) == {}


def test_help_lists_only_what_is_narrowed_to(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("dusty", "clean"):
        install(name, "")
    os.environ["VAULTSYNC_PLUGINS"] = "clean"
    assert list(listed(capsys)) == ["clean"]


def test_help_is_given_though_the_users_configuration_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    (config_folder() / "config.toml").write_text("?")
    os.environ.pop("VAULTSYNC_PLUGINS")
    assert listed(capsys) == {}


def test_help_with_plugins_installed_imports_nothing_heavy(install: Install) -> None:
    site = install("dusty", SHELF)
    main(["plugins"])
    program = "import sys; from vaultsync.cli import main; main(['--help']); print(*sys.modules, sep=chr(10))"
    # Another process has another path, so that it searches; the second finds what the first remembered.
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(site)},
        )
    assert "  shelf " in done.stdout
    found = {*HEAVY, "pathlib", "importlib.metadata", "json", "plugin_dusty_0"} & set(done.stdout.split("\n"))
    assert found == set()


# Calling


def test_command_of_a_plugin_is_found_and_its_exit_code_passed_on(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("dusty", SHELF)
    assert main(["shelf"]) == 3
    assert capsys.readouterr().out == "Dusted.\n"
    assert main(["shelf", "--help"]) == 0
    assert main(["shelf", "--nonsense"]) == 2
    assert list(listed(capsys)) == ["shelf", "attic"]


def test_mistake_in_a_plugins_command_is_told_as_the_plugins(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("dusty", SHELF)
    assert main(["shelf", "--fail"]) == 1
    assert capsys.readouterr().err == (
        "Error: plugin dusty: its command shelf failed: ZeroDivisionError: division by zero.\n"
        "Run it again with VAULTSYNC_DEBUG=1 to see where, and tell the plugin's author.\n"
    )


def test_commands_of_ours_load_no_plugin(install: Install, tmp_path: Path) -> None:
    install("dusty", "raise BaseException('loaded')")
    assert main(["init", str(tmp_path / "vault"), "--help"]) == 0


def test_unknown_command_names_what_was_meant_and_the_plugins_that_failed(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("broken", "import no_such_module")
    install("dusty", SHELF)
    assert main(["shelv"]) == 2
    err = capsys.readouterr().err
    assert "There is no command 'shelv'. Did you mean 'shelf'" in err
    assert "plugin broken could not be loaded" in err


def test_command_named_as_ours_is_left_out(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("dusty", SHELF.replace('"shelf"', '"export"'))
    assert main(["plugins"]) == 1
    assert '"export" of vaultsync_commands is taken by vaultsync' in capsys.readouterr().err
    assert list(listed(capsys)) == ["attic"]


# vaultsync plugins


def test_plugins_are_listed_with_what_they_bring(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("dusty", SHELF + hook("vaultsync_template_filters", "return {'shout': str.upper}"))
    install("left", "")
    install("broken", "import no_such_module")
    os.environ["VAULTSYNC_PLUGINS"] = "dusty,broken"
    assert main(["plugins"]) == 1
    out, err = capsys.readouterr()
    own = "".join(f"{name:8}  built in\n          hooks: sources\n          sources: {name}\n" for name in BUILT_IN)
    assert out == own + (
        "dusty     vaultsync-dusty 1.0\n"
        "          hooks: template_filters, commands\n"
        "          template filters: shout\n"
        "          commands: shelf, attic\n"
        "broken    vaultsync-broken 1.0 (failed)\n"
        "left      vaultsync-left 1.0 (left out by VAULTSYNC_PLUGINS)\n"
    )
    assert err.startswith("Error: plugin broken could not be loaded: ModuleNotFoundError")


def test_plugins_are_one_json_object_if_asked_for(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("dusty", SHELF)
    assert main(["plugins", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["errors"] == []
    assert told["plugins"][len(BUILT_IN) :] == [
        {
            "name": "dusty",
            "origin": "vaultsync-dusty 1.0",
            "loaded": True,
            "hooks": ["vaultsync_commands"],
            "sources": [],
            "accounts": [],
            "template_filters": [],
            "commands": ["shelf", "attic"],
            "left_out": "",
        }
    ]


def test_file_of_the_users_own_is_listed_with_its_path(capsys: pytest.CaptureFixture[str]) -> None:
    (config_folder() / "plugins").mkdir()
    (config_folder() / "plugins/shout.py").write_text(
        "from vaultsync.hookspecs import hookimpl\n" + hook("vaultsync_template_filters", "return {'shout': str.upper}")
    )
    (config_folder() / "config.toml").write_text('plugins_folder = "plugins"\n')
    os.environ["VAULTSYNC_PLUGINS"] = "shout"
    assert main(["plugins"]) == 0
    assert f"shout     {config_folder() / 'plugins/shout.py'}\n" in capsys.readouterr().out


def test_sections_of_the_vault_at_hand_are_checked_too(
    install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install("dusty", SHELF)
    made_vault(tmp_path / "vault", "[plugins.dusty]\n")
    assert main(["plugins", "--vault", str(tmp_path / "vault")]) == 2
    assert "the plugin dusty has no settings" in capsys.readouterr().err


# Commands that know a source without an address or a token.

FREE = """\
class Settings(msgspec.Struct):
    pass
class Free:
    prefixes = ("free",)
    def check_token(self): pass
make = lambda settings, http: Free()
""" + hook("vaultsync_sources", "return (SourcePlugin('free', Settings, '', make),)")


def test_source_without_a_token_needs_no_auth(
    install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install("free", FREE)
    vault = made_vault(tmp_path / "vault", "[sources.free]\n")
    assert main(["auth", "free"]) == 0
    assert capsys.readouterr().out == "free needs no token.\n"
    assert main(["init", str(vault)]) == 0
    assert main(["doctor", "--vault", str(vault)]) == 0
    assert "free       It needs no token, and what it reads is there." in capsys.readouterr().out
