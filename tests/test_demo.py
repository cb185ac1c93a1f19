"""vaultsync demo: a vault to try things with, that touches nothing else and asks nobody."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.command_case import be_nobody
from vaultsync.cli import main

# With less time to read than a newcomer needs.
WATCH = """
import sys
from vaultsync.cli import main
from vaultsync.commands import demo
demo._SOMEONE, demo._OFTEN, demo._SETTLE = 1.0, 1.0, 0.1
sys.exit(main(["demo", "--watch"]))
"""


class Untouchable(ModuleType):
    """A keyring that fails the test when it is looked at."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"the keyring was asked for {name}")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, a home beside it, and the user's real token in the environment."""
    place, home = tmp_path / "place", tmp_path / "home"
    place.mkdir()
    home.mkdir()
    be_nobody(monkeypatch, home, place)
    for name in ("VAULTSYNC_CONFIG_DIR", "VAULTSYNC_STATE_DIR"):
        monkeypatch.delenv(name)
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("READWISE_TOKEN", "the-real-one")
    monkeypatch.setitem(sys.modules, "keyring", Untouchable("keyring"))
    return place


def notes(vault: Path) -> dict[Path, tuple[str, int]]:
    """Every note with its content and time, by path."""
    return {
        path.relative_to(vault): (path.read_text(), path.stat().st_mtime_ns)
        for path in vault.rglob("*.md")
        if not any(part.startswith(".") for part in path.relative_to(vault).parts)
    }


def test_demo_writes_notes_and_says_what_to_open(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo"]) == 0
    written = notes(place / "demo_vault")
    out = capsys.readouterr().out
    assert len(written) >= 10
    assert any(str("demo_vault" / path) in out for path in written)


def test_second_run_changes_nothing(place: Path) -> None:
    main(["demo"])
    before = notes(place / "demo_vault")
    assert main(["demo"]) == 0
    assert notes(place / "demo_vault") == before


def test_own_words_in_a_note_stay(place: Path) -> None:
    main(["demo"])
    vault = place / "demo_vault"
    mine = vault / min(notes(vault))
    mine.write_text(mine.read_text() + "\nMy own thought.\n")
    assert main(["demo"]) == 0
    assert mine.read_text().endswith("\nMy own thought.\n")


def test_changed_templates_change_the_notes(place: Path) -> None:
    main(["demo"])
    vault = place / "demo_vault"
    before = notes(vault)
    config = vault / "vaultsync.toml"
    config.write_text(config.read_text().replace('# templates = "default" ', 'templates = "minimal"   '))
    assert main(["demo"]) == 0
    after = notes(vault)
    assert after.keys() == before.keys()
    assert all(after[path][0] != before[path][0] for path in before)


def test_only_state_is_written_outside_the_folder(place: Path, tmp_path: Path) -> None:
    main(["demo", "here"])
    assert [path.name for path in place.iterdir()] == ["here"]
    assert [path.name for path in (tmp_path / "home").iterdir()] == [".local"]


def test_status_knows_the_demo_vault(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["demo"])
    capsys.readouterr()
    assert main(["status", "--vault", "demo_vault"]) == 0
    assert f"{len(notes(place / 'demo_vault'))} notes" in capsys.readouterr().out


def test_real_token_is_not_sent(place: Path) -> None:
    main(["demo"])
    found = [
        path for path in (place / "demo_vault").rglob("*") if path.is_file() and b"the-real-one" in path.read_bytes()
    ]
    assert found == []


@pytest.mark.parametrize("name", ["note.md", "vaultsync.toml"])
def test_folder_with_anything_else_in_it_is_refused(place: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "vault").mkdir()
    (place / "vault" / name).write_text("mine")
    assert main(["demo", "vault"]) == 2
    assert [path.name for path in (place / "vault").iterdir()] == [name]
    assert "Nothing in it was touched" in capsys.readouterr().err


def test_export_in_a_demo_vault_sends_no_token_anywhere(capsys: pytest.CaptureFixture[str]) -> None:
    main(["demo"])
    capsys.readouterr()
    assert main(["export", "--vault", "demo_vault"]) != 0
    assert "Nothing was sent" in capsys.readouterr().err


def test_a_watched_demo_shows_both_directions(place: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WATCH], stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        lines = iter(demo.stdout)
        said = [next(line for line in lines if words in line) for words in ("and in the note", "books/")]
        note = place / said[1].strip()
        assert "A thought" not in note.read_text()
        next(line for line in lines if "started" in line)
        note.write_text(re.sub(r"(\^\S+\n\n- Note:).*", r"\1 A thought.", note.read_text(), count=1))
        article = next(note.parents[1].glob("articles/*.md"))
        article.write_text(re.sub(r"\n- Note:.*", r"\n- Note: Of an article.", article.read_text(), count=1))
        has_it = "the simulator has it: "
        of_article = f'{has_it}"Of an article." at "{article.stem}"'
        awaited = ["sent ", f'{has_it}"A thought." at', of_article, "adds a highlight", "arrived "]
        while awaited:
            line = next(lines)
            awaited = [words for words in awaited if words not in line]
        demo.send_signal(signal.SIGINT)
        assert demo.wait(10) == 130
    assert "made elsewhere" in note.read_text()
    assert "A thought." in note.read_text()


def test_other_commands_in_a_demo_vault_say_what_it_is(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["demo"])
    vault = ["--vault", str(place / "demo_vault")]
    for command in ("export", "push", "sync"):
        capsys.readouterr()
        assert main([command, *vault]) == 2
        assert (
            'this is the vault of "vaultsync demo", whose service is there only while that' in capsys.readouterr().err
        )
    assert main(["auth", "readwise", *vault]) == 2
    capsys.readouterr()
    assert (main(["doctor", *vault]), main(["status", *vault])) == (0, 0)
    assert capsys.readouterr().out.count('A vault of "vaultsync demo"') == 2
