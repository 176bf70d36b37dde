"""Makes the guide as the extension brings it: HTML pages that need no network.

build.py runs it, in an environment that has markdown-it-py: `python make_guide.py FOLDER`. The
pages are those of docs/ and the parts of the README that a user in Blender needs. Nothing of the
machine gets into them: the same sources give the same bytes.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from html import escape
from pathlib import Path, PurePosixPath

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
# In the order of the navigation; last of all come the README's parts, from the first to the last.
SOURCES = (
    *("first-steps", "panel", "images-and-presets", "timing-and-camera", "effects", "gallery"),
    *("compositing", "mixing", "page", "farm", "colour", "scripting", "linking", "files"),
)
README = ROOT / "README.md"
README_PARTS = ("Preparing the pictures", "The scene")
README_TITLE = "Pictures and options"
INDEX, STYLE = "index.html", "style.css"
SHORTCUTS = "go"  # the folder of a page for each passage: see `shortcut`

MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} - AI Ever Zoom</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<nav>
{navigation}
</nav>
<main>
{text}</main>
</body>
</html>
"""
SHORTCUT = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta http-equiv="refresh" content="0; url={place}">
</head>
<body><a href="{place}">{title}</a></body>
</html>
"""


class GuideError(Exception):
    """One line for whoever called: what is wrong in which source."""


@dataclass(frozen=True)
class Page:
    """A page, and what it needs beside it.

    Attributes:
        name: Of its file, without ".html".
        title: Its first heading.
        sections: (anchor, heading, level) of its passages: level 2, or deeper within such a one.
        text: HTML.
        files: Name in the guide's folder -> file of the repository.
    """

    name: str
    title: str
    sections: list[tuple[str, str, int]]
    text: str
    files: dict[str, Path] = field(default_factory=dict)


def anchor_of(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def place_of(link: str, source: Path, files: dict[str, Path]) -> str:
    """Where a link or picture of a source leads in the guide; notes a file that it needs there.

    Raises:
        GuideError: There is no such file.
    """
    if re.match(r"[a-z]+:", link):
        return link
    path, _, anchor = link.partition("#")
    if not path:
        return link
    file = Path(os.path.normpath(source.parent / path))
    if not file.is_file():
        raise GuideError(f"{source.name} leads to {link}, which is not there")
    after = f"#{anchor}" if anchor else ""
    if file == README:
        return f"readme.html{after}"
    if file.suffix == ".md":
        return f"{file.stem}.html{after}"
    is_picture = file.parent.name == "pictures"
    # As a text, since a browser shows no code.
    name = f"pictures/{file.name}" if is_picture else f"{file.name}.txt"
    files[name] = file
    return name


def text_of(token: Token) -> str:
    """The words of a heading without their marks."""
    return "".join(child.content for child in token.children or [])


def page_of(name: str, text: str, source: Path) -> Page:
    """The page of a Markdown text.

    Raises:
        GuideError: A link or picture leads nowhere.
    """
    tokens = MARKDOWN.parse(text)
    headings: list[tuple[str, str, int]] = []
    files: dict[str, Path] = {}
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = text_of(tokens[number + 1])
            anchor = anchor_of(heading)
            if any(anchor == other for other, _, _ in headings):
                raise GuideError(f"{source.name} has two headings {heading}")
            token.attrSet("id", anchor)
            headings.append((anchor, heading, int(token.tag[1:])))
        for child in token.children or []:
            for attribute in ("href", "src"):
                link = child.attrGet(attribute)
                if link is not None:
                    child.attrSet(attribute, place_of(str(link), source, files))
    html = MARKDOWN.renderer.render(tokens, MARKDOWN.options, {})
    (_, title, _), *sections = headings
    return Page(name, title, sections, html, files)


def parts_of_readme() -> str:
    """The README's parts that are in the guide, below a title of their own."""
    first, last = README_PARTS
    parts = re.split(r"^(?=## )", README.read_text(encoding="utf-8"), flags=re.MULTILINE)
    titles = [part.partition("\n")[0][len("## ") :] for part in parts]
    if first not in titles or last not in titles:
        raise GuideError(f"README.md has no headings {first} and {last}")
    return f"# {README_TITLE}\n\n" + "".join(parts[titles.index(first) : titles.index(last) + 1])


def navigation(pages: list[Page], here: str) -> str:
    """Links to all pages, and to the passages of the one that is open."""
    lines = [f'<a class="home" href="{INDEX}">AI Ever Zoom</a>', "<ul>"]
    for page in pages:
        is_here = page.name == here
        mark = ' aria-current="page"' if is_here else ""
        lines.append(f'<li><a href="{page.name}.html"{mark}>{escape(page.title)}</a>')
        if is_here:
            lines += contents(page)
        lines.append("</li>")
    return "\n".join([*lines, "</ul>"])


def contents(page: Page) -> list[str]:
    """A list of links to a page's passages."""
    if not page.sections:
        return []
    links = [
        f'<li><a href="{page.name}.html#{anchor}">{escape(heading)}</a></li>'
        for anchor, heading, level in page.sections
        if level == 2
    ]
    return ["<ul>", *links, "</ul>"]


def index_of(pages: list[Page]) -> str:
    """The text of the first page: what is where."""
    lines = ["<h1>AI Ever Zoom</h1>", "<p>An endless zoom, made of a folder of pictures.</p>"]
    for page in pages:
        lines.append(f'<h2><a href="{page.name}.html">{escape(page.title)}</a></h2>')
        lines += contents(page)
    return "\n".join([*lines, ""])


def shortcut(page: Page, anchor: str, title: str) -> tuple[str, str]:
    """Name and text of a page that leads to a passage.

    What opens a file in the browser for Blender drops the part after "#" on Windows, on macOS and
    on most Linux desktops.
    """
    name = PurePosixPath(SHORTCUTS, page.name, f"{anchor}.html")
    place = f"../../{page.name}.html#{anchor}"
    return str(name), SHORTCUT.format(title=escape(title), place=place)


def check_links(pages: list[Page]) -> None:
    """See that every link to a passage finds it.

    Raises:
        GuideError: One does not.
    """
    anchors = {page.name: set(re.findall(r'<h\d id="([^"]+)"', page.text)) for page in pages}
    for page in pages:
        for other, anchor in re.findall(r'href="([\w-]*)(?:\.html)?#([^"]+)"', page.text):
            if anchor not in anchors.get(other or page.name, ()):
                raise GuideError(f"{page.name} leads to {other}#{anchor}, which is not there")


def make(folder: Path) -> None:
    """Write the whole guide into an empty folder.

    Raises:
        GuideError: A source has a link that leads nowhere.
    """
    pages = [
        page_of(name, file.read_text(encoding="utf-8"), file)
        for name, file in ((name, DOCS / f"{name}.md") for name in SOURCES)
    ]
    pages.append(page_of("readme", parts_of_readme(), README))
    check_links(pages)
    texts = {STYLE: (DOCS / "guide.css").read_text(encoding="utf-8")}
    whole = [(page.name, page.title, page.text) for page in pages]
    for name, title, text in [("index", "Guide", index_of(pages)), *whole]:
        texts[f"{name}.html"] = PAGE.format(
            title=escape(title), navigation=navigation(pages, name), text=text
        )
    for page in pages:
        texts.update(shortcut(page, anchor, title) for anchor, title, _ in page.sections)
    written = {name: text.encode() for name, text in texts.items()}
    for page in pages:
        written.update((name, file.read_bytes()) for name, file in page.files.items())
    for name, content in written.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


if __name__ == "__main__":
    try:
        make(Path(sys.argv[1]))
    except GuideError as error:
        sys.exit(str(error))
