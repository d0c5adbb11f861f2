"""Translation of what people read."""

from __future__ import annotations

try:
    from slicer.i18n import tr as _
except ImportError:  # the slicer-core wheel has no translations

    def _(text: str) -> str:
        """The text as it is."""
        return text


__all__ = ["_"]
