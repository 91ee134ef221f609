"""Prints the table of close codes as TypeScript, for `make frames` to write src/protocol/close-code-table.ts."""

import json
import sys

from deltawire.protocol.close_codes import TABLE


def table() -> str:
    """Return the module, formatted as the page's formatter does. Its sentences are the page's own, in each language."""
    rows = "".join(
        f"  {row.code}: {{ code: {row.code}, "
        + ("refuses: true, " if row.advice is not None else "")
        + f"reconnect: {json.dumps(row.reconnect)} }},\n"
        for row in TABLE.values()
    )
    return (
        "// Made by `make frames` from server/deltawire/protocol/close_codes.py.\n"
        'import type { CloseReason } from "./close-codes";\n\n'
        f"export const CLOSE_CODES: Readonly<Record<number, CloseReason>> = {{\n{rows}}};\n"
    )


if __name__ == "__main__":
    sys.stdout.write(table())
