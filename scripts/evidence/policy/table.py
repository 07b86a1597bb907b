"""The tables of src/policy/: where a generator of this folder takes its sources, and what becomes of the table it made."""
import difflib
import os
import subprocess
import sys

here = os.path.dirname(os.path.realpath(__file__))


def script(*words):
    """The last line that a script of ours prints; its messages go where ours go."""
    done = subprocess.run([os.path.join(here, words[0]), *words[1:]], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()[-1]


def exported(library):
    """The names that a shared library defines for others, without their versions."""
    lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True, stdout=subprocess.PIPE, text=True).stdout
    # An absolute one (A) is the name of a version itself.
    return {line.split()[-1].split("@")[0] for line in lines.splitlines() if line.split()[-2] != "A"}


def publish(name, text):
    """Write the table; with --check, compare instead: what differs, a word a line, and exit 1."""
    path = os.path.normpath(f"{here}/../../../src/policy/{name}")
    if "--check" not in sys.argv[1:]:
        with open(path, "w") as out:
            out.write(text)
        return
    with open(path) as table:
        old = table.read()
    if old != text:
        words = [one.replace("\t", "\n").replace(" ", "\n").split("\n") for one in (old, text)]
        print("\n".join(difflib.unified_diff(*words, f"src/policy/{name}", "made anew", lineterm="", n=1)))
        raise SystemExit(f"{os.path.basename(sys.argv[0])}: src/policy/{name} is not what its sources give")
