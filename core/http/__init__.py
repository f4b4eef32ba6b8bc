"""The HTTP interface and the webhooks, on FastAPI."""
