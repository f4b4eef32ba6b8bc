"""History from other systems, read as event logs."""
