"""vaultsync doctor finds what is wrong, says what to do about it, and changes nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.command_case import be_nobody, made_vault
from vaultsync.cli import main
from vaultsync.disk import swap
from vaultsync.storage.lock import writer_lock
from vaultsync.storage.statedir import state_dir

Doctor = Callable[[], tuple[int, list[tuple[str, str, str]]]]


@pytest.fixture(autouse=True)
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound vault, and nothing of whoever runs the test."""
    root = made_vault(tmp_path / "vault", "[sources.readwise]\n")
    be_nobody(monkeypatch, tmp_path, root)
    monkeypatch.setenv("READWISE_TOKEN", "abc")
    return root


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Doctor:
    """Run the doctor; return the exit code and everything it found wrong."""

    def run() -> Any:
        capsys.readouterr()
        code = main(["doctor", "--offline", "--json"])
        findings = json.loads(capsys.readouterr().out)["findings"]
        return code, [(each["level"], each["about"], each["says"]) for each in findings if each["level"] != "ok"]

    return run


def note(vault: Path, name: str, identity: str) -> None:
    (vault / name).write_text(f'---\nvaultsync_id: "{identity}"\n---\n')


def test_sound_vault_has_nothing_wrong(doctor: Doctor) -> None:
    assert doctor() == (0, [])


def test_doctor_leaves_no_trace_in_the_vault(doctor: Doctor, vault: Path) -> None:
    doctor()
    assert [path.name for path in vault.iterdir()] == ["vaultsync.toml"]


def test_text_says_what_was_looked_at_and_sums_up(capsys: pytest.CaptureFixture[str], vault: Path) -> None:
    assert main(["doctor", "--offline"]) == 0
    out = capsys.readouterr().out
    assert str(vault) in out
    assert out.endswith("0 problems, 0 warnings.\n")


def test_no_vault_is_a_problem_and_ends_the_examination(doctor: Doctor, vault: Path) -> None:
    (vault / "vaultsync.toml").unlink()
    code, ((level, about, _),) = doctor()
    assert (code, level, about) == (1, "problem", "vault")


def test_mistake_in_the_configuration_is_a_problem_but_notes_are_looked_at(doctor: Doctor, vault: Path) -> None:
    (vault / "vaultsync.toml").write_text("[sources.readwise]\nhighlight = true\n")
    note(vault, "a.md", "readwise:1")
    note(vault, "b.md", "readwise:1")
    code, found = doctor()
    assert code == 1
    assert {(level, about) for level, about, _ in found} >= {("problem", "config"), ("warning", "notes")}


def test_missing_token_is_a_problem(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("READWISE_TOKEN")
    assert doctor() == (1, [("problem", "readwise", "readwise: no token. Nothing was sent.")])


def test_broken_template_is_a_problem_with_its_line(doctor: Doctor, vault: Path) -> None:
    (vault / "vaultsync.toml").write_text("[notes]\ntemplates = 'mine'\n[sources.readwise]\n")
    (vault / "mine").mkdir()
    (vault / "mine" / "document.md").write_text("# {{ document.title }}\n{% highlight %}\n")
    code, ((level, about, says),) = doctor()
    assert (code, level, about) == (1, "problem", "templates")
    assert "mine/document.md, line 2" in says


def test_two_notes_with_one_identity_are_a_warning(doctor: Doctor, vault: Path) -> None:
    note(vault, "a.md", "readwise:1")
    note(vault, "b.md", "readwise:1")
    says = "a.md, b.md have the same vaultsync_id, readwise:1."
    assert doctor() == (0, [("warning", "notes", says)])


def test_leftover_of_a_run_cut_short_is_a_warning(doctor: Doctor, vault: Path) -> None:
    (vault / f".vaultsync-{'0' * 32}.tmp").write_text("unseen")
    code, ((level, about, _),) = doctor()
    assert (code, level, about) == (0, "warning", "notes")


def test_run_at_work_is_a_warning_that_names_it(doctor: Doctor, vault: Path) -> None:
    with writer_lock(state_dir(vault, os.environ), "vaultsync export"):
        code, ((level, about, says),) = doctor()
    assert (code, level, about) == (0, "warning", "state")
    assert "vaultsync export" in says


def test_damaged_state_is_a_problem(doctor: Doctor, vault: Path) -> None:
    doctor()
    (state_dir(vault, os.environ) / "state.sqlite3").write_bytes(b"not a database" * 100)
    code, ((level, about, _),) = doctor()
    assert (code, level, about) == (1, "problem", "state")


def test_disk_that_can_not_swap_files_is_a_warning(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swap, "exchange", lambda _source, _target: False)
    code, ((level, about, _),) = doctor()
    assert (code, level, about) == (0, "warning", "vault")


def test_plugin_that_fails_is_a_problem(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULTSYNC_PLUGINS", "unicorn")
    code, ((level, about, _),) = doctor()
    assert (code, level, about) == (1, "problem", "plugins")


def test_a_path_of_new_notes_that_can_not_be_made_is_a_problem(doctor: Doctor, vault: Path) -> None:
    (vault / "vaultsync.toml").write_text('[notes]\npath = "{{ document.titel }}"\n[sources.readwise]\n')
    code, ((level, about, says),) = doctor()
    assert (code, level, about) == (1, "problem", "templates")
    assert says.startswith("vaultsync.toml, line 2: path of [notes]: a document has no field 'titel'")
