"""``python -m pykbroker``: the same as the command ``pykbroker``."""

from __future__ import annotations

from pykbroker.cli.main import main

if __name__ == "__main__":
    main()
