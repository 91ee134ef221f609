"""Print docs/reference/settings.md, for `make docs-settings`."""

import sys

from deltawire.config.description import describe
from deltawire.config.settings import SECRETS

PAGE = """\
# Settings

Every setting is an environment variable. `deltawire --help` prints the same table. A bad value stops the start with
exit code 2 and a line that names the setting. A name that starts with `DELTAWIRE_` and is not listed here is logged as
unknown, with the nearest known name.

This page is written by `make docs-settings` from `server/deltawire/config/settings.py`.

| name | default | accepts | what it sets |
| --- | --- | --- | --- |
{rows}

The upstream is configured by google-genai's own variables: `GEMINI_API_KEY` or `GOOGLE_API_KEY`,
`GOOGLE_GEMINI_BASE_URL`, and for Vertex AI `GOOGLE_GENAI_USE_VERTEXAI`, `GOOGLE_CLOUD_PROJECT` and
`GOOGLE_CLOUD_LOCATION`.

A secret may stand in a file: NAME_FILE is then its path, as in `DELTAWIRE_JWT_SECRET_FILE=/run/secrets/jwt`. These may:
{secrets}.
"""


def settings_page() -> str:
    """Return the page of the settings, with a row for each."""
    rows = (
        f"| `{name}` | {f'`{default}`' if default else ''} | {accepts} | {purpose} |"
        for name, default, accepts, purpose in describe()
    )
    return PAGE.format(rows="\n".join(rows), secrets=", ".join(f"`{name}`" for name in SECRETS))


if __name__ == "__main__":
    sys.stdout.write(settings_page())
