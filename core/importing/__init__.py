"""History from other systems, read as event logs."""

from core.importing.log import ImportReport, import_log

__all__ = ["ImportReport", "import_log"]
