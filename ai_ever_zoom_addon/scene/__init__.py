"""Turns a plan into plain Blender data that needs none of our Python afterwards."""
