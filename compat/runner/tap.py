"""Reads TAP, the only thing that a client's program has to say.

    1..3
    ok 1 - compression_each
    not ok 2 - commit_and_resume
    # AssertionError: read from 0, wanted 5
    ok 3 - delete_records # SKIP this version has no DeleteRecords

Lines that begin with `#` after a failed story are its reason. Other lines are ignored.
"""

import re
from dataclasses import dataclass, field

LINE = re.compile(r"^(not )?ok\b\s*\d*\s*-?\s*(\S+)\s*(?:#\s*(?:SKIP|skip)\s*(.*))?")
PLAN = re.compile(r"^1\.\.(\d+)")


@dataclass
class Story:
    name: str
    outcome: str  # passed, failed or skipped
    seconds: float
    reason: str = ""


@dataclass
class TapReader:
    """Collects stories line by line, with the time since the line before."""

    planned: int | None = None
    stories: list[Story] = field(default_factory=list)

    def line(self, text: str, seconds: float) -> Story | None:
        """Takes one line; returns the story that it tells, if it tells one."""
        if plan := PLAN.match(text):
            self.planned = int(plan[1])
        elif match := LINE.match(text):
            return self._story(match, seconds)
        elif text.startswith("#") and self.stories and self.stories[-1].outcome == "failed":
            self.stories[-1].reason = f"{self.stories[-1].reason}\n{text[1:].strip()}".strip()
        return None

    def _story(self, match: re.Match[str], seconds: float) -> Story:
        failed, name, skipped = match.groups()
        outcome = "failed" if failed else "passed" if skipped is None else "skipped"
        self.stories.append(Story(name, outcome, round(seconds, 3), (skipped or "").strip()))
        return self.stories[-1]
