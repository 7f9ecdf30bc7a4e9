"""What a client program prints: a line for each thing that it tried."""
import asyncio
import os
import sys
import threading
import traceback
import urllib.parse

LOGIN = "SELECT current_user::text, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"

failures = 0


def attempt(what, fn, *args):
    global failures
    try:
        fn(*args)
        print("ok", what, flush=True)
    except Exception as e:  # pylint: disable=broad-except
        failures += 1
        where = traceback.extract_tb(e.__traceback__)[-1]
        lines = str(e).strip().splitlines() or [""]
        print("FAILED %s: %s: %s (line %s)" % (what, type(e).__name__, lines[0], where.lineno),
              flush=True)


async def attempt_async(what, fn, *args):
    global failures
    try:
        await asyncio.wait_for(fn(*args), 60)
        print("ok", what, flush=True)
    except Exception as e:  # pylint: disable=broad-except
        failures += 1
        where = traceback.extract_tb(e.__traceback__)[-1]
        print("FAILED %s: %s: %s (line %s)" % (what, type(e).__name__, str(e).strip().split("\n")[0],
                                               where.lineno), flush=True)


def equal(got, want):
    if got != want:
        raise AssertionError("got %r, not %r" % (got, want))


def secure_url(**options):
    """That of the user who is let in over TLS alone, with the server's certificate checked, or with other options."""
    options = options or {"sslmode": "verify-full", "sslrootcert": os.environ["SECURE_CA"]}
    return os.environ["SECURE_URL"] + "?" + urllib.parse.urlencode(options)


def logs_in(ask, error):
    """`ask(url)`: the first row of LOGIN over a new connection. Without TLS, and with another password, it is an error."""
    equal(tuple(ask(secure_url())), ("secure", True))
    for url, why in ((secure_url(sslmode="disable"), "rejects connection"),
                     (secure_url().replace("p%40ss", "pass"), "password authentication failed")):
        try:
            ask(url)
        except error as e:
            if why not in str(e):
                raise
        else:
            raise AssertionError("let in: " + url)


def retried(transaction, conflicts, threads=4, times=5):
    """Each thread runs `transaction` so often, again after a conflict; the number of runs that went well."""
    ended = []

    def work():
        for _ in range(times):
            while True:
                try:
                    transaction()
                    break
                except Exception as e:  # pylint: disable=broad-except
                    if not conflicts(e):
                        raise
            ended.append(1)

    running = [threading.Thread(target=work) for _ in range(threads)]
    for t in running:
        t.start()
    for t in running:
        t.join()
    return len(ended)


def finish():
    sys.exit(1 if failures else 0)
