"""Prints the table of close codes as TypeScript, for `make frames` to write src/protocol/close-code-table.ts."""

import json
import sys

from deltawire.protocol.close_codes import TABLE


def table() -> str:
    """Return the module, formatted as the page's formatter does."""
    rows = "".join(
        f"  {row.code}: {{\n"
        + "".join(
            f"    {name}: {json.dumps(value, ensure_ascii=False)},\n"
            for name, value in (("sentence", row.sentence), ("advice", row.advice), ("reconnect", row.reconnect))
            if value is not None
        )
        + "  },\n"
        for row in TABLE.values()
    )
    return (
        "// Made by `make frames` from server/deltawire/protocol/close_codes.py.\n"
        'import type { CloseReason } from "./close-codes";\n\n'
        f"export const CLOSE_CODES: Readonly<Record<number, CloseReason>> = {{\n{rows}}};\n"
    )


if __name__ == "__main__":
    sys.stdout.write(table())
