"""The command line answers at once, and turns whatever goes wrong into a message and an exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from tests.command_case import be_nobody
from vaultsync import __version__, commandline
from vaultsync.cli import main
from vaultsync.errors import ConfigError, SafetyStop, VaultsyncError

Install = Callable[[Callable[..., int]], None]

HEAVY = (
    "jinja2",
    "requests",
    "watchdog",
    "keyring",
    "rich",
    "msgspec",
    "yaml",
    "sqlite3",
    "platformdirs",
    "pluggy",
)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the vault, tokens or plugins of whoever runs it."""
    be_nobody(monkeypatch, tmp_path)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a command in the place of "export" that does what the test says."""

    def install(function: Callable[..., int]) -> None:
        made = click.Command("export", callback=function, params=[click.Option(["--json", "as_json"], is_flag=True)])
        monkeypatch.setitem(sys.modules, "stand_in", SimpleNamespace(command=made))
        monkeypatch.setitem(commandline.COMMANDS, "export", ("stand_in", ""))

    return install


def raising(error: BaseException) -> Callable[..., int]:
    def command(as_json: bool) -> int:  # noqa: ARG001 - the option is read by the command line itself
        raise error

    return command


# Start-up


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_help_and_version_import_nothing_heavy(option: str) -> None:
    program = f"import sys; from vaultsync.cli import main; main(['{option}']); print(*sys.modules, sep=chr(10))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {name for name in HEAVY if name in done.stdout.split("\n")}


def test_the_version_is_told_without_the_command_line() -> None:
    program = "import sys; from vaultsync.cli import main; main(['--version']); print(*sys.modules, sep=chr(10))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"click", "dataclasses", "inspect"} & set(done.stdout.split("\n"))


def test_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"vaultsync {__version__}\n"


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in commandline.COMMANDS)


@pytest.mark.parametrize("name", list(commandline.COMMANDS))
def test_every_command_explains_itself_and_its_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: vaultsync {name}")


# Going wrong


def test_unknown_command_names_the_one_that_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exprot"]) == 2
    assert "Did you mean 'export'?" in capsys.readouterr().err


@pytest.mark.parametrize("args", [["nonsense-entirely"], ["export", "--nonsense"], ["--nonsense"], []])
def test_usage_errors_exit_2(args: list[str], command: Install) -> None:
    command(lambda **_options: 0)
    assert main(args) == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [(VaultsyncError("x"), 1), (ConfigError("x"), 2), (SafetyStop("x"), 3), (KeyboardInterrupt(), 130)],
)
def test_each_kind_of_trouble_has_its_exit_code(error: BaseException, code: int, command: Install) -> None:
    command(raising(error))
    assert main(["export"]) == code


def test_error_is_told_on_stderr_with_what_to_do_next(command: Install, capsys: pytest.CaptureFixture[str]) -> None:
    command(raising(ConfigError("No vault here.", hint="Make one.")))
    main(["export"])
    assert capsys.readouterr() == ("", "Error: No vault here.\nMake one.\n")


def test_error_is_one_json_object_on_stdout_if_asked_for(command: Install, capsys: pytest.CaptureFixture[str]) -> None:
    command(raising(ConfigError("No vault here.", hint="Make one.")))
    assert main(["export", "--json"]) == 2
    out, err = capsys.readouterr()
    assert json.loads(out) == {"errors": [{"message": "No vault here.", "hint": "Make one."}]}
    assert err == "Error: No vault here.\nMake one.\n"


def test_interruption_is_told_without_a_traceback(command: Install, capsys: pytest.CaptureFixture[str]) -> None:
    command(raising(KeyboardInterrupt()))
    main(["export"])
    assert capsys.readouterr().err.strip().startswith("Interrupted.")


def test_bug_is_owned_up_to_without_a_traceback(command: Install, capsys: pytest.CaptureFixture[str]) -> None:
    command(raising(ZeroDivisionError("oops")))
    assert main(["export"]) == 1
    assert capsys.readouterr().err == (
        "Error: ZeroDivisionError: oops\n"
        "This is a bug in vaultsync. Run it again with VAULTSYNC_DEBUG=1 to see where, and report that.\n"
    )


def test_debug_shows_where_a_bug_is(
    command: Install, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULTSYNC_DEBUG", "1")
    command(raising(ZeroDivisionError("oops")))
    main(["export"])
    assert "Traceback" in capsys.readouterr().err


def test_exit_code_of_a_command_is_passed_on(command: Install) -> None:
    command(lambda **_options: 3)
    assert main(["export"]) == 3


def test_reader_that_hangs_up_is_no_trouble() -> None:
    read, write = os.pipe()
    os.close(read)
    program = "import sys; from vaultsync.cli import main; sys.exit(main(['--help']))"
    done = subprocess.run([sys.executable, "-c", program], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert done.stderr == b""


# init and templates


def test_init_makes_a_vault_and_says_what_to_do_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "My Vault"]) == 0
    assert (tmp_path / "My Vault" / "vaultsync.toml").is_file()
    assert f'Next, in {tmp_path / "My Vault"}: "vaultsync auth readwise"' in capsys.readouterr().out


def test_init_makes_no_vault_in_a_vault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init"]) == 0
    assert 'Next: "vaultsync auth readwise"' in capsys.readouterr().out
    assert main(["init", "Books"]) == 2
    assert not (tmp_path / "Books").exists()
    assert f"{tmp_path / 'Books'} is inside a vault: {tmp_path}." in capsys.readouterr().err


def test_init_leaves_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "vaultsync.toml").write_text("# mine\n")
    assert main(["init"]) == 0
    assert (tmp_path / "vaultsync.toml").read_text() == "# mine\n"
    assert "left as it is" in capsys.readouterr().out


def test_init_with_templates_uses_the_copy(tmp_path: Path) -> None:
    assert main(["init", "--templates", "minimal"]) == 0
    assert 'templates = "Templates/vaultsync"' in (tmp_path / "vaultsync.toml").read_text()
    assert (tmp_path / "Templates" / "vaultsync" / "document.md").is_file()


def test_init_with_an_unknown_set_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--templates", "mine"]) == 2
    assert list(tmp_path.iterdir()) == []
    assert "default, callouts, minimal" in capsys.readouterr().err


def test_copied_templates_never_replace_yours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["init", "--templates"])
    mine = tmp_path / "Templates" / "vaultsync" / "document.md"
    mine.write_text("mine")
    assert main(["templates", "copy"]) == 0
    assert mine.read_text() == "mine"
    assert "left as it is" in capsys.readouterr().out


def test_every_shipped_set_can_be_copied(tmp_path: Path) -> None:
    from vaultsync.rendering.templates import SETS

    for name in SETS:
        assert main(["init", name, "--templates", name]) == 0
        assert (tmp_path / name / "Templates" / "vaultsync" / "document.md").is_file()
