"""docs/linkding.md shows what happens: each command in it is run on a linkding, and says what the page shows."""

from __future__ import annotations

import random
import re
import shlex
from pathlib import Path

import pytest

from tests.export_case import reader
from tests.linkding_case import Keeper, keeper
from vaultsync.lens.properties import NOT_FLAG
from vaultsync.sources.linkding.settings import LinkdingSettings

__all__ = ["keeper", "reader"]

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "linkding.md").read_text("utf-8")
# What is shown there, by the name behind the language of its code block, which no reader of the page sees.
SHOWN = dict(re.findall(r"(?ms)^```[a-z]+ ([\w-]+)\n(.*?)^```$", PAGE))
NOTE = "Readwise/bookmarks/Brewing green tea.md"


@pytest.fixture
def kept(keeper: Keeper) -> Keeper:
    """A vault with the templates we ship, and the bookmark of the page."""
    section = (
        f'[sources.readwise]\nbase_url = "{keeper.reader.simulator.base_url}"\n[sources.linkding]\nbase_url = "{{}}"\n'
    )
    (keeper.reader.vault / "vaultsync.toml").write_text(section.format(keeper.reader.simulator.linkding_url))
    keeper.links.add(
        "https://tea.example.org/green",
        title="Brewing green tea",
        description="70 degrees, two minutes.",
        tag_names=["tea"],
        unread=True,
    )
    keeper.reader.export()
    return keeper


def as_shown(keeper: Keeper, text: str) -> str:
    """A text with the address of the page instead of the simulator's."""
    return text.replace(keeper.reader.simulator.linkding_url, "https://links.example.org")


def ran(keeper: Keeper, name: str, code: int = 0) -> str:
    """Run a command as the page shows it, and return what it says."""
    run = keeper.reader.run(*[NOTE if word == "NOTE" else word for word in shlex.split(SHOWN[name])[1:]])
    assert run.code == code, run.err
    return as_shown(keeper, run.out)


def test_a_note_looks_as_the_page_shows_it(kept: Keeper) -> None:
    assert as_shown(kept, kept.reader.text(NOTE)) == SHOWN["note"]


def test_a_saved_page_is_told_as_the_page_shows_it(kept: Keeper) -> None:
    assert ran(kept, "save") == SHOWN["saved"]
    assert ran(kept, "save", code=3) == SHOWN["known"]


def test_files_are_listed_as_the_page_shows_them(kept: Keeper) -> None:
    snapshot = kept.links.keep(1, "HTML snapshot from 06/01/2025", b"<p>Tea</p>")
    snapshot.asset_type, snapshot.file_size = "snapshot", 1204
    kept.links.keep(1, "leaf.png", random.Random(1).randbytes(300_000), "image/png")  # noqa: S311
    assert kept.reader.run("assets", NOTE, "--id", "2").code == 0
    assert ran(kept, "assets") == SHOWN["listed"]


def test_every_setting_and_every_field_that_is_sent_is_documented() -> None:
    section = (DOCS / "reference.md").read_text("utf-8").partition("| [sources.linkding] |")[2].partition("\n\n")[0]
    for name in LinkdingSettings.__struct_fields__:
        assert f"| `{name}` |" in section
    for name in ("note", "tags", "title", "summary", "archived", "unread", "shared"):
        assert f'`"{name}"`' in PAGE


def test_what_status_says_of_a_switch_is_documented() -> None:
    assert "its property is neither true nor false" in NOT_FLAG
    assert "| `its property is neither true nor false` * |" in (DOCS / "two-way.md").read_text("utf-8")
