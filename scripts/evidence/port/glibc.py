"""The names of glibc's libraries by machine, from the list that the pinned zig brings."""
import os
import subprocess

here = os.path.dirname(os.path.realpath(__file__))
root = os.path.realpath(f"{here}/../../..")
MACHINES = ("x86_64", "aarch64", "riscv64")


def zig():
    return subprocess.run([f"{root}/scripts/zig"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def names():
    """machine -> name -> (kind, versions); kind is func, object or tls, a version a tuple of numbers."""
    data = open(os.path.join(os.path.dirname(zig()), "lib/libc/glibc/abilists"), "rb").read()
    at = 0

    def byte():
        nonlocal at
        at += 1
        return data[at - 1]

    def text():
        nonlocal at
        end = data.index(0, at)
        found, at = data[at:end].decode(), end + 1
        return found

    def number():
        value = shift = 0
        while True:
            part = byte()
            value |= (part & 127) << shift
            shift += 7
            if part < 128:
                return value

    libraries = [text() for _ in range(byte())]
    versions = [(byte(), byte(), byte()) for _ in range(byte())]
    targets = [text() for _ in range(byte())]
    places = {machine: targets.index(f"{machine}-linux-gnu") for machine in MACHINES}
    found = {machine: {} for machine in MACHINES}
    for kind in ("func", "object", "tls"):
        left = byte() | byte() << 8 if at < len(data) else 0
        while left:
            name, last = text(), False
            while not last:
                used = number()
                if kind != "func":
                    number()
                library = byte()
                last = library >= 128
                while True:
                    version = byte()
                    for machine, place in places.items():
                        if used >> place & 1:
                            found[machine].setdefault(name, (kind, set()))[1].add(versions[version & 127])
                    if version >= 128:
                        break
                left -= 1
    assert at == len(data) and libraries, "the list has another form"
    return found


def musl():
    """machine -> names that musl exports in every release since Alpine 3.13 (riscv64: since its first)."""
    reads, order, found = {}, [], {machine: set() for machine in MACHINES}
    for line in open(f"{root}/src/policy/musl-symbols.tsv"):
        field = line.rstrip("\n").split("\t")
        if field[0] == "read":
            reads[field[1]] = field[2].split()
            order.append(field[1])
        if field[0] != "since":
            continue
        spans = dict(zip(order, field[1].split()))
        for machine in MACHINES:
            have = set()
            for span in spans[machine].split(",") if spans[machine] != "." else ():
                first, last = span.split("-")
                every = reads[machine]
                have |= set(every[every.index(first):(every.index(last) if last else len(every) - 1) + 1])
            if {release for release in reads[machine] if int(release.split(".")[1]) >= 13} <= have:
                found[machine] |= set(field[2].split())
    return found
