"""Fetches each page once, however many ask for it."""

import asyncio


class Feed:
    def __init__(self, fetch):
        self._fetch = fetch
        self._pages = {}

    async def page(self, name):
        if name not in self._pages:
            self._pages[name] = asyncio.ensure_future(self._fetch(name))
        return await self._pages[name]
