"""kafka-python's stories, the same program for 3.x, 2.0.2 and 1.4.7.

What an old version cannot do is skipped with the reason; everything else is written once, as a user would write it.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

if sys.version_info >= (3, 12):
    # kafka-python before 2.0.3 carries a copy of six that Python 3.12 cannot import from; users put the released one in its place.
    try:
        import six

        sys.modules["kafka.vendor.six.moves"] = six.moves
    except ImportError:
        pass

import administration
import groups
import records
import transactions
import tutorials
from tap import main

if __name__ == "__main__":
    main([tutorials, records, transactions, groups, administration])
