"""Regular expressions over topic names, in RE2's syntax and in time linear in the name.

Members subscribe by expressions that the coordinator evaluates (KIP-848), so one client's expression must
not stall everybody: there is no backtracking. What RE2 refuses (back-references, looking around) is refused
here too. A topic name has 65 possible characters, so a class of characters is a set of those; a name is
matched as a whole by following all states of a Thompson automaton at once.

Flags: ``i``, ``m``, ``s``, ``U`` are understood; a name has no line ends, so only ``i`` changes anything.
Kafka: re2j.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable

from pykbroker.errors import ErrorCode, KafkaError

DIGITS = frozenset("0123456789")
LOWER = frozenset("abcdefghijklmnopqrstuvwxyz")
UPPER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
WORD = DIGITS | LOWER | UPPER | {"_"}
ALPHABET = WORD | {".", "-"}
NOTHING: frozenset[str] = frozenset()

MAX_REPEAT = 1_000  # RE2's own limit
MAX_STATES = 2_000  # an expression of RE2 may be larger; nobody subscribes by one, and it bounds what a name costs
MAX_NESTING = 40  # each level takes a few frames of the stack

Chars = frozenset[str]

PERL_CLASSES = {"d": DIGITS, "w": WORD, "s": NOTHING}
POSIX_CLASSES = {
    "alnum": WORD - {"_"},
    "alpha": LOWER | UPPER,
    "ascii": ALPHABET,
    "blank": NOTHING,
    "cntrl": NOTHING,
    "digit": DIGITS,
    "graph": ALPHABET,
    "lower": LOWER,
    "print": ALPHABET,
    "punct": frozenset("._-"),
    "space": NOTHING,
    "upper": UPPER,
    "word": WORD,
    "xdigit": DIGITS | frozenset("abcdefABCDEF"),
}
_SCRIPT_NAMES = """
Arabic Armenian Avestan Balinese Bamum Batak Bengali Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal
Carian Cham Cherokee Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari Egyptian_Hieroglyphs Ethiopic Georgian
Glagolitic Gothic Greek Gujarati Gurmukhi Han Hangul Hanunoo Hebrew Hiragana Imperial_Aramaic Inherited
Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kayah_Li Kharoshthi Khmer Lao Lepcha
Limbu Linear_B Lisu Lycian Lydian Malayalam Mandaic Meetei_Mayek Mongolian Myanmar New_Tai_Lue Nko Ogham Ol_Chiki
Old_Italic Old_Persian Old_South_Arabian Old_Turkic Oriya Osmanya Phags_Pa Phoenician Rejang Runic Samaritan
Saurashtra Shavian Sinhala Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Tamil Telugu
Thaana Thai Tibetan Tifinagh Ugaritic Unknown Vai Yi
"""
OTHER_SCRIPTS = frozenset(_SCRIPT_NAMES.split())
"""Scripts that no topic name is written in."""
SCRIPTS = {
    "Any": ALPHABET,
    "Common": DIGITS | frozenset("._-"),
    "Latin": LOWER | UPPER,
    **dict.fromkeys(OTHER_SCRIPTS, NOTHING),
}
CLASS_ESCAPES = frozenset("\\" + each for each in "dDwWsSpP")
CONTROL_ESCAPES = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
ASSERTIONS = {"A": "^", "z": "$", "b": "b", "B": "B"}


class BadRegex(Exception):
    """What is wrong with an expression."""


# A state is (characters, assertion, next states): it eats one of the characters, or with an assertion ("^",
# "$", "b", "B") or neither it goes on for free.
class _State:
    __slots__ = ("assertion", "chars", "nexts")

    def __init__(self, chars: Chars | None = None, assertion: str = "") -> None:
        self.chars = chars
        self.assertion = assertion
        self.nexts: list[_State] = []


class _Piece:
    """A part of the automaton: where it begins and where it ends."""

    __slots__ = ("first", "last")

    def __init__(self, first: _State, last: _State) -> None:
        self.first = first
        self.last = last


Build = Callable[[], _Piece]
"""Makes a new copy of a part: repetitions need several."""


class TopicRegex:
    """A compiled expression."""

    __slots__ = ("_first", "_last")

    def __init__(self, pattern: str) -> None:
        """Raises INVALID_REGULAR_EXPRESSION."""
        try:
            piece = _Parser(pattern).parse()
        except BadRegex as error:
            message = f"SubscribedTopicRegex `{pattern}` is not a valid regular expression: {error}."
            raise KafkaError(ErrorCode.INVALID_REGULAR_EXPRESSION, message) from None
        self._first, self._last = piece.first, piece.last

    def matches(self, name: str) -> bool:
        """Whether the whole name matches."""
        states = self._reach([self._first], name, 0)
        for position, char in enumerate(name):
            eaten = [after for state in states if state.chars and char in state.chars for after in state.nexts]
            states = self._reach(eaten, name, position + 1)
            if not states:
                return False
        return self._last in states

    def _reach(self, states: Iterable[_State], name: str, position: int) -> set[_State]:
        reached: set[_State] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state in reached or (state.assertion and not _holds(state.assertion, name, position)):
                continue
            reached.add(state)
            if state.chars is None:
                waiting += state.nexts
        return reached


def _holds(assertion: str, name: str, position: int) -> bool:
    if assertion == "^":
        return position == 0
    if assertion == "$":
        return position == len(name)
    before = position > 0 and name[position - 1] in WORD
    after = position < len(name) and name[position] in WORD
    return (before != after) == (assertion == "b")


class _Parser:
    """Recursive descent over RE2's grammar; every rule returns a way to build its part of the automaton."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._states = 0
        self._depth = 0
        self._ignore_case = False

    def parse(self) -> _Piece:
        """The whole pattern."""
        build = self._alternatives()
        if self._at < len(self._text):
            raise BadRegex("unexpected )")
        return build()

    # -- reading ---------------------------------------------------------------------------------------------

    def _peek(self, text: str) -> bool:
        return self._text.startswith(text, self._at)

    def _skip(self, text: str) -> bool:
        found = self._peek(text)
        if found:
            self._at += len(text)
        return found

    def _next(self, what: str) -> str:
        if self._at >= len(self._text):
            raise BadRegex(f"missing {what}")
        self._at += 1
        return self._text[self._at - 1]

    def _until(self, end: str, what: str) -> str:
        stop = self._text.find(end, self._at)
        if stop < 0:
            raise BadRegex(f"missing {end} after {what}")
        found = self._text[self._at : stop]
        self._at = stop + len(end)
        return found

    # -- building --------------------------------------------------------------------------------------------

    def _state(self, chars: Chars | None = None, assertion: str = "") -> _State:
        self._states += 1
        if self._states > MAX_STATES:
            raise BadRegex("expression too large")
        return _State(chars, assertion)

    def _eat(self, chars: Chars) -> Build:
        def build() -> _Piece:
            first, last = self._state(chars), self._state()
            first.nexts.append(last)
            return _Piece(first, last)

        return build

    def _check(self, assertion: str) -> Build:
        def build() -> _Piece:
            state = self._state(None, assertion)
            return _Piece(state, state)

        return build

    def _sequence_of(self, builds: list[Build]) -> Build:
        def build() -> _Piece:
            first = last = self._state()
            for each in builds:
                piece = each()
                last.nexts.append(piece.first)
                last = piece.last
            return _Piece(first, last)

        return build

    def _either(self, builds: list[Build]) -> Build:
        if len(builds) == 1:
            return builds[0]

        def build() -> _Piece:
            first, last = self._state(), self._state()
            for each in builds:
                piece = each()
                first.nexts.append(piece.first)
                piece.last.nexts.append(last)
            return _Piece(first, last)

        return build

    def _repeated(self, once: Build, low: int, high: int | None) -> Build:
        def build() -> _Piece:
            first = last = self._state()
            for _ in range(low):
                piece = once()
                last.nexts.append(piece.first)
                last = piece.last
            end = self._state()
            if high is None:
                again = self._state()
                piece = once()
                last.nexts.append(again)
                again.nexts += [piece.first, end]
                piece.last.nexts.append(again)
                return _Piece(first, end)
            for _ in range(high - low):
                piece = once()
                last.nexts += [piece.first, end]
                last = piece.last
            last.nexts.append(end)
            return _Piece(first, end)

        return build

    # -- grammar ---------------------------------------------------------------------------------------------

    def _alternatives(self) -> Build:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise BadRegex("expression nests too deeply")
        ignored_case = self._ignore_case
        choices = [self._sequence()]
        while self._skip("|"):
            choices.append(self._sequence())
        self._ignore_case = ignored_case  # flags set inside a group end with it
        self._depth -= 1
        return self._either(choices)

    def _sequence(self) -> Build:
        parts: list[Build] = []
        while self._at < len(self._text) and not self._peek("|") and not self._peek(")"):
            if self._skip("\\Q"):
                quoted = self._until("\\E", "\\Q") if "\\E" in self._text[self._at :] else self._rest()
                parts += [self._eat(self._folded(each)) for each in quoted]
                continue
            if not self._peek_repetition():
                atom = self._atom()
                if atom is not None:
                    parts.append(atom)
            if self._peek_repetition():
                if not parts:
                    raise BadRegex(f"missing argument to repetition operator: {self._text[self._at]}")
                parts[-1] = self._repeat(parts[-1])
        return self._sequence_of(parts)

    def _rest(self) -> str:
        found, self._at = self._text[self._at :], len(self._text)
        return found

    def _peek_repetition(self) -> bool:
        start = self._at
        found = self._bounds() is not None
        self._at = start
        return found

    def _repeat(self, part: Build) -> Build:
        bounds = self._bounds()
        assert bounds is not None
        low, high = bounds
        if low > MAX_REPEAT or (high or 0) > MAX_REPEAT or (high is not None and high < low):
            raise BadRegex("invalid repeat count")
        self._skip("?")  # preferring fewer changes nothing when the whole name must match
        if self._peek_repetition():
            raise BadRegex("invalid nested repetition operator")
        return self._repeated(part, low, high)

    def _bounds(self) -> tuple[int, int | None] | None:
        for operator, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._skip(operator):
                return bounds
        if not self._peek("{"):
            return None
        stop = self._text.find("}", self._at)
        low, comma, high = self._text[self._at + 1 : max(stop, self._at + 1)].partition(",")
        if not low.isdecimal() or not (high == "" or high.isdecimal()):
            return None  # not a repetition: RE2 takes the brace as it is
        self._at = stop + 1
        if not comma:
            return int(low), int(low)
        return int(low), int(high) if high else None

    def _atom(self) -> Build | None:
        char = self._next("an expression")
        if char == "(":
            return self._group()
        if char == "[":
            return self._eat(self._char_class())
        if char == ".":
            return self._eat(ALPHABET)
        if char in "^$":
            return self._check(char)
        if char == "\\":
            return self._escaped()
        return self._eat(self._folded(char))

    def _group(self) -> Build | None:
        ignored_case = self._ignore_case
        if self._skip("?"):
            if self._skip("P<") or (self._peek("<") and self._text[self._at + 1 : self._at + 2] not in ("=", "!")):
                self._skip("<")
                name = self._until(">", "group name")
                if not name or not name.replace("_", "a").isalnum():
                    raise BadRegex("bad group name")
            elif self._flags() == ")":
                return None  # flags for what follows in the enclosing group
        inside = self._alternatives()
        if not self._skip(")"):
            raise BadRegex("missing closing )")
        self._ignore_case = ignored_case
        return inside

    def _flags(self) -> str:
        is_on = True
        while (char := self._next("flags")) not in ":)":
            if char == "-" and is_on:
                is_on = False
            elif char == "i":
                self._ignore_case = is_on
            elif char not in "msU":
                raise BadRegex("invalid or unsupported group syntax")
        return char

    def _escaped(self) -> Build:
        char = self._text[self._at : self._at + 1]
        if char in ASSERTIONS and char:
            self._at += 1
            return self._check(ASSERTIONS[char])
        is_class = char and f"\\{char}" in CLASS_ESCAPES
        chars = self._escaped_chars()
        return self._eat(chars if is_class else self._folded(chars))

    def _folded(self, chars: Iterable[str]) -> Chars:
        if not self._ignore_case:
            return frozenset(chars)
        return frozenset(same for each in chars for same in (each.lower(), each.upper()))

    def _escaped_chars(self) -> Chars:
        """After a backslash, inside a class or outside."""
        char = self._next("an escape")
        if char.lower() in PERL_CLASSES:
            chars = PERL_CLASSES[char.lower()]
            return chars if char.islower() else ALPHABET - chars
        if char in "pP":
            chars = self._unicode_class()
            return chars if char == "p" else ALPHABET - chars
        if char in CONTROL_ESCAPES:
            return frozenset(CONTROL_ESCAPES[char])
        if char == "x":
            return frozenset(self._hexadecimal())
        if char.isalnum():
            raise BadRegex(f"invalid escape sequence: \\{char}")
        return frozenset(char)

    def _hexadecimal(self) -> str:
        digits = self._until("}", "\\x{") if self._skip("{") else self._next("a digit") + self._next("a digit")
        try:
            return chr(int(digits, 16))
        except (ValueError, OverflowError):
            raise BadRegex(f"invalid escape sequence: \\x{digits}") from None

    def _unicode_class(self) -> Chars:
        name = self._until("}", "\\p{") if self._skip("{") else self._next("a class name")
        is_negated = name.startswith("^")
        name = name.removeprefix("^")
        if name in SCRIPTS:
            chars = SCRIPTS[name]
        elif name in UNICODE_CATEGORIES:
            chars = frozenset(each for each in ALPHABET if unicodedata.category(each).startswith(name))
        else:
            raise BadRegex(f"invalid character class range: \\p{{{name}}}")
        return ALPHABET - chars if is_negated else chars

    def _char_class(self) -> Chars:
        is_negated = self._skip("^")
        found: Chars = NOTHING
        is_first = True
        while is_first or not self._peek("]"):
            is_first = False
            if self._skip("[:"):
                found |= self._posix_class()
                continue
            is_class = self._text[self._at : self._at + 2] in CLASS_ESCAPES
            low = self._class_member()
            if self._peek("-") and not self._peek("-]") and not is_class:
                self._at += 1
                low = _between(low, self._class_member())
            found |= self._folded(low)
        self._at += 1
        return ALPHABET - found if is_negated else found

    def _posix_class(self) -> Chars:
        name = self._until(":]", "[:")
        is_negated = name.startswith("^")
        chars = POSIX_CLASSES.get(name.removeprefix("^"))
        if chars is None:
            raise BadRegex(f"invalid character class range: [:{name}:]")
        return ALPHABET - chars if is_negated else chars

    def _class_member(self) -> Chars:
        char = self._next("closing ]")
        return self._escaped_chars() if char == "\\" else frozenset(char)


_CATEGORY_NAMES = "C Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs"
UNICODE_CATEGORIES = frozenset(_CATEGORY_NAMES.split(" "))


def _between(low: Chars, high: Chars) -> Chars:
    if len(low) != 1 or len(high) != 1 or min(low) > min(high):
        raise BadRegex("invalid character class range")
    first, last = min(low), min(high)
    # A range may run over characters that no topic name has.
    return frozenset(each for each in ALPHABET if first <= each <= last)
