"""Answer requests from standard input, a line each, for as long as somebody asks."""

import json
import os
import sys
from queue import SimpleQueue
from threading import Thread


def serve(answer):
    """Print a line for each request: what `answer` makes of each of its tasks.

    Ends when standard input does, whatever is being computed: whoever asked is gone.
    """
    requests = SimpleQueue()
    Thread(target=_read, args=(requests,), daemon=True).start()
    while True:
        request = json.loads(requests.get())
        try:
            answers = [answer(task) for task in request]
        except Exception as problem:  # noqa: BLE001 (whatever it is, it is told)
            answers = {"failed": f"{type(problem).__name__}: {problem}"[:200]}
        print("answer:", json.dumps(answers), flush=True)


def _read(requests):
    for line in sys.stdin:
        requests.put(line)
    os._exit(0)
