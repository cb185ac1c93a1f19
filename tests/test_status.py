"""vaultsync status: what the last runs did, and which notes wait for whom."""

from __future__ import annotations

import json

import pytest

from tests.command_case import be_nobody
from vaultsync.cli import main


@pytest.fixture(autouse=True)
def vault(tmp_path, monkeypatch):
    """A vault with notes in it, as the demo leaves it."""
    be_nobody(monkeypatch, tmp_path)
    assert main(["demo", "vault"]) == 0
    root = tmp_path / "vault"
    monkeypatch.setenv("VAULTSYNC_STATE_DIR", str(root / ".demo" / "state"))
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def status(capsys):
    """Run status; return its JSON."""

    def run():
        capsys.readouterr()
        assert main(["status", "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def note(vault):
    """The path of one note, from the vault's root."""
    return min(path.relative_to(vault) for path in vault.glob("Readwise/**/*.md"))


def test_untouched_vault_waits_for_nothing(status, vault):
    found = status()
    assert found["notes"] == len(list(vault.glob("Readwise/**/*.md")))
    assert [found[kind] for kind in ("edited", "waiting", "deleted", "copies", "unread")] == [[], [], [], [], []]


def test_last_runs_are_told_newest_first(status, monkeypatch):
    monkeypatch.chdir("..")
    main(["demo", "vault"])
    monkeypatch.chdir("vault")
    first, second = (run["notes"]["created"] for run in reversed(status()["runs"]))
    assert (first > 0, second) == (True, 0)


def test_next_full_listing_is_a_day_after_the_last(status):
    found = status()
    assert found["next_full"]["readwise"] > found["runs"][0]["ended"]


def test_edited_note_is_named(status, note):
    note.write_text(note.read_text() + "mine\n")
    assert status()["edited"] == [str(note)]


def test_note_saved_without_a_change_is_not_edited(status, note):
    note.write_text(note.read_text())
    assert status()["edited"] == []


def test_deleted_note_is_named(status, note):
    note.unlink()
    assert status()["deleted"] == [str(note)]


def test_moved_note_is_not_deleted(status, note, vault):
    note.rename(vault / "elsewhere.md")
    assert status()["deleted"] == []


def test_copied_note_is_named(status, note, vault):
    (vault / "copy.md").write_text(note.read_text())
    assert status()["copies"] == ["copy.md"]


def test_text_names_notes_and_runs(note, capsys):
    note.write_text(note.read_text() + "mine\n")
    capsys.readouterr()
    assert main(["status"]) == 0
    out = capsys.readouterr().out
    assert "1 note edited by you" in out
    assert f"  {note}\n" in out
    assert "vaultsync demo" in out or "export" in out


def test_vault_never_exported_says_what_to_do(tmp_path, monkeypatch, capsys):
    main(["init", str(tmp_path / "new")])
    monkeypatch.setenv("VAULTSYNC_STATE_DIR", str(tmp_path / "state"))
    capsys.readouterr()
    assert main(["status", "--vault", str(tmp_path / "new")]) == 0
    assert 'Next: "vaultsync export"' in capsys.readouterr().out
