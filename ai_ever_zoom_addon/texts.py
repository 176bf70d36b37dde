"""A text of the window that can be said in another language. Never touches bpy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Self

# A place of a template, as a file may have it: with a name and no more than a plain format.
_PLACE = re.compile(r"\{[a-z][a-z_0-9]*(:[.,]?[0-9]?[fg%]?)?\}")
_DEEPEST = 8  # texts within each other
_LONGEST = 10_000  # signs of a template and its values: places may be the same ones many times


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
        values = {
            name: value.said(translate) if isinstance(value, Text) else value
            for name, value in self.values.items()
        }
        try:
            return template.format(**values)
        except (LookupError, ValueError):  # a place in it is mistyped
            return self.template.format(**values)

    def to_json(self) -> dict[str, Any]:
        """How it was made as plain JSON values, for `from_json`; names stay apart from words."""
        values = {
            name: value.to_json()
            if isinstance(value, Text)
            else value
            if isinstance(value, int | float)
            else str(value)
            for name, value in self.values.items()
        }
        return {"template": self.template, "values": values}

    @classmethod
    def from_json(cls, found: Any, deepest: int = _DEEPEST) -> Text:
        """The text from `to_json`.

        Args:
            found: The JSON values.
            deepest: How many texts may lie within each other.

        Raises:
            ValueError: It is not of that form.
        """
        if isinstance(found, str):
            return Text(found)
        try:
            template, values = found["template"], found["values"]
            if deepest < 1:
                raise ValueError("it is a text within too deep texts")
            if not set("{}").isdisjoint(_PLACE.sub("", template)) and values:
                raise ValueError("its places are not plain")
            values = {
                name: value
                if isinstance(value, int | float | str)
                else cls.from_json(value, deepest - 1)
                for name, value in values.items()
            }
            if sum(map(len, (template, *map(str, values.values())))) > _LONGEST:
                raise ValueError("it is a text too long")
            return Text(template, **values)
        except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError) as error:
            raise ValueError(f"this is no text: {error}") from None


class Clause(Text):
    """A sentence as a part of another one: without its full stop, in any language."""

    def __new__(cls, sentence: str) -> Self:
        """A clause of a sentence."""
        text = str.__new__(cls, sentence.rstrip("."))
        text.template = "{sentence}"
        text.values = {"sentence": Text(sentence)}
        return text

    def said(self, translate: Callable[[str], str]) -> str:
        """The clause in other words."""
        return super().said(translate).rstrip(".\u3002\uff0e")


def joined(texts: Iterable[str], separator: str = ", ") -> Text:
    """Texts one after the other; those that are a `Text` are translated."""
    values = {f"text{number}": text for number, text in enumerate(texts)}
    return Text(separator.join(f"{{{place}}}" for place in values), **values)
