"""Desfecho: where a customer-service team ends its conversations well."""
