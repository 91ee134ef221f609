"""The forms in which conversations are imported; each module reads one, without I/O."""
