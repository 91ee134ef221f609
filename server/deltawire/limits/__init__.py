"""Limits on each caller's use, counted in this process or in a Redis that several processes share."""
