"""A text of the window that can be said in another language. Never touches bpy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Self


class Text(str):
    """A text in English that remembers how it was made, and so can be said in other words.

    For all that does not know of languages it is its English: files, logs, the command line.

    Attributes:
        template: A whole sentence or label, with a named place in braces for each value.
        values: What stands in the places; those that are texts are translated as well.
    """

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, **values: object) -> Self:
        """A text of a template; without values, braces in it are braces."""
        text = super().__new__(cls, template.format(**values) if values else template)
        if isinstance(template, Text) and not values:  # made before, and passed on
            text.template, text.values = template.template, template.values
        else:
            text.template, text.values = template, values
        return text

    def said(self, translate: Callable[[str], str]) -> str:
        """The text in other words.

        Args:
            translate: Gives a template in the other language; its places keep their names.
        """
        template = translate(self.template)
        if not self.values:
            return template
        return template.format(
            **{
                name: value.said(translate) if isinstance(value, Text) else value
                for name, value in self.values.items()
            }
        )


def joined(texts: Iterable[str], template: str = "{line}, {text}") -> Text:
    """Texts one after the other, each of which is translated.

    Args:
        texts: In English.
        template: How another one is added to those before.
    """
    first, *others = texts
    line = Text(first)
    for text in others:
        line = Text(template, line=line, text=Text(text))
    return line
