"""Variables that Kubernetes sets in every container for each service, as Docker did for links.

For a service named `deltawire` their names begin as our settings do: `DELTAWIRE_PORT=tcp://10.96.7.8:80`.
"""

import re

_name = re.compile(
    r"\w+_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)", re.IGNORECASE
)
_address = re.compile(r"(tcp|udp|sctp)://\S+:\d+", re.IGNORECASE)


def is_of_a_service(name: str, value: str | None) -> bool:
    """Return whether Kubernetes set this variable for a service, so that it is not a setting."""
    is_its_port = name.upper().endswith("_PORT") and _address.fullmatch(value or "") is not None
    return is_its_port or _name.fullmatch(name) is not None
