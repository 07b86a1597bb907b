"""The five packages that `scripts/evidence/talk --compile` compiles.

compiled.py names LOG                  each with its version
compiled.py table LOG BUILT PUBLIC     their sizes beside the public wheels'
compiled.py try                        whether they compute; prints ok
"""
import glob
import json
import os
import sys
import zipfile


def packages(log):
    text = open(log).read()
    return json.loads(text[text.index("{"):])["packages"]


def sizes(folder, name):
    """Of the wheel, and of its files."""
    found = [path for path in glob.glob(os.path.join(folder, "*.whl"))
             if os.path.basename(path).split("-")[0].lower().replace("_", "-") == name]
    if not found:
        return None
    with zipfile.ZipFile(found[0]) as wheel:
        return os.path.getsize(found[0]), sum(one.file_size for one in wheel.infolist()), "musl" in found[0]


def table(log, built, public):
    for one in packages(log):
        ours, theirs = sizes(built, one["name"]), sizes(public, one["name"])
        beside = ("none", "none")
        if theirs:
            libc = "" if theirs[2] else " (glibc)"
            beside = ("%d%s" % (theirs[0] / 1e3, libc), "%.1f" % (theirs[1] / 1e6))
        print("| %s | %s | %s | %d | %d | %s | %.1f | %s |" % (
            one["name"], one["version"], one["how"], one["source_size"] / 1e3, ours[0] / 1e3, beside[0], ours[1] / 1e6, beside[1]))


def compute():
    import contourpy
    import kiwisolver
    import numpy
    import pycurl
    import zmq

    assert "libcurl" in pycurl.version
    transfer = pycurl.Curl()
    transfer.setopt(transfer.URL, "file:///etc/os-release")
    read = []
    transfer.setopt(transfer.WRITEFUNCTION, read.append)
    transfer.perform()
    assert b"Alpine" in b"".join(read)
    with zmq.Context() as context, context.socket(zmq.PAIR) as one, context.socket(zmq.PAIR) as other:
        one.bind("inproc://here")
        other.connect("inproc://here")
        other.send(b"sent")
        assert one.recv() == b"sent"
    x, solver = kiwisolver.Variable("x"), kiwisolver.Solver()
    solver.addConstraint(x * 2 == 14)
    solver.updateVariables()
    assert x.value() == 7
    grid = numpy.add.outer(numpy.arange(5.0), numpy.arange(5.0))
    assert len(contourpy.contour_generator(z=grid).lines(3.5)) == 1
    assert abs(numpy.linalg.det(numpy.array([[2.0, 1.0], [1.0, 3.0]])) - 5) < 1e-12
    assert numpy.allclose(numpy.fft.ifft(numpy.fft.fft(grid)).real, grid)
    print("ok")


{"names": lambda log: [print(one["name"], one["version"]) for one in packages(log)], "table": table, "try": compute}[sys.argv[1]](*sys.argv[2:])
