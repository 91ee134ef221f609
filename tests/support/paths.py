"""The folders of the checkout."""

from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parent.parent
ROOT: Final = TESTS.parent
DOCS: Final = ROOT / "docs"
MEASUREMENTS: Final = DOCS / "measurements"
"""The pages that the benchmarks write."""
WEB: Final = ROOT / "web"
PICTURES: Final = TESTS / "browser" / "pictures"
