"""What managers are told: each report is a question to the facts (.sql), its answer as a table, and a chart of it."""
