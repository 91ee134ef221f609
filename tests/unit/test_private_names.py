"""Every private name of others that the server uses or overrides. A new one needs a contract test that names it."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import FunctionType

import deltawire

USED = {
    "_api_client": "tests/server/gemini/test_private_names.py",
    "_async_request_once": "tests/server/gemini/test_private_names.py",
    "_build_request": "tests/server/gemini/test_private_names.py",
    "_pause_transport_reading": "tests/server/gemini/test_private_names.py",
    "_reading_paused": "tests/server/gemini/test_private_names.py",
    "_resume_transport_reading": "tests/server/gemini/test_private_names.py",
    "_wrap_existing_connection": "tests/server/gemini/test_private_names.py",
    "google.genai._api_client": "tests/server/gemini/test_private_names.py",
    "_buckets": "tests/unit/telemetry/test_private_names.py",
    "_run_exitfuncs": "the standard library's; tests/e2e/test_command_line.py stops servers with it",
    "_CoroutineLike": "for the type checker only",
}
"""Each with the test that fails when it has moved."""
OVERRIDDEN = {
    "_Litestar._get_default_plugins": "tests/e2e/test_imports.py",
    "Connector._create_connection": "tests/server/gemini/test_private_names.py",
    "Connector._wrap_create_connection": "tests/server/gemini/test_private_names.py",
    "Connector._release": "tests/server/gemini/test_private_names.py",
}
METHODS = (FunctionType, staticmethod, classmethod)


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def names_in(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """Yield each private name, and True where the server itself gives it."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, True
            case ast.Attribute():
                yield node.attr, isinstance(node.ctx, ast.Store)
            case ast.Name(ctx=ast.Store()):
                yield node.id, True
            case ast.ImportFrom() if not (node.module or "").startswith("deltawire"):
                yield from ((alias.name, False) for alias in node.names)
                if any(is_private(part) for part in (node.module or "").split(".")):
                    yield f"{node.module}", False
            case _:
                pass


def test_no_other_private_name_is_used() -> None:
    files = Path(deltawire.__path__[0]).rglob("*.py")
    found = [named for file in files for named in names_in(ast.parse(file.read_text()))]
    ours = {name for name, is_given in found if is_given}
    assert {name for name, _ in found if is_private(name.rpartition(".")[2])} - ours == set(USED)


def overridden() -> Iterator[str]:
    for info in pkgutil.walk_packages(deltawire.__path__, "deltawire."):
        if ".migrations." in info.name or info.name.endswith((".migrations", ".traces", ".__main__")):
            continue
        for name, kind in vars(importlib.import_module(info.name)).items():
            if inspect.isclass(kind) and kind.__module__ == info.name and not issubclass(kind, Enum):
                theirs = [base for base in kind.__mro__ if not base.__module__.startswith("deltawire")]
                methods = [method for method, given in vars(kind).items() if isinstance(given, METHODS)]
                for method in filter(is_private, methods):
                    if any(method in vars(base) for base in theirs):
                        yield f"{name}.{method}"


def test_no_other_private_method_is_overridden() -> None:
    assert set(overridden()) == set(OVERRIDDEN)
