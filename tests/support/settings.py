"""Settings as the environment takes them."""

from collections.abc import Mapping

from deltawire.config.settings import PREFIX, Settings


def prefixed(settings: Mapping[str, object]) -> dict[str, str]:
    """Return these settings by their whole names; raise ValueError for one that does not exist."""
    for name in settings:
        if name not in Settings.model_fields:
            raise ValueError(f"there is no setting {name}")
    return {f"{PREFIX}{name.upper()}": str(value) for name, value in settings.items()}
