"""Two coroutines ask for one page."""

import asyncio

from feed import Feed

import harness


@harness.interleaved
async def test_a_page_is_fetched_once():
    fetched = []

    async def fetch(name):
        await asyncio.sleep(1)
        fetched.append(name)
        return f"content of {name}"

    feed = Feed(fetch)
    await asyncio.gather(feed.page("a"), feed.page("a"))
    assert fetched == ["a"]
