"""Where things are in the checkout."""

from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parent.parent
ROOT: Final = TESTS.parent
DOCS: Final = ROOT / "docs"
WEB: Final = ROOT / "web"
PICTURES: Final = TESTS / "browser" / "pictures"
