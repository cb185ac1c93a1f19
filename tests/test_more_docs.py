"""docs/more.md shows what happens: each command in it is run on the sample library, and says what the page shows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.command_case import be_nobody
from tests.export_case import Reading
from vaultsync.sending import creations
from vaultsync.simulator import Library, Simulator, sample_library
from vaultsync.simulator.reader import ReaderApi
from vaultsync.simulator.readwise import ReadwiseApi

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "more.md").read_text("utf-8")
# What is shown there, by the name behind the language of its code block, which no reader of the page sees.
SHOWN = dict(re.findall(r"(?ms)^```[a-z]+ ([\w-]+)\n(.*?)^```$", PAGE))
_ANY = re.compile(r"\([^)]*\)")
NOTE = "Readwise/books/Meditations.md"
THAT_DAY = "2026-11-21"


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Reading]:
    """A vault of the sample library, with the templates we ship."""
    be_nobody(monkeypatch, tmp_path)
    vault = tmp_path / "vault"
    vault.mkdir()
    with Simulator(sample_library(), limits=False) as simulator:
        monkeypatch.setenv("READWISE_TOKEN", simulator.token)
        monkeypatch.setenv("VAULTSYNC_VAULT", str(vault))
        (vault / "vaultsync.toml").write_text(f'[sources.readwise]\nbase_url = "{simulator.base_url}"\n')
        reading = Reading(simulator.library, simulator, vault, capsys)
        assert reading.run("export").code == 0
        yield reading


def ran(reader: Reading, name: str) -> str:
    """Run a command as the page shows it; what it says, as if it were that day."""
    run = reader.run(*[NOTE if word == "NOTE" else word for word in shlex.split(SHOWN[name])[1:]])
    assert run.code == 0, run.err
    return that_day(run.out)


def that_day(text: str) -> str:
    """A text with the day of the page instead of today's, here or in UTC."""
    for now in (datetime.now().astimezone(), datetime.now(UTC)):
        text = text.replace(f"{now.date()}", THAT_DAY)
    return text


def test_a_marked_passage_and_an_added_one_become_what_the_page_shows(sample: Reading) -> None:
    text = sample.text(NOTE)
    place = text.index("> Men seek retreats")
    sample.write(NOTE, f"{text[:place]}{SHOWN['callout']}\n{text[place:]}")
    assert sample.run("push").code == 0
    after = that_day(sample.text(NOTE))
    assert f"\n{SHOWN['block']}\n> Men seek retreats" in after
    assert ran(sample, "add") == SHOWN["added"]


def test_a_saved_page_is_told_as_the_page_shows_it(sample: Reading) -> None:
    assert ran(sample, "save") == SHOWN["saved"]
    assert ran(sample, "save") == SHOWN["known"]


def test_a_review_looks_as_the_page_shows_it(sample: Reading) -> None:
    # An account in which nothing was saved or marked since.
    assert ran(sample, "review") == SHOWN["reviewed"]
    [path] = (sample.vault / "Readwise/Reviews").iterdir()
    assert that_day(path.read_text("utf-8")) == SHOWN["review-note"]


def test_every_sentence_of_a_refusal_is_on_the_page() -> None:
    alone = (creations.NO_TEXT, creations.RUNS_ON, creations.CUT, creations.ANCHORED, creations.INSIDE)
    said = (*alone, creations.ALREADY, creations.APART, creations.DIFFERS, creations.UNPRINTED)
    for sentence in said:
        assert any(sentence.startswith(each) for each in re.findall(r"(?m)^\| `([^`…]+)", PAGE)), sentence


@pytest.mark.parametrize(("heading", "api"), [("Readwise", ReadwiseApi), ("Reader", ReaderApi)])
def test_every_endpoint_is_in_the_table_of_what_is_used(heading: str, api: type[ReadwiseApi | ReaderApi]) -> None:
    coverage = (DOCS / "coverage.md").read_text("utf-8")
    section = coverage.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `([A-Z]+ /[^`]*)` \| \S", section, re.MULTILINE)
    routes = [(method, route.pattern) for route in api(Library()).routes() for method in route.handlers]
    answered = {f"{method} {_ANY.sub('<id>', pattern)}/" for method, pattern in routes}
    assert sorted(told) == sorted(answered)
