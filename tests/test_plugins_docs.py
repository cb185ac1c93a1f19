"""docs/plugins.md is true: it names every hook, value and law, and the code it shows is code that runs."""

from __future__ import annotations

import os
import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.command_case import be_nobody, made_vault
from tests.plugin_case import config_folder
from vaultsync import hookspecs
from vaultsync.cli import main
from vaultsync.testing import SourceContract

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs/plugins.md").read_text("utf-8")
EXAMPLE = ROOT / "examples/vaultsync-clippings"
OURS = {
    name: value for name, value in vars(hookspecs).items() if getattr(value, "__module__", "") == hookspecs.__name__
}
VALUES = {name: value for name, value in OURS.items() if is_dataclass(value)}
PROTOCOLS = {name: value for name, value in OURS.items() if getattr(value, "_is_protocol", False)}


def row(name: str) -> str:
    """The line of a table that has this name in its first cell."""
    return next((line for line in TEXT.splitlines() if re.match(rf"\|[^|]*`{name}\b", line)), "")


@pytest.mark.parametrize("name", [name for name in OURS if name.startswith("vaultsync_")])
def test_every_hook_has_a_row(name: str) -> None:
    assert row(name)


@pytest.mark.parametrize("name", VALUES)
def test_every_value_has_a_row_that_names_its_fields(name: str) -> None:
    told = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", row(name)))))
    assert {field.name for field in fields(VALUES[name])} <= told


def methods(protocol: Any) -> set[str]:
    return {name for name in vars(protocol) if not name.startswith("_")}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_method_of_a_source_is_told(name: str) -> None:
    assert {method for method in methods(PROTOCOLS[name]) if f"`{method}(" not in TEXT} == set()


def test_every_part_of_the_contract_suite_is_told() -> None:
    parts = {name for name in vars(SourceContract) if not name.startswith(("_", "test_"))}
    assert {name for name in parts if not row(name)} == set()


@pytest.mark.parametrize("name", [name for name in vars(SourceContract) if name.startswith("test_")])
def test_every_law_is_told(name: str) -> None:
    def words(text: str) -> str:
        return " ".join(word for word in re.findall(r"\w+", text.lower()) if word not in ("a", "an"))

    assert words(name.removeprefix("test_").replace("_", " ")) in words(TEXT)


def blocks() -> list[tuple[str, str]]:
    """Every code block that says which file it is from, without that line."""
    return re.findall(r"^```(?:python|toml)\n# (\S+)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("file", "code"), [block for block in blocks() if block[0] != "shout.py"])
def test_code_of_the_example_stands_in_the_example(file: str, code: str) -> None:
    assert code in (EXAMPLE / file).read_text("utf-8")


def test_one_file_is_a_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    be_nobody(monkeypatch, tmp_path)
    os.environ["VAULTSYNC_PLUGINS"] = "shout"
    (code,) = [code for file, code in blocks() if file == "shout.py"]
    (allowing,) = re.findall(r"^plugins_folder.*\n", TEXT, re.MULTILINE)
    (config_folder() / "config.toml").write_text(allowing)
    (config_folder() / "plugins").mkdir()
    (config_folder() / "plugins/shout.py").write_text(code)
    vault = made_vault(tmp_path / "vault", '[notes]\ntemplates = "T"\n')
    (vault / "T").mkdir()
    (vault / "T/document.md").write_text("{{ document.title | shout }}\n")
    assert main(["plugins"]) == 0
    assert "template filters: shout" in capsys.readouterr().out
    assert main(["templates", "check", "--vault", str(vault)]) == 0
