"""Reads the guide's pages as a browser does. Never touches bpy."""

from __future__ import annotations

import re
from html.parser import HTMLParser


class GuidePage(HTMLParser):
    """What a page shows and leads to.

    Attributes:
        passages: Anchor -> the text of a heading and below it; "" -> that before the second one.
        links: Where it leads.
        pictures: (file, text in its place).
        forward: Where it goes by itself, "" if nowhere.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.passages: dict[str, str] = {"": ""}
        self.links: list[str] = []
        self.pictures: list[tuple[str, str]] = []
        self.forward = ""
        self._passage = ""
        self._is_in_main = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._is_in_main |= tag == "main"
        if tag in ("a", "link"):
            self.links.append(given["href"])
        if tag == "img":
            self.pictures.append((given["src"], given["alt"]))
        if tag == "meta" and given.get("http-equiv") == "refresh":
            self.forward = given["content"].partition("url=")[2]
        if re.fullmatch(r"h[1-6]", tag) and "id" in given:
            assert given["id"] not in self.passages, given["id"]
            self.passages[given["id"]] = ""
            self._passage = given["id"] if tag != "h1" else ""

    def handle_data(self, data: str) -> None:
        if self._is_in_main:
            self.passages[self._passage] += data
