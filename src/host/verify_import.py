"""Loads each library named on standard input in a fresh child; prints those that fail."""
import ctypes
import json
import os
import sys

failures = {}
for path in json.load(sys.stdin):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        # What a library prints as it is loaded is no part of the answer.
        os.dup2(2, 1)
        try:
            ctypes.CDLL(path, os.RTLD_NOW)
            os._exit(0)
        except OSError as error:
            os.write(write, str(error).encode()[:300])
            os._exit(1)
    os.close(write)
    status = os.waitpid(child, 0)[1]
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read().decode(errors="replace")
    if status:
        failures[path] = text or "it ended with wait status %d" % status
json.dump(failures, sys.stdout)
