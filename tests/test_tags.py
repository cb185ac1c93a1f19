from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.render_case import TEXTS
from vaultsync.tags import local_tag, local_tags

NAMES = TEXTS | st.text(st.sampled_from("aÉ9_-/ #,.!\u2003\u1680\u3000\ufeff🙂é\u0301"))
# What ends a tag in Obsidian: blanks of any kind, and all punctuation but these three.
ENDS_A_TAG = re.compile(r"[\s\u2000-\u206f]|(?![-_/])[!-/:-@\[-`{-~]")


@given(NAMES)
def test_a_local_tag_is_one_that_obsidian_takes_whole(name: str) -> None:
    spelled = local_tag(name)

    assert not ENDS_A_TAG.search(spelled)
    assert not spelled.isdecimal()
    assert spelled == spelled.strip("-/")


@given(NAMES)
def test_spelling_a_tag_twice_changes_nothing_more(name: str) -> None:
    assert local_tag(local_tag(name)) == local_tag(name)


@given(st.lists(NAMES, max_size=5))
def test_tags_that_obsidian_takes_for_one_are_there_once(names: list[str]) -> None:
    spelled = local_tags(tuple(names))

    assert len({tag.casefold() for tag in spelled}) == len(spelled)
    assert {tag.casefold() for tag in spelled} == {local_tag(name).casefold() for name in names} - {""}
    assert local_tags(spelled) == spelled


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("philosophy/stoicism", "philosophy/stoicism"),
        ("snake_case", "snake_case"),
        ("a, b", "a-b"),
        ("C++", "C"),
        ("50%", "y50"),
        ("2024/05", "2024/05"),
        ("٢٠٢٤", "y٢٠٢٤"),
        ("🙂", "🙂"),
        ("日本語 の", "日本語-の"),
        ("a\u1680b\u2003c\ufeffd", "a-b-c-d"),
        ("/a/", "a"),
        ("---", ""),
        ("", ""),
    ],
)
def test_what_a_tag_can_not_hold_becomes_a_dash(name: str, expected: str) -> None:
    assert local_tag(name) == expected
