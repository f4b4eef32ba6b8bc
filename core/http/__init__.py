"""The HTTP interface: `/api/v1` for people's scripts, `/webhooks` for platforms, and two health checks."""
