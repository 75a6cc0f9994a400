#!/usr/bin/env python3
"""A lending library that keeps its events with `skald pipe`, with nothing but Python's standard library.

    examples/pipe/library.py build/release/tools/skald sqlite:library.db

The class `Skald` is what a program of your own needs. Run again on the same store, the library goes on where it was.
"""

import json
import subprocess
import sys
import threading
from concurrent.futures import Future


class Refused(Exception):
    """A request that was not done: `code`, `outcome`, and for conflicts `stream`, `expected` and `actual`."""

    def __init__(self, error):
        super().__init__(f"{error['code']}: {error['message']}")
        self.__dict__.update(error)


class Skald:
    """Sends requests to a `skald pipe`. Many may be in flight; each gives a future. Safe to use from several threads."""

    def __init__(self, program, store):
        self._process = subprocess.Popen(
            [program, "pipe", "--store", store], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._sending = threading.Lock()  # held while the pipe is full, so answers are taken without it
        self._waiting = threading.Lock()
        self._in_flight = {}
        self._count = 0
        self._over = None  # why no more answers come
        self._reader = threading.Thread(target=self._read_answers)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._process.stdin.close()  # what is in flight is answered, then the program ends
        except BrokenPipeError:
            pass  # it has ended by itself, and its status tells how
        self._reader.join()
        if status := self._process.wait():
            raise RuntimeError(f"skald pipe has ended with status {status}")

    def ask(self, op, **members):
        """A future of the answer, or of `Refused`. Raises where a member has no JSON, as NaN or half a surrogate pair."""
        future = Future()
        future.set_running_or_notify_cancel()  # it is answered, whoever would rather not know
        with self._sending:
            number = self._count + 1
            line = json.dumps({"req": number, "op": op, **members}, allow_nan=False, ensure_ascii=False).encode()
            with self._waiting:
                if self._over:
                    raise RuntimeError(self._over)
                self._in_flight[number] = future
            self._count = number
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
        return future

    def append(self, stream, *events, expected="any"):
        """Appends (type, data) pairs."""
        made = [{"type": type_, "data": data} for type_, data in events]
        return self.ask("append", streams=[{"stream": stream, "expected": expected, "events": made}])

    def read(self, op="read", **members):
        """All records, page by page."""
        while True:
            page = self.ask(op, **members).result()
            yield from page["records"]
            if not page["more"]:
                return
            members["after"] = page["next"]

    def _read_answers(self):
        why = "skald pipe has ended without an answer"
        try:
            for line in self._process.stdout:
                self._take(json.loads(line))
        except Exception as unreadable:
            why = f"skald pipe gave an answer that cannot be read: {unreadable!r}"
        with self._waiting:
            self._over = why
        self._fail_all(RuntimeError(why))
        self._process.stdout.close()  # so that the program does not wait for a reader

    def _take(self, answer):
        if answer["req"] is None:  # to a line, nobody knows whose: all wait in vain who wait for it
            return self._fail_all(Refused(answer["error"]))
        with self._waiting:
            future = self._in_flight.pop(answer["req"], None)
        if future is None:
            print(f"an answer that nobody waits for: {answer}", file=sys.stderr)
        elif answer["ok"]:
            future.set_result(answer)
        else:
            future.set_exception(Refused(answer["error"]))

    def _fail_all(self, error):
        with self._waiting:
            left, self._in_flight = self._in_flight, {}
        for future in left.values():
            future.set_exception(error)


def lend(skald, book, reader):
    """Lends a book, if it is there. Decides on what was read, so the append expects just that."""
    records = list(skald.read(stream=book))
    if records and records[-1]["type"] == "book:lent":
        return f"{book} is lent to {records[-1]['data']['to']}"
    try:
        skald.append(book, ("book:lent", {"to": reader}), expected=len(records)).result()
    except Refused as refused:
        if refused.code != "wrong_expected_revision":
            raise
        return f"{book}: somebody was faster, it is at revision {refused.actual} now"
    return f"{book} is lent to {reader}"


def main(program, store):
    with Skald(program, store) as skald:
        print(lend(skald, "book-dune", "ada"))
        print(lend(skald, "book-dune", "bob"))
        skald.append("book-dune", ("book:returned", {"late": False}), expected="stream_exists").result()
        print(lend(skald, "book-dune", "bob"))
        skald.append("book-dune", ("book:returned", {"late": True})).result()

        visits = [skald.append(f"reader-{i % 10}", ("reader:visited", {"day": i})) for i in range(1000)]
        print("visits:", sum(len(visit.result()["ids"]) for visit in visits))

        try:
            skald.append("book-dune", ("book:lent", {}), expected="no_stream").result()
        except Refused as refused:
            print(f"refused: {refused.code}, {refused.outcome}")

        for event_type, count in skald.ask("stats").result()["types"].items():
            print(f"{event_type}: {count}")
        print("positions are gapless:", all(
            record["position"] == i for i, record in enumerate(skald.read("read_all"), 1)))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} PROGRAM STORE")
    main(*sys.argv[1:])
