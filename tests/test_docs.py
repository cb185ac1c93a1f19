"""The docs tell the truth: everything is documented, and every documented command line works."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from tests.export_case import Reading, reader
from vaultsync import hookspecs
from vaultsync.commandline import COMMANDS
from vaultsync.model import Document, Highlight
from vaultsync.rendering.filters import FILTERS
from vaultsync.rendering.views import DOCUMENT_FIELDS, HIGHLIGHT_FIELDS
from vaultsync.sources.readwise.settings import ReadwiseSettings

__all__ = ["reader"]

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ALL = "\n".join(page.read_text("utf-8") for page in PAGES)
TEMPLATES = (ROOT / "docs/templates.md").read_text("utf-8") if (ROOT / "docs/templates.md").exists() else ""


def options() -> Iterator[str]:
    """Every option of every command."""

    def of(command: click.Command) -> Iterator[str]:
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                yield max(parameter.opts, key=len)
        if isinstance(command, click.Group):
            for name in command.list_commands(click.Context(command)):
                found = command.get_command(click.Context(command), name)
                if found:
                    yield from of(found)

    for module, _ in COMMANDS.values():
        yield from of(import_module(module).command)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name: str) -> None:
    assert f"vaultsync {name}" in ALL or f"`{name}`" in ALL


@pytest.mark.parametrize("option", sorted(set(options())))
def test_every_option_is_documented(option: str) -> None:
    assert option in ALL


@pytest.mark.parametrize("name", sorted(name for name in vars(hookspecs) if name.startswith("vaultsync_")))
def test_every_hook_is_documented(name: str) -> None:
    assert name in ALL


@pytest.mark.parametrize("name", sorted({*DOCUMENT_FIELDS, *HIGHLIGHT_FIELDS, "anchor", "highlights", "now"}))
def test_every_template_variable_is_documented(name: str) -> None:
    assert f"`{name}`" in TEMPLATES


@pytest.mark.parametrize("name", sorted({*FILTERS, "default"}))
def test_every_template_filter_is_documented(name: str) -> None:
    assert f"`{name}" in TEMPLATES


@pytest.mark.parametrize("name", ReadwiseSettings.__struct_fields__)
def test_every_setting_of_readwise_is_documented(name: str) -> None:
    assert f"`{name}`" in ALL or f"{name} =" in ALL


def test_templates_see_every_field_of_the_model() -> None:
    assert set(DOCUMENT_FIELDS) | {"highlights"} == set(Document.__struct_fields__)
    assert set(HIGHLIGHT_FIELDS) | {"block_id"} == set(Highlight.__struct_fields__)


def command_lines() -> list[str]:
    """Every line of a code block, and every inline command in backticks, that runs vaultsync with something to do."""
    lines: list[str] = []
    fenced = False
    # What it shows is run by test_linkding_docs, before a linkding.
    pages = [page.read_text("utf-8") for page in PAGES if page.name != "linkding.md"]
    for line in "\n".join(pages).splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced and line.startswith("vaultsync "):
            lines.append(line)
        elif not fenced and not line.startswith(("#", "|")):
            lines += re.findall(r"`(vaultsync [^`]+)`", line)
    return sorted({line.partition("  #")[0].strip() for line in lines if "|" not in line})


@pytest.mark.parametrize("line", command_lines())
def test_every_documented_command_line_works(reader: Reading, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, (highlight,) = reader.book("Meditations", "The universe is transformation: life is opinion.")
    reader.run("export")
    words = shlex.split(line)[1:]
    values = {"~/Notes": str(reader.vault), "ID": f"readwise:{next(iter(reader.library.books))}", "DIR": "made"}
    values |= {
        "NOTE": "Meditations.md",
        "PATH": "Meditations.md",
        "BLOCK": f"rw{highlight.id}",
        "SOURCE": "readwise",
        "URL": "x",
        "COMMAND": "export",
    }
    monkeypatch.setattr("sys.stdin", None)
    run = reader.run(*[values.get(word, word) for word in words])
    told = "There is no command" in run.err or "No such option" in run.err or "Traceback" in run.err
    assert not told, run.err
    assert run.code in (0, 1, 3), run.err


def test_every_test_the_guarantees_name_exists() -> None:
    text = (ROOT / "docs/guarantees.md").read_text("utf-8")
    file = ""
    named = re.findall(r"`(?:(test_\w+\.py)|(…|test_\w+\.py)::(test_\w+))`", text)
    assert len(named) > 20
    for alone, first, name in named:
        file = alone or (file if first == "…" else first)
        source = (ROOT / "tests" / file).read_text("utf-8")
        assert not name or f"def {name}(" in source, (file, name)
