"""A vault is found, and every mistake in its vaultsync.toml is named with its line and what was meant."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from vaultsync import accounts, config
from vaultsync.config import Config, Notes
from vaultsync.errors import ConfigError
from vaultsync.hookspecs import SourcePlugin
from vaultsync.sources import linkding
from vaultsync.sources.linkding.settings import LinkdingSettings


class ShelfSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    base_url: str = "https://shelf.example"
    highlights: bool = True
    push: tuple[str, ...] = ("note",)
    places: tuple[Literal["new", "later"], ...] = ("new",)


SHELF = SourcePlugin("shelf", ShelfSettings, "SHELF_TOKEN", lambda _settings, _http: None)  # type: ignore[arg-type, return-value]


def vault(root: Path, text: str = "") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "vaultsync.toml").write_text(text)
    return root


def refusal(root: Path, text: str) -> ConfigError:
    """What is said of a vaultsync.toml with this text, read with the source "shelf" installed."""
    with pytest.raises(ConfigError) as caught:
        loaded = config.load(vault(root, text))
        for account in accounts.accounts(loaded, {"shelf": SHELF}).values():
            config.source_settings(loaded, account)
    return caught.value


# Finding the vault


def test_option_wins_over_environment_and_folder(tmp_path: Path) -> None:
    named, other = vault(tmp_path / "named"), vault(tmp_path / "other")
    assert config.find_vault(str(named), {"VAULTSYNC_VAULT": str(other)}, other) == named


def test_environment_wins_over_folder(tmp_path: Path) -> None:
    named, other = vault(tmp_path / "named"), vault(tmp_path / "other")
    assert config.find_vault(None, {"VAULTSYNC_VAULT": str(named)}, other) == named


def test_nearest_vault_above_is_found(tmp_path: Path) -> None:
    outer = vault(tmp_path)
    inner = vault(outer / "inner")
    below = inner / "a" / "b"
    below.mkdir(parents=True)
    assert config.find_vault(None, {}, below) == inner


@pytest.mark.parametrize("name", ["missing", "plain"])
def test_named_folder_that_is_no_vault_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(ConfigError, match="Nothing was done") as caught:
        config.find_vault(str(tmp_path / name), {}, vault(tmp_path / "here"))
    assert caught.value.exit_code == 2


def test_no_vault_anywhere_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config.find_vault(None, {}, tmp_path)
    assert "vaultsync init" in caught.value.hint


# Reading vaultsync.toml


def test_empty_file_is_a_vault_with_defaults(tmp_path: Path) -> None:
    loaded = config.load(vault(tmp_path))
    assert loaded == Config(tmp_path, Notes(), {}, "")
    assert loaded.notes.path == "Readwise/{{ document.category }}/{{ document.title }}.md"


def test_how_to_watch_is_read_and_checked(tmp_path: Path) -> None:
    loaded = config.load(vault(tmp_path, "[watch]\nsettle = 5\npull_interval = 60\nunattended = true\n"))
    assert loaded.watch == config.Watch(5.0, 60.0, unattended=True)
    assert "settle" in refusal(tmp_path, "[watch]\nsettle = -1\n").message
    assert "pull_interval" in refusal(tmp_path, "[watch]\npull_interval = 0\n").message
    assert "line 2" in refusal(tmp_path, "[watch]\nunattended = 1\n").message


def test_byte_order_mark_and_windows_newlines_are_read(tmp_path: Path) -> None:
    (tmp_path / "vaultsync.toml").write_bytes("\ufeff[notes]\r\npath = 'a.md'\r\n".encode())
    assert config.load(tmp_path).notes.path == "a.md"


def test_source_section_becomes_its_settings(tmp_path: Path) -> None:
    loaded = config.load(vault(tmp_path, "[sources.shelf]\nhighlights = false\npush = []\n"))
    assert config.source_settings(loaded, accounts.of(SHELF)) == ShelfSettings(highlights=False, push=())


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    assert "line 2" in refusal(tmp_path, "[notes]\npath = \n").message


@pytest.mark.parametrize(
    ("text", "line", "said", "meant"),
    [
        ("[note]\n", 1, 'no section "note"', '"notes"'),
        ("\n[source.shelf]\n", 2, 'no section "source"', '"sources"'),
        ("[notes]\n\ntemplate = 'x'\n", 3, 'no option "template"', '"templates"'),
        ("[sources.shelf]\nhighlight = true\n", 2, 'no option "highlight"', '"highlights"'),
        ("[notes]\n[sources.shelv]\n", 2, 'no plugin brings a source "shelv"', '"shelf"'),
        ("notes = 3\n", 1, "notes is not a section", "[notes]"),
        ("[sources]\nshelf = 3\n", 2, "shelf is not a section", "[sources.shelf]"),
        ("[notes]\npath = 3\n", 2, "expected text, found a number", ""),
        ("[sources.shelf]\nhighlights = 'yes'\n", 2, "expected bool, found text", "true, false"),
        ("[sources.shelf]\nplaces = ['feed']\n", 2, "invalid value 'feed'", "new, later"),
        ("[sources.shelf]\npush = ['note', 3]\n", 2, "expected text, found a number", ""),
    ],
)
def test_mistake_is_named_with_its_line_and_what_was_meant(
    tmp_path: Path, text: str, line: int, said: str, meant: str
) -> None:
    error = refusal(tmp_path, text)
    assert error.exit_code == 2
    assert f"line {line}" in error.message
    assert said in error.message
    assert meant in error.hint


def test_unknown_option_lists_the_allowed_ones(tmp_path: Path) -> None:
    error = refusal(tmp_path, "[sources.shelf]\nzzz = 1\n")
    assert error.hint == "[sources.shelf] may have: base_url, highlights, push, places."


@pytest.mark.parametrize(
    "url",
    [
        "readwise.io",
        "ftp://a.b",
        "https://",
        "https://a.b/?q=1",
        "https://a\\b",
        "https://a:99999",
        "http://[",
    ],
)
def test_base_url_must_be_an_address(tmp_path: Path, url: str) -> None:
    assert "base_url" in refusal(tmp_path, f"[sources.shelf]\nbase_url = '{url}'\n").message


def test_password_in_base_url_is_refused_and_not_repeated(tmp_path: Path) -> None:
    error = refusal(tmp_path, "[sources.shelf]\nbase_url = 'https://me:hunter2@a.b'\n")
    assert "secrets never stand in the vault" in error.message
    assert "hunter2" not in str(error)


# The first vaultsync.toml


def test_initial_file_says_nothing_but_the_defaults(tmp_path: Path) -> None:
    assert config.write_initial(tmp_path)
    loaded = config.load(tmp_path)
    assert (loaded.notes, loaded.sources) == (Notes(), {"readwise": {}})


def test_every_option_the_initial_file_explains_exists_and_is_the_default(tmp_path: Path) -> None:
    readwise = pytest.importorskip("vaultsync.sources.readwise")
    config.write_initial(tmp_path, templates="default")
    text = re.sub(r"^# (?=\w+ = )", "", (tmp_path / "vaultsync.toml").read_text(), flags=re.MULTILINE)
    (tmp_path / "vaultsync.toml").write_text(text)
    loaded = config.load(tmp_path)
    (plugin,) = readwise.vaultsync_sources()
    assert loaded.notes == Notes(templates="default")
    assert len(tomllib.loads(text)["sources"]["readwise"]) > 5
    assert config.source_settings(loaded, accounts.of(plugin)) == plugin.settings()


def test_the_initial_file_shows_a_section_for_linkding_with_its_defaults(tmp_path: Path) -> None:
    config.write_initial(tmp_path)
    text = re.sub(r"^#   (?=\[|\w+ = )", "", (tmp_path / "vaultsync.toml").read_text(), flags=re.MULTILINE)
    (tmp_path / "vaultsync.toml").write_text(text)
    loaded = config.load(tmp_path)
    assert set(loaded.sources["linkding"]) == set(LinkdingSettings.__struct_fields__)
    (plugin,) = linkding.vaultsync_sources()
    address = "https://links.example.org"
    assert config.source_settings(loaded, accounts.of(plugin)) == LinkdingSettings(base_url=address)


def test_initial_file_never_replaces_one_that_is_there(tmp_path: Path) -> None:
    vault(tmp_path, "# mine\n")
    assert not config.write_initial(tmp_path)
    assert (tmp_path / "vaultsync.toml").read_text() == "# mine\n"
