from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.render_case import MOMENTS, TEXTS, WORDS
from vaultsync.note import front_matter_end
from vaultsync.properties import PropertyError, fill, read_properties
from vaultsync.rendering.tracked import CLOSE, OPEN, Property, TagList, tracked
from vaultsync.scalars import Loader, item, remark, scalar
from vaultsync.tags import local_tags

BEFORE = "---\n# a \"comment\": é 🙂\nfirst: 'one'   # kept\n"
AFTER = "last: [a,  b]\n"
HOLE = f"{OPEN}0{CLOSE}"

SIMPLE = st.one_of(
    TEXTS, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.dates(date(100, 1, 1)), MOMENTS
)
VALUES = (
    SIMPLE | st.lists(SIMPLE, max_size=3).map(tuple) | st.lists(WORDS, max_size=3).map(lambda t: TagList(tuple(t), ""))
)


def as_text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime():
            return value.replace(tzinfo=None).isoformat(timespec="seconds")
        case tuple():
            return ", ".join(map(as_text, value))
    return str(value)


def typed(value: Any, *, dates: bool) -> Any:
    """What a reader should see where the template has nothing but the value. dates: it knows dates (YAML 1.1)."""
    match value:
        case datetime():
            moment = value.replace(tzinfo=None, microsecond=0)
            return moment if dates else moment.isoformat(timespec="seconds")
        case date():
            return value if dates else value.isoformat()
        case TagList():
            return list(local_tags(value.names))
        case tuple():
            return [typed(one, dates=dates) for one in value if one not in (None, "")]
    return None if value == "" else value


def items(value: Any, *, dates: bool) -> list[Any]:
    """The value among the items of a list in brackets."""
    one = typed(value, dates=dates)
    return one if isinstance(one, list) else [one] if one is not None else []


def always(value: Any) -> Callable[..., Any]:
    return lambda _, **__: value


def words(pattern: str) -> Callable[..., str]:
    """Text with the value as text in it."""
    return lambda value, **_: pattern.replace("@", as_text_of(value))


# How a template may write a property, and what is to be read then.
STYLES: dict[str, tuple[str, Callable[..., Any]]] = {
    "plain": (f"key: {HOLE}", typed),
    "double quoted": (f'key: "{HOLE}"', words("@")),
    "single quoted": (f"key: 'it''s {HOLE}'", words("it's @")),
    "mixed": (f"key: by {HOLE}, {HOLE} # why", words("by @, @")),
    "two lines": (f"key: by {HOLE}\n  and", words("by @ and")),
    "in brackets": (f"key: [{HOLE}, x, {HOLE}]", lambda v, **by: [*items(v, **by), "x", *items(v, **by)]),
    "alone in brackets": (f"key: [ {HOLE} ]", lambda v, **by: items(v, **by)),
    "in braces": (f"key: {{a: {HOLE}, b: 1}}", lambda v, **by: {"a": typed(v, **by), "b": 1}),
    "nested": (f"key:\n  a: {HOLE}\n  b: 1", lambda v, **by: {"a": typed(v, **by), "b": 1}),
    "next line": (f"key:\n  {HOLE}", typed),
    "item": (f"key:\n  - {HOLE}\n  - x", lambda v, **by: [typed(v, **by), "x"]),
    "map in item": (f"key:\n- a: {HOLE}\n  b: 1", lambda v, **by: [{"a": typed(v, **by), "b": 1}]),
    "literal block": (f"key: |\n  {HOLE}\n\n# c", words("@\n")),
    "stripped block": (f"key: >-\n  a\n  {HOLE}", words("a @")),
    "kept block": (f"key: |+\n  {HOLE}\n\n", words("@\n\n\n")),
    "anchored": (f"key: &a {HOLE} # c", typed),
    "comment": (f"key: 1 # {HOLE}", always(1)),
    "comment line": (f"# {HOLE}\nkey: 1", always(1)),
    "comment in block": (f"key:\n  a: 1\n  # {HOLE}\n  b: [ # {HOLE}\n  2]", always({"a": 1, "b": [2]})),
}


def as_text_of(value: Any) -> str:
    return as_text(local_tags(value.names) if isinstance(value, TagList) else value)


def filled(line: str, *values: Any, identity: str = "readwise:1") -> str:
    return fill(f"---\n{line}\n---\n", values, identity=identity)[0]


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=60)
@given(value=VALUES)
def test_any_value_in_any_style_reads_as_itself_in_yaml_1_1_and_1_2(style: str, value: Any) -> None:
    line, intended = STYLES[style]

    text, owned = fill(f"{BEFORE}{line}\n{AFTER}---\n", [value], identity="readwise:1")

    for loader, dates in ((yaml.SafeLoader, True), (Loader, False)):
        found = yaml.load(text.split("---\n", 1)[1].rsplit("---\n", 1)[0], Loader=loader)
        wanted = {"first": "one", "key": intended(value, dates=dates), "last": ["a", "b"], "vaultsync_id": "readwise:1"}
        assert found == wanted
        assert list(map(type, flat(found))) == list(map(type, flat(wanted)))
    assert read_properties(text) == found
    assert text.startswith(BEFORE)
    assert text.endswith(f'{AFTER}vaultsync_id: "readwise:1"\n---\n')
    assert front_matter_end(f"{text}---\n") == len(text)
    assert OPEN not in text
    assert {one.key for one in owned} == {"vaultsync_id"} | ({"key"} - ({"key"} if "comment" in style else set()))


def flat(value: Any) -> list[Any]:
    """Every single value in it, in order: == takes 1, 1.0 and True for the same."""
    match value:
        case dict():
            return [one for inner in value.values() for one in flat(inner)]
        case list():
            return [one for inner in value for one in flat(inner)]
    return [value]


@given(TEXTS)
@example("a, b")
def test_a_scalar_is_the_same_text_wherever_it_stands_and_whoever_reads(text: str) -> None:
    for loader in (yaml.SafeLoader, Loader):
        assert yaml.load(f"k: {scalar(text)}", Loader=loader) == {"k": text}
        assert yaml.load(f"[{scalar(text, flow=True)}, x]", Loader=loader) == [text, "x"]
        assert yaml.load(f"{scalar(text[:500])}: 1", Loader=loader) == {text[:500]: 1}


@given(st.floats())
def test_a_number_stays_the_number_it_is(value: Any) -> None:
    for loader in (yaml.SafeLoader, Loader):
        found = yaml.load(item(value), Loader=loader)
        assert isinstance(found, float)
        assert found == value or (math.isnan(found) and math.isnan(value))


@given(TEXTS)
def test_a_remark_is_one_line_that_no_reader_refuses(text: str) -> None:
    assert yaml.safe_load(f"a: 1 # {remark(text)}\nb: 2") == {"a": 1, "b": 2}


def test_other_values_are_written_as_text() -> None:
    assert filled(f"key: {HOLE}", {"a": 1}) == '---\nkey: "{\'a\': 1}"\nvaultsync_id: "readwise:1"\n---\n'


def test_core_rules_of_yaml_1_2_read_hexadecimal_and_octal() -> None:
    assert read_properties("---\na: 0x1f\nb: 0o17\nc: 010\nd: 1_000\ne: .5\nf: +.inf\n---\n") == {
        "a": 31,
        "b": 15,
        "c": 10,
        "d": "1_000",
        "e": 0.5,
        "f": math.inf,
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        "---\n",
        "---\na: 1\n",
        "---\na: [\n---\n",
        "---\n- a\n---\n",
        "---\n!x a: 1\n---\n",
        "\n---\na: 1\n---\n",
        "----\na: 1\n----\n",
        "---\na: " + "9" * 5000 + "\n---\n",
        "---\n" + "[" * 5000 + "\n---\n",
    ],
)
def test_what_is_no_front_matter_has_no_properties(text: str) -> None:
    assert read_properties(text) == {}


def test_a_byte_order_mark_hides_no_properties() -> None:
    assert read_properties("\ufeff---\na: 1\n---\n") == {"a": 1}


def test_a_longer_rule_does_not_end_the_front_matter() -> None:
    assert read_properties("---\na: |\n  x\n  ----\n---\nbody") == {"a": "x\n----\n"}


def test_a_template_without_front_matter_gets_the_identity() -> None:
    text, owned = fill("", (), identity='a "b"')

    assert text == '---\nvaultsync_id: "a \\"b\\""\n---\n'
    assert owned == (Property("vaultsync_id", "id"),)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", '---\n\nvaultsync_id: "readwise:1"\n---\n'),
        ("# only a comment", '---\n# only a comment\nvaultsync_id: "readwise:1"\n---\n'),
        ("  a: 1", '---\n  a: 1\n  vaultsync_id: "readwise:1"\n---\n'),
        ("a: |\n  text", '---\na: |\n  text\nvaultsync_id: "readwise:1"\n---\n'),
        (f"vaultsync_id: {HOLE}", '---\nvaultsync_id: "readwise:1"\n---\n'),
        (f"vaultsync_id: 'x {HOLE}' # c", '---\nvaultsync_id: "readwise:1" # c\n---\n'),
    ],
)
def test_the_identity_is_there_once_and_right(line: str, expected: Any) -> None:
    assert filled(line, "whatever") == expected


def test_the_front_matter_may_end_the_note() -> None:
    assert fill("---\na: 1\n---", (), identity="x")[0] == '---\na: 1\nvaultsync_id: "x"\n---'


def test_an_empty_value_leaves_no_item_and_no_comma() -> None:
    line = f"key: [{OPEN}0{CLOSE}, {OPEN}1{CLOSE} ,{OPEN}2{CLOSE}]"

    assert "key: [b]\n" in filled(line, "", "b", None).replace(" ,]", "]")
    assert read_properties(filled(line, "", (), None))["key"] == []


def test_a_value_in_the_name_of_a_property_is_text_too() -> None:
    line = f"{OPEN}0{CLOSE}: {OPEN}1{CLOSE}\nx {OPEN}0{CLOSE}: 1"

    text, owned = fill(f"---\n{line}\n---\n", ["a: b", "no"], identity="x")

    assert read_properties(text) == {"a: b": "no", "x a: b": 1, "vaultsync_id": "x"}
    assert [one.key for one in owned] == ["a: b", "vaultsync_id"]


def test_a_value_can_not_double_a_property() -> None:
    with pytest.raises(PropertyError, match='has the property "a" twice'):
        filled(f"a: 1\n{HOLE}: 2", "a")


def test_a_value_that_is_used_again_by_its_anchor_is_written_once() -> None:
    assert read_properties(filled(f"a: &x {HOLE}\nb: *x", "no: thing")) == {
        "a": "no: thing",
        "b": "no: thing",
        "vaultsync_id": "readwise:1",
    }


@pytest.mark.parametrize(
    ("line", "message", "start"),
    [
        ("a: 1\nb: [\n", "not YAML", "b: ["),
        ("a: 1\n\tb: 1", "not YAML", "\tb: 1"),
        ("a: \x07", "not YAML", ""),
        ("- a", "not a list of properties", "- a"),
        ("{a: 1}", "not a list of properties", "{a: 1}"),
        ("a: 1\nb: 2\na: 3", 'the property "a" twice', "a"),
        ("a: 1\n? [b]\n: 2", "name must be text", "? [b]"),
        ("a: 1\nvaultsync_id: x", "Only vaultsync writes vaultsync_id", "vaultsync_id: x"),
        (f"vaultsync_id: [{HOLE}]", "Only vaultsync writes vaultsync_id", "vaultsync_id: ["),
        (f"a: !!str {HOLE}", "given a type", "a: !!str "),
    ],
)
def test_front_matter_that_can_not_be_used_is_refused_with_its_line(line: str, message: str, start: str) -> None:
    with pytest.raises(PropertyError, match=message) as caught:
        filled(line, "value")
    assert caught.value.start == start


def test_only_a_value_that_is_a_whole_property_can_be_read_back() -> None:
    title, tags, of_highlight = tracked("T", "", "title"), TagList(("a b",), ""), TagList(("a",), "1")
    holes = [f"{OPEN}{number}{CLOSE}" for number in range(6)]
    line = "\n".join(
        f"{key}: {value}"
        for key, value in {
            "title": holes[0],
            "quoted": f'"{holes[0]}"',
            "mixed": f"a {holes[0]}",
            "tags": holes[1],
            "theirs": holes[2],
            "short": holes[0],
            "list": f"[{holes[0]}]",
            "nested": f"\n  a: {holes[0]}",
            "tag": holes[3],
            "foreign": holes[4],
        }.items()
    )

    _, owned = fill(
        f"---\n{line}\n---\n", [title, tags, of_highlight, tags[0], tracked("x", "1", "note")], identity="x"
    )

    assert {one.key: one.field for one in owned} == {
        "title": "title",
        "quoted": "title",
        "mixed": "",
        "tags": "tags",
        "theirs": "",
        "short": "title",
        "list": "",
        "nested": "",
        "tag": "",
        "foreign": "",
        "vaultsync_id": "id",
    }


def test_single_tags_are_spelled_as_the_list_is() -> None:
    tags = TagList(("to read", "2024"), "")

    assert read_properties(filled(f"key: [{OPEN}0{CLOSE}, {OPEN}1{CLOSE}]", *tags))["key"] == ["to-read", "y2024"]
    assert read_properties(filled(f"key: book/{OPEN}0{CLOSE}", *tags))["key"] == "book/to-read"
    assert read_properties(filled(f"key: {OPEN}0{CLOSE}", [*tags, "x"]))["key"] == ["to-read", "y2024", "x"]


def test_times_are_written_in_utc_to_the_second() -> None:
    assert "key: 0180-01-01T00:00:05\n" in filled(f"key: {HOLE}", datetime(180, 1, 1, 0, 0, 5, 999, tzinfo=UTC))
