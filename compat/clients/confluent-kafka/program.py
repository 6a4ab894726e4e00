"""confluent-kafka's stories (librdkafka underneath), the same program for every version; what a version lacks is skipped."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import administration
import groups
import records
import transactions
import tutorials
from tap import main

if __name__ == "__main__":
    main([tutorials, records, transactions, groups, administration])
