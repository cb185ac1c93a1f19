"""A client we did not write, `aiolinkding`, works against the simulator. Skipped where it is not installed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from vaultsync.simulator import Simulator

pytest_plugins = ("tests.simulator_case",)
aiolinkding = pytest.importorskip("aiolinkding")


def test_it_lists_creates_changes_archives_and_deletes(simulator: Simulator) -> None:
    account = simulator.linkding
    account.add("https://example.org/a", title="A", tag_names=["tea"])

    async def use() -> dict[str, Any]:
        client = await aiolinkding.async_get_client(simulator.linkding_url, simulator.token)
        made = await client.bookmarks.async_create("https://example.org/b", title="B", tag_names=["to read"])
        await client.bookmarks.async_update(made["id"], title="Changed")
        await client.bookmarks.async_archive(1)
        told = {
            "all": (await client.bookmarks.async_get_all())["count"],
            "archived": [row["title"] for row in (await client.bookmarks.async_get_archived())["results"]],
            "one": (await client.bookmarks.async_get_single(made["id"]))["tag_names"],
            "tags": [tag["name"] for tag in (await client.tags.async_get_all())["results"]],
            "profile": (await client.user.async_get_profile())["theme"],
        }
        await client.bookmarks.async_unarchive(1)
        await client.bookmarks.async_delete(made["id"])
        return told

    assert asyncio.run(use()) == {
        "all": 1,
        "archived": ["A"],
        "one": ["to-read"],
        "tags": ["tea", "to-read"],
        "profile": "auto",
    }
    assert [(one.title, one.is_archived) for one in account.bookmarks.values()] == [("A", False)]
