"""Deltawire: a realtime chat server for Gemini."""

from importlib.metadata import version

__version__ = version("deltawire")
