"""A package of its own, lest another one of this name is taken for it."""
