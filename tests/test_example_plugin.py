"""The example plugin, installed beside vaultsync as any package is: its source, filters, settings and command work."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.command_case import be_nobody, made_vault
from vaultsync.cli import main
from vaultsync.hookspecs import Source
from vaultsync.testing import SourceContract

EXAMPLE = Path(__file__).parent.parent / "examples/vaultsync-clippings"
SAMPLE = EXAMPLE / "tests/My Clippings.txt"
TEMPLATE = """\
# {{ document.title }}
{{ document.author | byline }}

{% for h in document.highlights %}
{% highlight h %}
{{ h.text | quote }}

{{ h.note }}
{% endhighlight %}
{% endfor %}
"""
VAULT = """\
[notes]
path = "{{ document.title }}.md"
templates = "T"

[sources.clippings]
file = "~/My Clippings.txt"
"""


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the package where Python looks, with what an installer would write about it."""
    be_nobody(monkeypatch, tmp_path)
    about = tmp_path / "site/vaultsync_clippings-0.1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: vaultsync-clippings\nVersion: 0.1.0\n")
    (about / "entry_points.txt").write_text("[vaultsync]\nclippings = vaultsync_clippings:plugin\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.syspath_prepend(str(EXAMPLE / "src"))
    monkeypatch.setenv("VAULTSYNC_PLUGINS", "clippings")
    monkeypatch.setenv("HOME", str(tmp_path))
    shutil.copy(SAMPLE, tmp_path)
    yield
    for name in [name for name in sys.modules if name.startswith("vaultsync_clippings")]:
        del sys.modules[name]


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = made_vault(tmp_path / "vault", VAULT)
    (root / "T").mkdir()
    (root / "T/document.md").write_text(TEMPLATE)
    monkeypatch.setenv("VAULTSYNC_VAULT", str(root))
    return root


class TestClippings(SourceContract):
    def service(self, tmp_path: Path) -> Callable[[], Source]:  # noqa: ARG002
        package = import_module("vaultsync_clippings")
        settings = package.ClippingsSettings(file=str(SAMPLE))
        return lambda: package.make(settings, None)


def test_export_makes_notes_with_its_source_and_its_filters(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sync"]) == 0
    assert capsys.readouterr().err == ""
    assert sorted(path.name for path in vault.glob("*.md")) == [
        "Die Verwandlung.md",
        "Notizen.md",
        "Walden (Annotated).md",
    ]
    walden = (vault / "Walden (Annotated).md").read_text()
    assert "\nHenry David Thoreau\n" in walden
    assert walden.count("I went to the woods") == 1
    assert "Why the woods? And why then?" in walden


def test_second_run_changes_nothing(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["sync"])
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in vault.rglob("*.md")}
    assert main(["export", "--full"]) == 0
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in vault.rglob("*.md")} == before
    assert "3 unchanged" in capsys.readouterr().out.splitlines()[-1]


def test_its_settings_are_its_own_section(vault: Path) -> None:
    (vault / "vaultsync.toml").write_text(f'{VAULT}\n[plugins.clippings]\noverlapping = "all"\n')
    assert main(["export"]) == 0
    assert (vault / "Walden (Annotated).md").read_text().count("I went to the woods") == 2


def test_mistake_in_its_settings_is_named_with_the_line(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (vault / "vaultsync.toml").write_text('[plugins.clippings]\noverlapping = "some"\n')
    assert main(["export"]) == 2
    assert capsys.readouterr().err == (
        "Error: vaultsync.toml, line 2 in [plugins.clippings]: overlapping: invalid value 'some'. Nothing was done.\n"
        "Allowed: longest, all.\n"
    )


def test_what_is_typed_into_its_notes_stays_there(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["export"])
    note = vault / "Walden (Annotated).md"
    note.write_text(note.read_text().replace("Why the woods?", "Where are the woods?"))
    assert main(["sync"]) == 0
    assert "Where are the woods?" in note.read_text()
    assert "A Kindle takes nothing back" in capsys.readouterr().out


def test_file_that_is_gone_is_an_error_and_removes_nothing(
    vault: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["export"])
    (tmp_path / "My Clippings.txt").unlink()
    assert main(["export", "--full"]) == 1
    assert "clippings: " in capsys.readouterr().err
    assert len(list(vault.glob("*.md"))) == 3


def test_its_command_is_called_and_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clippings", str(SAMPLE)]) == 0
    assert "Walden (Annotated): 3 highlights, 1 with a note" in capsys.readouterr().out
    main(["--help"])
    assert "  clippings  List the books in a My Clippings.txt" in capsys.readouterr().out


def test_doctor_finds_its_file(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ARG001
    assert main(["doctor"]) == 0
    assert "clippings  It needs no token, and what it reads is there." in capsys.readouterr().out
