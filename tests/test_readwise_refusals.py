"""What can't be sent to Readwise or Reader is refused before it is sent, with what to do instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from tests.readwise_case import source_of
from vaultsync import accounts, config
from vaultsync.errors import ConfigError
from vaultsync.hookspecs import Edit
from vaultsync.model import Document
from vaultsync.model import Highlight as Mark
from vaultsync.simulator import Simulator
from vaultsync.sources import readwise
from vaultsync.sources.readwise.sendable import refusal
from vaultsync.sources.readwise.settings import Pushed, ReadwiseSettings

pytest_plugins = ("tests.simulator_case",)

EVERYTHING: tuple[str, ...] = get_args(Pushed)
LIVE = Mark(id="5", block_id="rw5", text="Simplify.", tags=("life",))
DEAD = Mark(id="6", block_id="rw6", text="Gone.", deleted=True)
LONE = Mark(id="01h", block_id="rd01h", text="Quiet.", extra={"external_id": "01h"})
KINDLE = Document(id="readwise:1", title="Walden", highlights=(LIVE, DEAD, LONE))
READER = Document(id="reader:01a", title="On Noise", location="later")
BOTH = Document(id="readwise:2", title="On Salt", location="later")
GONE = Document(id="reader:01b", title="Gone", deleted=True)


def refused(document: Document, owner: str, field: str, after: Any, **options: Any) -> str:
    settings = ReadwiseSettings(**{"push": EVERYTHING, **options})
    before = () if isinstance(after, tuple) else ""
    return refusal(document, Edit(document.id, owner, field, before, after), settings)


@pytest.mark.parametrize(
    ("document", "owner", "field", "after"),
    [
        (KINDLE, "5", "note", "x" * 8191),
        (KINDLE, "5", "note", ""),
        (KINDLE, "5", "text", "x" * 8191),
        (KINDLE, "5", "color", "purple"),
        (KINDLE, "5", "url", "h" * 4095),
        (KINDLE, "5", "location", "0"),
        (KINDLE, "5", "tags", ("x" * 127, "y")),
        (KINDLE, "", "tags", ("x" * 512,)),
        *((READER, "", field, "x") for field in ("title", "author", "summary", "note", "cover")),
        *((BOTH, "", field, "") for field in ("author", "summary", "note", "cover")),
        (READER, "", "published", "2024-02-29"),
        *((BOTH, "", "location", place) for place in ("new", "later", "archive")),
        *((BOTH, "", "category", kind) for kind in ("articles", "emails", "pdfs", "epubs", "tweets", "videos")),
    ],
)
def test_what_the_documents_allow_can_be_sent(document: Document, owner: str, field: str, after: Any) -> None:
    assert refused(document, owner, field, after) == ""


@pytest.mark.parametrize(
    ("document", "owner", "what"), [(GONE, "", "document"), (KINDLE, "6", "highlight"), (KINDLE, "7", "highlight")]
)
def test_what_is_gone_is_not_written_to(document: Document, owner: str, what: str) -> None:
    assert refused(document, owner, "note", "x") == (
        f"The {what} is gone at Readwise, so nothing can be sent; keep what you wrote in text of your own."
    )


def test_highlights_that_only_reader_has_are_changed_in_reader() -> None:
    assert refused(KINDLE, "01h", "note", "x") == (
        "Only Reader has this highlight, and it lets no other program change one; change it in Reader."
    )


@pytest.mark.parametrize("field", ["title", "author", "summary", "note", "published", "cover", "location", "category"])
def test_what_is_not_in_reader_has_tags_to_change_and_no_more(field: str) -> None:
    assert refused(KINDLE, "", field, "x") == (
        f"Readwise has no way to change the `{field}` of what is not in Reader; change it at readwise.io."
    )
    assert refused(KINDLE, "", "tags", ("x",)) == ""


@pytest.mark.parametrize(("owner", "what"), [("5", "highlight"), ("", "document")])
def test_a_field_the_services_never_change_is_put_back(owner: str, what: str) -> None:
    assert refused(KINDLE, owner, "created", "x") == (
        f"Readwise has no way to change the `created` of a {what}; put back what stood there."
    )


@pytest.mark.parametrize(("field", "longest"), [("note", 8191), ("text", 8191), ("url", 4095)])
def test_what_is_too_long_is_to_be_shortened(field: str, longest: int) -> None:
    assert refused(KINDLE, "5", field, "x" * (longest + 1)) == (
        f"`{field}` has {longest + 1} characters, and Readwise takes {longest}; shorten it."
    )


@pytest.mark.parametrize(("owner", "longest"), [("5", 127), ("", 512)])
def test_a_tag_that_is_too_long_is_to_be_shortened(owner: str, longest: int) -> None:
    assert refused(KINDLE, owner, "tags", ("a", "x" * (longest + 1))) == (
        f'The tag "{"x" * 20}…" has {longest + 1} characters, and Readwise takes {longest}; shorten it.'
    )


@pytest.mark.parametrize(
    ("document", "owner", "field", "after", "why"),
    [
        (KINDLE, "5", "text", " \n", "A highlight can't be without text; delete it at Readwise if it is to go."),
        (KINDLE, "5", "color", "teal", '"teal" is not taken; write one of yellow, blue, pink, orange, green, purple.'),
        (KINDLE, "5", "location", "p. 9", '"p. 9" is no location of a highlight; write a whole number.'),
        (KINDLE, "5", "location", "", '"" is no location of a highlight; write a whole number.'),
        (KINDLE, "5", "tags", ("a", " "), "A tag has to have a name; take out the empty one."),
        (READER, "", "title", " ", "A document can't be without a title; write one."),
        (READER, "", "published", "May", '"May" is no day that can be sent; write it as 2026-01-31.'),
        (READER, "", "published", "20240501", '"20240501" is no day that can be sent; write it as 2026-01-31.'),
        (READER, "", "published", "", '"" is no day that can be sent; write it as 2026-01-31.'),
        (READER, "", "location", "feed", '"feed" is not taken; write one of new, later, archive.'),
    ],
)
def test_a_value_the_services_do_not_take_is_refused_with_what_to_write(
    document: Document, owner: str, field: str, after: Any, why: str
) -> None:
    assert refused(document, owner, field, after) == why


def test_the_shortlist_is_a_tag() -> None:
    assert refused(READER, "", "location", "shortlist") == (
        'Reader\'s shortlist is a tag to other programs; add the tag "shortlist" instead.'
    )


@pytest.mark.parametrize("category", ["podcasts", "books", "article", ""])
def test_a_category_reader_can_not_be_given_is_refused_with_those_it_can(category: str) -> None:
    assert refused(BOTH, "", "category", category) == (
        f'"{category}" is not taken; write one of articles, emails, pdfs, epubs, tweets, videos.'
    )


def test_a_field_that_is_not_listed_is_not_sent() -> None:
    why = '`color` is not sent: add "color" to push of [sources.readwise] in vaultsync.toml.'

    assert refused(KINDLE, "5", "color", "blue", push=("note", "tags")) == why
    assert refused(KINDLE, "5", "note", "x", push=()) == why.replace("color", "note")


def test_what_reader_may_have_is_told_so_where_it_is_not_read() -> None:
    assert refused(KINDLE, "", "title", "x", documents="none") == (
        "Only Reader can change the `title` of a document, and it is not read: "
        'set documents = "highlighted" in [sources.readwise] of vaultsync.toml, if it is there.'
    )


def test_a_long_tag_that_was_there_before_is_no_reason_to_refuse() -> None:
    edit = Edit("readwise:1", "5", "tags", ("x" * 200,), ("x" * 200, "new"))

    assert refusal(KINDLE, edit, ReadwiseSettings()) == ""


def test_the_source_asks_its_settings(simulator: Simulator) -> None:
    edit = Edit("readwise:1", "5", "color", "", "blue")

    assert source_of(simulator, push=("color",)).refusal(KINDLE, edit) == ""
    assert source_of(simulator).refusal(KINDLE, edit) != ""


# What vaultsync.toml may say


def settings_of(folder: Path, push: str) -> Any:
    (folder / "vaultsync.toml").write_text(f"[sources.readwise]\npush = {push}\n", "utf-8")
    [plugin] = readwise.vaultsync_sources()
    return config.source_settings(config.load(folder), accounts.of(plugin))


@pytest.mark.parametrize("push", [EVERYTHING, ("tags",), ()])
def test_push_lists_the_fields_that_are_sent(tmp_path: Path, push: tuple[str, ...]) -> None:
    assert settings_of(tmp_path, str(list(push))).push == push


def test_a_field_nobody_can_send_is_named_with_those_that_can_be(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"line 2 in \[sources.readwise\]: push: .*'colour'") as caught:
        settings_of(tmp_path, '["note", "colour"]')

    assert caught.value.hint == f"Allowed: {', '.join(EVERYTHING)}."
