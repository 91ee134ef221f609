"""Limits: how much each caller may use, counted in this process or in a Redis that several share."""
