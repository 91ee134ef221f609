"""The settings of a process: their types, their descriptions, and the checks between them."""
