"""The registry: units, programmes, senders and officers; loaded once, cached in memory by each service."""
