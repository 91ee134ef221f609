"""Whether the server of this container lives: the exit code, and why not.

It stands alone: the server's own modules take a second to import, and an image needs no curl for this.
"""

import os
import sys
import urllib.request

port = os.environ.get("DELTAWIRE_PORT") or os.environ.get("PORT") or "8000"
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # HTTP_PROXY is for what is outside
try:
    opener.open(f"http://127.0.0.1:{port}/livez", timeout=4).close()
except OSError as error:
    sys.exit(str(error))
