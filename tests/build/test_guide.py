"""The guide's pages as they are in the zip: all that they lead to is there. Never touches bpy."""

from __future__ import annotations

import posixpath
from functools import cache
from io import BytesIO

import pytest
from PIL import Image

import build
from tests.pages import GuidePage
from tools import ROOT, BuildError


@cache
def files() -> dict[str, bytes]:
    return build.guide()


@cache
def pages() -> dict[str, GuidePage]:
    return {
        name: GuidePage(content.decode("utf-8"))
        for name, content in files().items()
        if name.endswith(".html")
    }


def test_every_link_leads_to_a_page_and_to_a_heading_in_it() -> None:
    told = 0
    for name, page in pages().items():
        for link in [*page.links, *filter(None, [page.forward])]:
            if link.startswith("https://"):
                continue
            path, _, anchor = link.partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
            target = target if path else name
            assert target in files(), f"{name} leads to {link}"
            if anchor:
                assert anchor in pages()[target].passages, f"{name} leads to {link}"
            told += 1
    assert told > 300


def test_pictures_are_there_and_have_a_text_in_their_place() -> None:
    shown = set()
    for name, page in pages().items():
        for picture, text in page.pictures:
            assert picture in files(), f"{name} shows {picture}"
            assert text, f"{name} shows {picture} without a word"
            shown.add(picture)
    assert shown == {name for name in files() if name.startswith("pictures/")}
    for name in shown:
        with Image.open(BytesIO(files()[name])) as image:
            image.verify()


def test_each_source_is_a_page_that_all_others_lead_to() -> None:
    sources = {f"{path.stem}.html" for path in build.DOCS.glob("*.md")}
    whole = {name for name in pages() if "/" not in name}
    assert sources | {"index.html", "readme.html"} == whole
    for name in whole:
        assert whole <= set(pages()[name].links), name


def test_each_passage_has_an_address_without_a_number_sign() -> None:
    """What opens files in the browser drops what comes after it, in most systems."""
    for name, page in pages().items():
        if "/" in name:
            continue
        for anchor in list(page.passages)[2:]:  # after the page itself, and its title
            forward = pages()[f"go/{name.removesuffix('.html')}/{anchor}.html"].forward
            assert forward == f"../../{name}#{anchor}"


def test_nothing_comes_from_the_network() -> None:
    for name, content in files().items():
        if name.endswith((".html", ".css")):
            text = content.decode("utf-8")
            for word in ("<script", "@import", "url(http", 'src="http', "<iframe"):
                assert word not in text, name


def test_the_guide_is_small() -> None:
    """For who loads the zip, and for a folder of add-ons that is copied to many machines."""
    assert sum(map(len, files().values())) < 1_900_000


@pytest.mark.parametrize("link", ["effects.md#no-such-heading", "no-such-page.md", "x/none.png"])
def test_a_link_that_leads_nowhere_stops_the_build(
    link: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    copy = tmp_path_factory.mktemp("checkout")
    for folder in (build.DOCS, ROOT / "jobs"):
        shutil.copytree(folder, copy / folder.name)
    shutil.copy(ROOT / "README.md", copy)
    monkeypatch.setattr(build, "DOCS", copy / build.DOCS.name)
    with (build.DOCS / "panel.md").open("a", encoding="utf-8") as page:
        page.write(f"\nSee [there]({link}).\n")
    with pytest.raises(BuildError) as caught:
        build.guide()
    assert "panel" in str(caught.value) and "not there" in str(caught.value)
    assert "\n" not in str(caught.value)
