"""Print docs/reference/settings.md, for `make docs-settings`."""

import sys

from deltawire.config.description import describe

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
"""


def settings_page() -> str:
    """Return the page of the settings, with a row for each."""
    rows = (
        f"| `{name}` | {f'`{default}`' if default else ''} | {accepts} | {purpose} |"
        for name, default, accepts, purpose in describe()
    )
    return PAGE.format(rows="\n".join(rows))


if __name__ == "__main__":
    sys.stdout.write(settings_page())
