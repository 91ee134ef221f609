"""Processes that are process 1 of a namespace, as a container's is."""

import subprocess

import pytest

as_process_1 = ["unshare", "--map-root-user", "--pid", "--fork", "--kill-child"]
"""The words before the command of such a process."""
may_be_process_1 = pytest.mark.skipif(
    subprocess.run([*as_process_1, "true"], check=False).returncode != 0, reason="may make no namespaces here"
)
