"""aiokafka's stories; each runs in an event loop of its own."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import administration
import groups
import records
import tutorials
from tap import main

if __name__ == "__main__":
    main([tutorials, records, groups, administration])
