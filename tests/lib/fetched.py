"""Packages of other makers by name and pinned version, from their registries into a cache (TARN_STORES,
default build/stores). Nothing is fetched unless it is asked for: tests skip what is not there, and say so."""
import os
import subprocess
import sys

from tarn import ROOT

CACHE = os.environ.get("TARN_STORES", os.path.join(ROOT, "build", "stores"))
PIP = (sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--upgrade",
       "--no-warn-conflicts", "--target")


class Skip(Exception):
    pass


def fetch(name, everything, command, key):
    """The folder with what the command puts there."""
    folder = os.path.join(CACHE, name)
    mark = os.path.join(folder, ".installed")
    if os.path.exists(mark) and open(mark).read() == key:
        return folder
    if not everything:
        raise Skip("not in the cache; --all fetches it")
    os.makedirs(folder, exist_ok=True)
    try:
        p = subprocess.run([*command, folder, *key.split()], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=900)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise Skip(str(e)) from e
    if p.returncode:
        raise Skip(p.stdout.decode("utf-8", "replace").strip().splitlines()[-1])
    with open(mark, "w") as f:
        f.write(key)
    return folder
