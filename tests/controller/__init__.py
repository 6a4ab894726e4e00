"""The controller's decisions, tested without a log or a broker."""
