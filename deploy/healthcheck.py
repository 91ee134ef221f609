"""Whether the server of this container lives: the exit code, and why not.

It stands alone: the server's own modules take a second to import, and an image needs no curl for this. It asks the
server where `HOST` and `PORT` say that it listens.
"""

import http.client
import os
import sys

LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing listens here
ENVIRON = {name.upper(): value for name, value in os.environ.items()}


def setting(*names: str, default: str) -> str:
    """The first of these variables that is set, and is no address that Kubernetes has put there."""
    values = (ENVIRON.get(name, "") for name in names)
    return next((value for value in values if value and "://" not in value), default)


host = setting("DELTAWIRE_HOST", default="127.0.0.1").strip("[]")
port = setting("DELTAWIRE_PORT", "PORT", default="8000")
try:
    connection = http.client.HTTPConnection(LOOPBACK.get(host, host), int(port), timeout=4)
    connection.request("GET", "/livez")
    status = connection.getresponse().status
except (OSError, ValueError, http.client.HTTPException) as error:
    sys.exit(str(error))
if status != http.client.OK:
    sys.exit(f"/livez answered {status}")
