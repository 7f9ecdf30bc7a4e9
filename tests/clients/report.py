"""What a client program prints: a line for each thing that it tried."""
import asyncio
import sys
import traceback

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


def finish():
    sys.exit(1 if failures else 0)
