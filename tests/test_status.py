"""vaultsync status: what the last runs did, and which notes wait for whom."""

from __future__ import annotations

from typing import Any

import pytest

from tests.export_case import Reading, reader

__all__ = ["reader"]


@pytest.fixture
def vault(reader: Reading) -> Reading:
    """A vault with two notes, just written."""
    reader.book("Walden", "I went to the woods.")
    reader.book("Emma", "Handsome, clever, and rich.")
    reader.export()
    return reader


def status(vault: Reading) -> dict[str, Any]:
    run = vault.run("status", "--json")
    assert run.code == 0
    return run.json


def test_untouched_vault_waits_for_nothing(vault: Reading) -> None:
    found = status(vault)
    assert found["notes"] == 2
    assert [found[kind] for kind in ("edited", "waiting", "deleted", "copies", "unread")] == [[], [], [], [], []]


def test_last_runs_are_told_newest_first(vault: Reading) -> None:
    vault.export()
    assert [run["notes"]["created"] for run in status(vault)["runs"]] == [0, 2]


def test_next_full_listing_is_after_the_last(vault: Reading) -> None:
    found = status(vault)
    assert found["next_full"]["readwise"] > found["runs"][0]["ended"]


def test_edited_note_is_named(vault: Reading) -> None:
    vault.type("Walden.md")
    assert status(vault)["edited"] == ["Walden.md"]


def test_note_saved_without_a_change_is_not_edited(vault: Reading) -> None:
    vault.write("Walden.md", vault.text("Walden.md"))
    assert status(vault)["edited"] == []


def test_deleted_note_is_named(vault: Reading) -> None:
    (vault.vault / "Emma.md").unlink()
    found = status(vault)
    assert (found["deleted"], found["notes"]) == (["Emma.md"], 1)


def test_moved_note_is_not_deleted(vault: Reading) -> None:
    (vault.vault / "Emma.md").rename(vault.vault / "Elsewhere.md")
    found = status(vault)
    assert (found["deleted"], found["edited"], found["notes"]) == ([], [], 2)


def test_copied_note_is_named(vault: Reading) -> None:
    vault.write("Copy.md", vault.text("Emma.md"))
    assert status(vault)["copies"] == ["Copy.md"]


def test_status_writes_nothing_and_asks_nobody(vault: Reading) -> None:
    before, rows, asked = vault.files(), vault.rows(), len(vault.simulator.log)
    status(vault)
    assert (vault.files(), vault.rows(), len(vault.simulator.log)) == (before, rows, asked)


def test_status_needs_no_token(vault: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("READWISE_TOKEN")
    assert status(vault)["notes"] == 2


def test_text_names_notes_and_runs(vault: Reading) -> None:
    vault.type("Walden.md")
    out = vault.run("status").out
    assert f"Vault: {vault.vault}, 2 notes\n" in out
    assert "export: 2 created, everything listed (exit 0)\n" in out
    assert "1 note with words of yours:\n  Walden.md\n" in out


def test_failed_run_says_why(vault: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault.simulator, "token", "another")
    vault.run("export")
    assert "token refused (401)" in vault.run("status").out


def test_vault_never_exported_says_what_to_do(reader: Reading) -> None:
    assert 'Next: "vaultsync export"' in reader.run("status").out


def test_preview_prints_what_templates_make_of_a_document_now(vault: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("READWISE_TOKEN")
    before = vault.files()
    (vault.vault / "T/document.md").write_text("# {{ document.title | upper }}\n")
    run = vault.run("templates", "preview", "Walden.md")
    assert run.code == 0
    assert "# WALDEN\n" in run.out
    assert vault.text("Walden.md").encode() == before["Walden.md"][0]


def test_preview_of_an_unknown_note_says_how_to_name_one(vault: Reading) -> None:
    run = vault.run("templates", "preview", "Nowhere.md")
    assert (run.code, "vaultsync_id" in run.err) == (2, True)


def test_preview_of_a_broken_template_names_the_line(vault: Reading) -> None:
    (vault.vault / "T/document.md").write_text("# {{ document.title }}\n{{ document.titel }}\n")
    run = vault.run("templates", "preview", "Walden.md")
    assert (run.code, "T/document.md, line 2" in run.err) == (2, True)


def test_a_folder_that_was_moved_out_is_told_by_every_run_until_it_is_back(reader: Reading) -> None:
    for number in range(6):
        reader.book(f"Book {number}", "one")
    reader.export()
    texts = {path: reader.text(path) for path in reader.paths()}
    for path in texts:
        (reader.vault / path).unlink()
    for command in ("export", "sync", "push"):
        run = reader.run(command)
        assert run.code == 3
        assert "None of the 6 notes of readwise is in the vault any more. None was written again;" in run.err
        assert "move it back" in run.err
        assert reader.paths() == []
    assert len(reader.library.books) == 6
    for path, text in texts.items():
        reader.write(f"Elsewhere/{path}", text)
    assert reader.run("sync").code == 0


def test_notes_that_were_deleted_one_by_one_are_nobodys_business(reader: Reading) -> None:
    for number in range(8):
        reader.book(f"Book {number}", "one")
    reader.export()
    for number in range(7):
        (reader.vault / f"Book {number}.md").unlink()
    assert (reader.run("sync").code, reader.run("sync").err) == (0, "")


@pytest.mark.parametrize("command", ["export", "sync", "push"])
def test_a_configuration_without_sources_is_an_error_and_not_an_idle_run(reader: Reading, command: str) -> None:
    reader.book("Walden", "one")
    reader.export()
    files = reader.contents()
    (reader.vault / "vaultsync.toml").write_text("")
    run = reader.run(command)
    assert run.code == 2
    assert "vaultsync.toml names no source, so there is nothing to do. Nothing was asked, written or sent." in run.err
    assert "[sources.readwise]" in run.err
    assert {**reader.contents(), "vaultsync.toml": b""} == {**files, "vaultsync.toml": b""}
    assert "names no source" in reader.run("status").out


def test_a_trouble_that_lasts_is_told_for_the_last_run_it_befell(
    reader: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.book("Walden", "one")
    reader.export()
    monkeypatch.setenv("READWISE_TOKEN", "wrong")
    for _ in range(3):
        reader.run("export")
    lines = reader.run("status").out.splitlines()
    assert [line.endswith("(exit 2)") for line in lines[1:5]] == [True, False, True, True]
    assert sum("token refused (401)" in line for line in lines) == 1


def test_a_conflict_that_was_moved_into_another_documents_note_is_told_once(vault: Reading) -> None:
    highlight = next(one for book in vault.library.books.values() for one in book.live if "woods" in one.text)
    text = vault.text("Walden.md")
    vault.write("Walden.md", text.replace("- Note: \n", "- Note: mine\n"))
    vault.library.edit_highlight_at_source(highlight.id, note="theirs")
    vault.run("sync", "--full")
    text = vault.text("Walden.md")
    start = text.index("> I went")
    vault.write("Walden.md", text[:start])
    vault.type("Emma.md", "\n" + text[start:])
    assert [one["path"] for one in status(vault)["conflicts"]] == ["Emma.md"]


# What is told once, by the run that is the first to see it.


def notices(vault: Reading, command: str = "export") -> list[str]:
    """What a run remarks on."""
    found: list[str] = vault.run(command, "--json").json["notices"]
    return found


@pytest.mark.parametrize("command", ["export", "push", "sync"])
def test_a_note_that_is_gone_is_told_by_the_first_run_that_sees_it(vault: Reading, command: str) -> None:
    (vault.vault / "Emma.md").unlink()
    emma = next(book.id for book in vault.library.books.values() if book.title == "Emma")
    line = (
        "Emma.md is not in the vault any more. It is not written again; "
        f'"vaultsync restore readwise:{emma}" brings it back.'
    )
    assert line in vault.run(command, "--dry-run").out.splitlines()
    run = vault.run(command)
    assert (run.code, line in run.out.splitlines()) == (0, True)
    rows = vault.rows()
    assert notices(vault, command) == []
    assert vault.rows() == rows


def test_notes_that_are_gone_are_told_in_a_line_and_again_if_they_go_again(vault: Reading) -> None:
    texts = {path: vault.text(path) for path in vault.paths()}
    vault.book("Essays", "one")
    vault.export()
    line = (
        "2 notes are not in the vault any more: Emma.md, Walden.md. None is written again; "
        '"vaultsync restore NOTE" brings one back.'
    )
    for _ in range(2):
        for path in texts:
            (vault.vault / path).unlink()
        assert (notices(vault), notices(vault)) == ([line], [])
        for path, text in texts.items():
            vault.write(path, text)
        assert notices(vault) == []


def test_a_copied_callout_in_another_documents_note_is_told_by_the_first_run_that_sees_it(vault: Reading) -> None:
    highlight = next(one for book in vault.library.books.values() for one in book.live if "woods" in one.text)
    vault.write("Walden.md", vault.text("Walden.md").replace("- Note: \n", "- Note: mine\n"))
    vault.library.edit_highlight_at_source(highlight.id, note="theirs")
    vault.run("sync", "--full")
    text = vault.text("Walden.md")
    vault.type("Emma.md", "\n" + text[text.index("> I went") :])
    line = (
        f"Emma.md: a callout came into it about a conflict in ^rw{highlight.id} of another document. "
        "Delete it to answer."
    )
    assert (notices(vault, "sync"), notices(vault, "sync")) == ([line], [])
    vault.type("Emma.md", "More.\n")
    assert notices(vault, "sync") == []
    assert [one["path"] for one in status(vault)["conflicts"]] == ["Walden.md", "Emma.md"]
