"""Programs of other makers that tests run: by name and pinned version from their registries into a cache
(TARN_STORES, default build/stores)."""
import os
import re
import shutil
import socket
import subprocess
import time

from tarn import ROOT

CACHE = os.environ.get("TARN_STORES", os.path.join(ROOT, "build", "stores"))
FETCH_LIMIT_S = 1200


class Skip(Exception):
    pass


def reason(output):
    """The line of an installer's output that says why."""
    lines = [line for line in re.sub("\x1b\\[[0-9;]*m", "", output).splitlines() if line.strip()] or ["no output"]
    return ([line for line in lines if "error" in line.lower()] or lines[-1:])[0]


def fetch(name, everything, command, key, env=None):
    """The folder with what `command` puts there, which stands in it as {}. Only with `everything` is anything fetched."""
    folder = os.path.join(CACHE, name)
    mark = os.path.join(folder, ".installed")
    if os.path.exists(mark) and open(mark).read() == key:
        return folder
    if not everything:
        raise Skip("not in the cache; --all fetches it")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    try:
        p = subprocess.run([a.replace("{}", folder) for a in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=FETCH_LIMIT_S, cwd=folder,
                           env=dict(os.environ, **{k: v.replace("{}", folder) for k, v in (env or {}).items()}))
    except (OSError, subprocess.TimeoutExpired) as e:
        raise Skip(str(e)) from e
    if p.returncode:
        raise Skip(reason(p.stdout.decode("utf-8", "replace")))
    with open(mark, "w") as f:
        f.write(key)
    return folder


def fetch_python(name, everything, packages):
    """A folder for PYTHONPATH."""
    return fetch(name, everything, ["/usr/bin/python3", "-m", "pip", "install", "-q", "--target", "{}", *packages],
                 " ".join(packages))


def wait_for(port, process):
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise Skip("the store does not start")
