"""Small source archives, each with its own trouble: planted.py FOLDER."""
import io
import os
import sys
import tarfile

FOLDER = sys.argv[1]
BACKEND = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
CODE = """#include <Python.h>
%s
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "%s", 0, -1, 0};
PyMODINIT_FUNC PyInit_%s(void) { return PyModule_Create(&module); }
"""
RUN = "import subprocess\nsubprocess.check_call(['%s', '--version'])\n"
SAY = "import sys\nsys.exit(%r)\n"


def sdist(name, files, requires_python=None, version="1.0", metadata="2.2", needs=()):
    info = "Metadata-Version: %s\nName: %s\nVersion: %s\n" % (metadata, name, version)
    if requires_python:
        info += "Requires-Python: %s\n" % requires_python
    info += "".join("Requires-Dist: %s\n" % one for one in needs)
    stem = "%s-%s" % (name, version)
    with tarfile.open(os.path.join(FOLDER, stem + ".tar.gz"), "w:gz") as archive:
        for path, text in {"pyproject.toml": BACKEND, "PKG-INFO": info, **files}.items():
            entry = tarfile.TarInfo("%s/%s" % (stem, path))
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))


def extension(name, line="", libraries=(), **more):
    needs = list(more.get("needs", ()))
    setup = "from setuptools import Extension, setup\n" \
        "setup(name=%r, version='1.0', install_requires=%r, ext_modules=[Extension(%r, ['x.c'], libraries=%r)])\n" % (
            name, needs, name, list(libraries))
    sdist(name, {"setup.py": setup, "x.c": CODE % (line, name, name)}, **more)


os.makedirs(FOLDER, exist_ok=True)
extension("good")
extension("second", needs=["good"])
# An old archive does not say its requirements for good: its build has to.
extension("old", metadata="2.1", needs=["good"])
extension("header", "#include <libpq-fe.h>")
extension("library", libraries=["yaml"])
sdist("pkgconfig", {"setup.py": SAY % "Package libxmlsec1 was not found in the pkg-config search path."})
sdist("make", {"setup.py": RUN % "cmake3"})
sdist("fortran", {"setup.py": RUN % "gfortran"})
sdist("rust", {"setup.py": RUN % "cargo"})
sdist("memory", {"setup.py": SAY % "c++: fatal error: Killed signal terminated program cc1plus"})
sdist("python", {"setup.py": ""}, requires_python=">=3.99")
# Found only by the page below: taken back.
os.makedirs(os.path.join(FOLDER, "yanked"), exist_ok=True)
FOLDER = os.path.join(FOLDER, "yanked")
sdist("back", {"setup.py": ""})
with open(os.path.join(FOLDER, "page.html"), "w") as page:
    page.write('<a href="back-1.0.tar.gz" data-yanked="it is broken">back-1.0.tar.gz</a>')
