"""The settings of a process: what each takes, and which contradict each other."""
