"""Names of files."""

import time

from deltawire.conversations.files.names import name_in, shown_name


def test_a_long_name_keeps_its_beginning_and_its_suffix() -> None:
    assert shown_name("folder/" + "a" * 5_000 + ".pdf") == "a" * 116 + ".pdf"


def test_a_name_of_very_many_marks_takes_no_time() -> None:
    began = time.process_time()
    name = name_in('attachment; filename="' + ("\u0301\u0316" * 50_000).encode().decode("latin-1") + '.txt"')
    assert shown_name(name or "").endswith(".txt")
    assert time.process_time() - began < 0.5
