"""What a client sent wrong is told in the words of the framework the services are built with."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator_case import Api
from vaultsync.simulator import Library

pytest_plugins = ("tests.simulator_case",)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("text", None, "This field may not be null."),
        ("text", ["a"], "Not a valid string."),
        ("title", "x" * 512, "Ensure this field has no more than 511 characters."),
        ("source_type", "ab", "Ensure this field has at least 3 characters."),
        ("category", "scrolls", '"scrolls" is not a valid choice.'),
        ("location", "page nine", "A valid integer is required."),
        (
            "highlighted_at",
            "yesterday",
            "Datetime has wrong format. Use one of these formats instead: "
            "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].",
        ),
    ],
)
def test_a_bad_field_of_a_posted_highlight_is_named(api: Api, field: str, value: Any, said: str) -> None:
    reply = api.ask("POST", "v2/highlights/", {"highlights": [{"text": "good", field: value}]})

    assert (reply.status_code, reply.json()) == (400, [{field: [said]}])


@pytest.mark.parametrize("field", ["title", "author", "note", "source_url", "location", "highlighted_at"])
def test_null_will_do_where_nothing_is_known(api: Api, field: str) -> None:
    assert api.ask("POST", "v2/highlights/", {"highlights": [{"text": "good", field: None}]}).status_code == 200


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"tags": "one"}, {"tags": ['Expected a list of items but got type "str".']}),
        ({"tags": [1]}, {"tags": ["Not a valid string."]}),
        ({"seen": "yes"}, {"seen": ["Must be a valid boolean."]}),
        ({"category": "scroll"}, {"category": ['"scroll" is not a valid choice.']}),
    ],
)
def test_a_bad_field_of_a_reader_update_is_named(
    api: Api, library: Library, fields: dict[str, Any], said: dict[str, list[str]]
) -> None:
    essay = library.add_reader_document("Essay", tags=["kept"])
    reply = api.ask("PATCH", f"v3/update/{essay.id}/", fields)

    assert (reply.status_code, reply.json(), list(essay.tags)) == (400, said, ["kept"])


@pytest.mark.parametrize("body", [[], "text", 3])
def test_a_body_that_is_no_object_is_refused(api: Api, body: Any) -> None:
    reply = api.ask("POST", "v3/save/", body)

    assert (reply.status_code, list(reply.json())) == (400, ["non_field_errors"])


def test_other_media_types_are_refused(api: Api) -> None:
    url, kind = f"{api.base_url}/v3/save/", {"Content-Type": "text/plain"}
    reply = api.session.post(url, data=b"hello", headers=kind, timeout=5)

    assert (reply.status_code, reply.json()) == (415, {"detail": 'Unsupported media type "text/plain" in request.'})


def test_a_cursor_nobody_handed_out_is_refused(api: Api) -> None:
    assert api.ask("GET", "v3/list/", pageCursor="01nothing").status_code == 400
    assert api.ask("GET", "v2/export/", pageCursor="tomorrow").status_code == 400
    assert api.ask("GET", "v2/export/", ids="one,two").status_code == 400


def test_a_page_of_html_may_be_too_large(api: Api) -> None:
    assert api.ask("POST", "v3/save/", {"url": "https://x.example/", "html": "x" * 8_000_001}).status_code == 413
