"""The headers of both libcs, as the pinned zig brings them."""
import functools
import json
import os
import re
import subprocess
import sys
import tempfile

import glibc


@functools.cache
def source(machine, libc):
    """A file that includes every header of glibc or musl that can be included."""
    include = os.path.join(os.path.dirname(glibc.zig()), "lib/libc/include")
    found = set()
    for top in ("generic-glibc", "generic-musl"):
        for folder, _, files in os.walk(f"{include}/{top}"):
            part = os.path.relpath(folder, f"{include}/{top}")
            if part.split("/")[0] in (".", "arpa", "net", "netinet", "netpacket", "sys", "gnu"):
                found |= {os.path.normpath(f"{part}/{name}") for name in files if name.endswith(".h")}
    # Those that are not to be included together, and those that declare nothing of use.
    found = sorted(header for header in found if not re.search(
        r"stubs|tgmath|thread_db|proc_service|regexp|sys/(elf|user|procfs)|lastlog|netinet/(if_fddi|ip_icmp|icmp6|if_tr)|"
        r"net/(ppp|if_ppp|if_shaper|if_slip|route)|stdc-predef|fpu_control", header))
    while True:
        text = "#define _GNU_SOURCE 1\n" + "".join(f"#if __has_include(<{header}>)\n#include <{header}>\n#endif\n" for header in found)
        _, errors = clang(machine, libc, text, "-fsyntax-only")
        # The last inclusion named before an error, or the error's own line, says which header it is.
        bad, last = set(), None
        for line in errors.splitlines():
            if match := re.match(r"In file included from all\.c:(\d+)", line):
                last = int(match[1])
            elif re.search(r": (fatal )?error:", line) and not line.startswith("all.c:1:1:"):   # zig: no object came out
                if match := re.match(r"all\.c:(\d+):", line):
                    last = int(match[1])
                bad.add((last - 3) // 3)
                last = None if "fatal" in line else last
        if not bad:
            return text
        found = [header for place, header in enumerate(found) if place not in bad]


def clang(machine, libc, text, *flags):
    """What zig's clang writes about a file, and its errors."""
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/all.c", "w") as file:
            file.write(text)
        run = subprocess.run([glibc.zig(), "cc", "-target", f"{machine}-linux-{libc}", "-Wno-everything", "-ferror-limit=0", *flags, "all.c"],
                             cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if os.path.exists(f"{folder}/all.s"):
            return open(f"{folder}/all.s").read(), run.stderr
    return run.stdout, run.stderr


def tree(machine, libc):
    """clang's syntax tree of all headers."""
    out, errors = clang(machine, libc, source(machine, libc), "-fsyntax-only", "-Xclang", "-ast-dump=json")
    if not out:
        sys.exit(errors)
    return json.loads(out[out.index("{"):])


def declared(machine, libc):
    """name -> its type as spelled, of every function and object."""
    return {node["name"]: node["type"]["qualType"] for node in tree(machine, libc)["inner"]
            if node["kind"] in ("FunctionDecl", "VarDecl") and "name" in node}
