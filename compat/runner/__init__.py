"""The runner behind compat/run: installs stock clients, starts brokers, runs stories, writes what it saw."""
