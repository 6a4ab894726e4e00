"""What the Python programs share: telling stories as TAP, waiting for conditions, members that can be killed.

A story is a function whose docstring says what it shows. It passes when it returns, is skipped when it raises Skip, and
fails with anything else. Everything here runs on every Python that a client may need, 3.6 and later.

The runner says where the broker is in COMPAT_BOOTSTRAP and, when the broker is its own, where to ask for a restart in
COMPAT_CONTROL (POST /restart). COMPAT_ONLY names the stories to tell when not all are wanted.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
import traceback
import urllib.request
import uuid

BOOTSTRAP = os.environ.get("COMPAT_BOOTSTRAP", "127.0.0.1:9092")
CONTROL = os.environ.get("COMPAT_CONTROL", "")
STORY_TIMEOUT_S = 60
WAIT_S = 20

STORIES = []
ROLES = {}


class Skip(Exception):
    """This client, or this run, cannot tell the story; the message says why."""


def story(function):
    """Registers a story under the function's name."""
    STORIES.append(function)
    return function


def role(function):
    """Registers something that a story runs as a process of its own, to be killed without a farewell."""
    ROLES[function.__name__] = function
    return function


def main(chapters):
    """Tells the stories of these modules in order, or plays a role when this process is a story's child."""
    if sys.argv[1:2] == ["--role"]:
        ROLES[sys.argv[2]](*json.loads(sys.argv[3]))
        return
    only = [name for name in os.environ.get("COMPAT_ONLY", "").split(",") if name]
    order = [chapter.__name__ for chapter in chapters]
    STORIES.sort(key=lambda function: order.index(function.__module__))
    stories = [function for function in STORIES if not only or function.__name__ in only]
    print("1..%d" % len(stories))
    for number, function in enumerate(stories, 1):
        tell(number, function)
    sys.stdout.flush()
    os._exit(0)  # a client's threads must not keep the program from ending


def tell(number, function):
    """Runs one story in a thread, so that one that hangs is a failure and the next is still told."""
    outcome = queue.Queue()
    thread = threading.Thread(target=lambda: outcome.put(attempt(function)), daemon=True)
    thread.start()
    try:
        failure = outcome.get(timeout=STORY_TIMEOUT_S)
    except queue.Empty:
        stack = "".join(traceback.format_stack(sys._current_frames()[thread.ident]))
        failure = "still running after %d s\n%s" % (STORY_TIMEOUT_S, stack)
    if failure is None:
        print("ok %d - %s" % (number, function.__name__))
    elif isinstance(failure, Skip):
        print("ok %d - %s # SKIP %s" % (number, function.__name__, failure))
    else:
        print("not ok %d - %s" % (number, function.__name__))
        for line in failure.strip().splitlines()[-8:]:
            print("# " + line)
    sys.stdout.flush()


def attempt(function):
    """None when the story holds, the Skip, or the text of what went wrong."""
    try:
        function()
    except Skip as skip:
        return skip
    except BaseException as error:
        return explain(error)
    return None


def explain(error):
    """Where in the story it happened, and what: the frames of these programs, without the client's own."""
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    tracebacks = [error.__traceback__] + ([error.__cause__.__traceback__] if error.__cause__ else [])
    frames = [frame for tb in tracebacks for frame in traceback.extract_tb(tb)
              if frame.filename.startswith(own) and frame.name != "attempt"]
    lines = ["%s:%d in %s: %s" % (os.path.basename(f.filename), f.lineno, f.name, f.line) for f in frames]
    return "\n".join([*lines, "%s: %s" % (type(error).__name__, error)])


# ------------------------------------------------------------------------------------- a story's vocabulary


def unique(prefix):
    """A name that no other run uses."""
    return "%s-%s" % (prefix, uuid.uuid4().hex[:10])


def equal(found, wanted, what=""):
    """Like assert, with both sides in the message."""
    if found != wanted:
        raise AssertionError("%s: found %.300r, wanted %.300r" % (what or "different", found, wanted))


def wait_until(condition, what, timeout_s=WAIT_S):
    """Waits for a condition's first true answer and returns it."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError("waited %s s for %s" % (timeout_s, what))
        time.sleep(0.02)


def crash_broker():
    """Has the runner kill the broker without warning and start it again on the same port and data."""
    restart_broker("/crash")


def restart_broker(how="/restart"):
    """Has the runner stop the broker and start it again on the same port and data."""
    if not CONTROL:
        raise Skip("the broker is not ours to restart")
    request = urllib.request.Request(CONTROL + how, method="POST", data=b"")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=90) as answer:
        equal(answer.status, 200, "restarting the broker")


def require_control():
    """For stories that restart the broker: skips early, before anything is done."""
    if not CONTROL:
        raise Skip("the broker is not ours to restart")


class Child:
    """A role played by another process of this program; its lines are read as they come."""

    def __init__(self, role_name, *arguments):
        command = [sys.executable, os.path.abspath(sys.argv[0]), "--role", role_name, json.dumps(arguments)]
        self.lines = []
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, universal_newlines=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self.lines.append(line.strip())

    def wait_for(self, wanted, timeout_s=WAIT_S):
        """Waits for a line, or for a condition over all lines so far."""
        matches = wanted if callable(wanted) else (lambda lines: wanted in lines)
        wait_until(lambda: matches(list(self.lines)), "%r among %r" % (wanted, self.lines), timeout_s)

    def kill(self):
        """Ends the process as a power cut would: no farewell to the broker."""
        self._process.kill()
        self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


def tell_parent(*words):
    """What a role says to its story."""
    print(*words)
    sys.stdout.flush()
