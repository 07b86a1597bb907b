"""Python wheels for musl and glibc: repaired, judged, ported, and installed trees made small.

Each function runs the `wheelfix` program that this package brings and returns its JSON answer, of which
`docs/schemas/` says the form::

    import wheelfix

    answer = wheelfix.check("dist/demo-1.0-cp313-cp313-musllinux_1_2_x86_64.whl")
    for package in answer["packages"]:
        for finding in package["findings"]:
            print(finding["code"], finding["text"])

Flags are keyword arguments under their own names: ``repair("demo.whl", strip=True, wheel_dir="out",
exclude=["libcuda*"])`` is ``wheelfix repair --strip --wheel-dir out --exclude 'libcuda*' demo.whl``.
"""

import json
import os
import subprocess
import sys
import sysconfig
from typing import Any, Dict, List, Optional, Sequence, Union

__all__ = [
    "WheelfixError", "build", "check", "dedupe", "find_program", "lddtree", "port", "repair", "rule", "run",
    "show", "size", "slim",
]

Path = Union[str, "os.PathLike[str]"]
Flag = Union[None, bool, int, Path, Sequence[Path]]
Answer = Dict[str, Any]

PROGRAM = "wheelfix"


class WheelfixError(Exception):
    """The program did not do what it was asked to do.

    ``exit``: its exit code: 1 the answer is no, 2 usage, 3 a malformed input, 4 input or output failed; a
    negative number is the signal that ended it. ``text``: what it said, in words. ``obstacles``: what stands in the
    way of a repair or a port, as JSON has them. ``answer``: its whole answer, where it gave one.
    """

    def __init__(self, exit: int, text: str, obstacles: Sequence[Any] = (), answer: Optional[Answer] = None):
        super().__init__(text)
        self.exit = exit
        self.text = text
        self.obstacles: List[Any] = list(obstacles)
        self.answer = answer


def find_program() -> str:
    """The path of the program that this package brings.

    Raises FileNotFoundError where it is not there; no other `wheelfix` is taken, which could be of another version.
    """
    here = os.path.dirname(os.path.abspath(__file__))
    folders = [sysconfig.get_path("scripts")]
    if sys.version_info >= (3, 10):
        folders.append(sysconfig.get_path("scripts", scheme=sysconfig.get_preferred_scheme("user")))
    else:
        folders.append(sysconfig.get_path("scripts", scheme="posix_user"))
    # `pip install --target` and `--prefix` put it beside the modules, or above `lib/pythonX.Y/site-packages`.
    folders.append(os.path.join(os.path.dirname(here), "bin"))
    folders.append(os.path.normpath(os.path.join(here, "..", "..", "..", "..", "bin")))
    for folder in folders:
        path = os.path.join(folder, PROGRAM)
        if os.path.isfile(path):
            return path
    raise FileNotFoundError(
        "the program `wheelfix` is in none of %s; install the package again: `pip install --force-reinstall wheelfix`"
        % ", ".join(folders)
    )


def run(*arguments: Path, **settings: Any) -> "subprocess.CompletedProcess[str]":
    """Run the program with these arguments, and have what it printed; nothing is raised for its exit code.

    Settings go to `subprocess.run`.
    """
    command = [find_program(), *(os.fspath(one) for one in arguments)]
    settings.setdefault("stdout", subprocess.PIPE)
    settings.setdefault("stderr", subprocess.PIPE)
    settings.setdefault("encoding", "utf-8")
    settings.setdefault("errors", "surrogateescape")
    return subprocess.run(command, check=False, **settings)


def repair(*wheels: Path, **flags: Flag) -> Answer:
    """Give wheels the libraries they need, run paths that lead to them, and the tag they deserve."""
    return _change("repair", wheels, flags)


def build(*requirements: str, **flags: Flag) -> Answer:
    """Gather wheels for Alpine of what is required: taken, mended, ported or compiled; on Alpine, or for one.

    A package without a wheel in the end raises; the answer of the error tells of all of them.
    """
    return _change("build", requirements, flags)


def port(*wheels: Path, **flags: Flag) -> Answer:
    """Make wheels for glibc (manylinux) into wheels for musl, proven or refused."""
    return _change("port", wheels, flags)


def slim(*paths: Path, **flags: Flag) -> Answer:
    """Take symbol tables, holes and, where asked to, tests and sources out of wheels and installed trees."""
    return _change("slim", paths, flags)


def dedupe(site_packages: Path, **flags: Flag) -> Answer:
    """Make the copies of a library that several packages of an installed tree carry into one."""
    return _change("dedupe", [site_packages], flags)


def show(*paths: Path, **flags: Flag) -> Answer:
    """What wheels deserve, carry and need, and where they run."""
    return _look("show", paths, flags)


def check(*paths: Path, **flags: Flag) -> Answer:
    """All that is not as wheels, or installed packages, say of themselves; findings are an answer, no error."""
    return _look("check", paths, flags)


def size(*paths: Path, **flags: Flag) -> Answer:
    """Where the bytes of wheels and installed trees are, and what could be saved."""
    return _look("size", paths, flags)


def lddtree(path: Path, **flags: Flag) -> Answer:
    """The tree of libraries as the loader builds it."""
    return _look("lddtree", [path], flags)


def rule(*codes: str) -> Answer:
    """What the rules of `check` are; all of them where none is named."""
    return _look("rule", codes, {})


def _look(command: str, paths: Sequence[Path], flags: Dict[str, Flag]) -> Answer:
    done, answer = _answer(command, paths, flags)
    # 1 is an answer of its own here: something was found.
    if answer is None or done.returncode not in (0, 1):
        raise WheelfixError(done.returncode, _words(done.stderr), answer=answer)
    return answer


def _change(command: str, paths: Sequence[Path], flags: Dict[str, Flag]) -> Answer:
    done, answer = _answer(command, paths, flags)
    if answer is not None and done.returncode == 0:
        return answer
    failed = _failures(answer)
    text = failed[0]["text"] if failed else _words(done.stderr)
    obstacles = [one for failure in failed for one in failure.get("obstacles", [])]
    raise WheelfixError(done.returncode, text, obstacles, answer)


def _answer(command: str, paths: Sequence[Path], flags: Dict[str, Flag]) -> Any:
    words = [command, "--json", *_words_of(flags), "--", *paths]
    done = run(*words)
    try:
        answer = json.loads(done.stdout) if done.stdout else None
    except ValueError:
        answer = None
    return done, answer


def _failures(answer: Optional[Answer]) -> List[Any]:
    """The errors in an answer: of the whole, or of single wheels or packages."""
    answer = answer or {}
    parts = [one for value in answer.values() if isinstance(value, list) for one in value if isinstance(one, dict)]
    errors = [one.get("error") for one in [answer, *parts]]
    errors += [error for one in parts for error in one.get("errors", [])]
    return [error for error in errors if isinstance(error, dict)]


def _words_of(flags: Dict[str, Flag]) -> List[Path]:
    words: List[Path] = []
    for name, value in flags.items():
        flag = "--" + name.rstrip("_").replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            words.append(flag)
        elif isinstance(value, (list, tuple)):
            words.extend("%s=%s" % (flag, os.fspath(one)) for one in value)
        else:
            words.append("%s=%s" % (flag, value if isinstance(value, int) else os.fspath(value)))
    return words


def _words(stderr: str) -> str:
    text = stderr.strip()
    return text[len("error: "):] if text.startswith("error: ") else text
