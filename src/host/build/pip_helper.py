"""What pip knows and does not print: run by wheelfix with the interpreter whose pip is the engine.

A JSON request as a line on standard input, one JSON answer as the last line of standard output; or, with
arguments, pip itself. Sessions, indexes, certificates, proxies and credentials are pip's own, as its
configuration, environment and flags say.
"""
import hashlib
import json
import os
import platform
import re
import sys
import sysconfig


def facts(request):
    try:
        import pip
        found = pip.__version__
    except ImportError:
        found = None
    return {
        "version": "%d.%d.%d" % sys.version_info[:3],
        "implementation": sys.implementation.name,
        "soabi": sysconfig.get_config_var("SOABI") or "",
        "machine": platform.machine(),
        "pip": found,
    }


def command(flags):
    from pip._internal.commands import create_command

    made = create_command("download")
    with made.main_context():
        options, _ = made.parse_args(["--no-input"] + flags)
        session = made._build_session(options)
        yield made, options, session


def candidates(request):
    """Every file of the named projects that the target could use, and every source archive."""
    from pip._internal.cli.cmdoptions import make_target_python

    answer = {}
    for made, options, session in command(request["flags"]):
        target = make_target_python(options)
        finder = made._build_package_finder(options=options, session=session, target_python=target)
        for name in request["names"]:
            files = []
            for one in finder.find_all_candidates(name):
                link = one.link
                hashes = dict(getattr(link, "_hashes", None) or {})
                if link.hash_name and link.hash_name not in hashes:
                    hashes[link.hash_name] = link.hash
                files.append({
                    "version": str(one.version),
                    "filename": link.filename,
                    "url": link.url_without_fragment,
                    "sha256": hashes.get("sha256"),
                    "yanked": link.yanked_reason,
                })
            answer[name] = files
    return answer


def hashes(request):
    """The hashes that requirement files pin, by project as it is written there."""
    from pip._internal.req.constructors import install_req_from_parsed_requirement
    from pip._internal.req.req_file import parse_requirements

    answer = {}
    for made, options, session in command(request["flags"]):
        for path in request["files"]:
            for parsed in parse_requirements(path, session=session, options=options):
                one = install_req_from_parsed_requirement(parsed)
                pinned = (one.hash_options or {}).get("sha256") if hasattr(one, "hash_options") else None
                if pinned and one.name:
                    answer.setdefault(one.name, []).extend(pinned)
    return answer


def fetch(request):
    """Write what is at each address to a file, several at once."""
    from concurrent.futures import ThreadPoolExecutor

    failed = {}

    def one(session, wanted):
        try:
            answer = session.get(wanted["url"], headers={"Accept-Encoding": "identity"}, stream=True)
            answer.raise_for_status()
            promised, size, digest = answer.headers.get("Content-Length"), 0, hashlib.sha256()
            with open(wanted["to"], "wb") as out:
                for piece in answer.iter_content(1 << 20):
                    out.write(piece)
                    size += len(piece)
                    digest.update(piece)
            # pip's own session takes what ends too early for whole.
            if promised and promised.isdigit() and int(promised) != size:
                raise EOFError("it ended after %d of %s bytes" % (size, promised))
            if wanted.get("sha256", digest.hexdigest()) != digest.hexdigest():
                raise ValueError("its SHA-256 is %s, and the index says %s" % (digest.hexdigest(), wanted["sha256"]))
        except Exception as error:
            failed[wanted["to"]] = said_of(error)

    for made, options, session in command(request["flags"]):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda wanted: one(session, wanted), request["files"]))
    return {"failed": failed}


def said_of(error):
    # pip's own errors print what they are; what happened stands in these.
    parts = [str(part) for part in (getattr(error, "message", None), getattr(error, "context", None)) if part]
    text = "%s: %s" % (type(error).__name__, " ".join(parts) or error)
    # Objects print where they lie in memory, which differs from run to run; pip's texts have colours.
    return " ".join(re.sub(r"<[^<>]* at 0x[0-9a-f]+>:? *|\[/?[a-z ]*\]", "", text).split())


def unreached(finder, session, name):
    """The pages that may have a project and were not read: what is on them is not known."""
    from pip._internal.utils.misc import redact_auth_from_url

    scope = finder._link_collector.search_scope
    pages = [page for page in scope.find_links if page.startswith(("http:", "https:"))]
    found = []
    for page in list(scope.get_index_urls_locations(name)) + pages:
        if not page.startswith(("http:", "https:")):
            continue
        try:
            answer = session.get(page)
            # An index says so of a project that it does not have.
            if answer.status_code not in (404, 410):
                answer.raise_for_status()
        except Exception as error:
            status = getattr(getattr(error, "response", None), "status_code", None)
            found.append({
                "page": redact_auth_from_url(page),
                "why": said_of(error),
                "denied": status in (401, 403, 407),
            })
    return found


def stand_in(request):
    """For a project without a wheel: a wheel of its metadata alone, so that pip can resolve it.

    "made" is false where the source archive does not say its requirements for good: whoever asks has to build
    the metadata, and ends with write_stand_in.
    """
    from pip._internal.cli.cmdoptions import make_target_python
    from pip._vendor.packaging.requirements import Requirement

    wanted = Requirement(request["requirement"])
    for made, options, session in command(request["flags"]):
        finder = made._build_package_finder(
            options=options, session=session, target_python=make_target_python(options))
        found = [one for one in finder.find_all_candidates(wanted.name) if not one.link.is_wheel]
        versions = sorted({str(one.version) for one in found if not one.link.is_yanked})
        yanked = [str(one.version) for one in found if one.link.is_yanked and wanted.specifier.contains(one.version)]
        fitting = sorted(wanted.specifier.filter(versions, prereleases=request["pre"] or None),
                         key=lambda text: [one.version for one in found if str(one.version) == text][0])
        if not fitting:
            return {"found": versions, "yanked": yanked, "made": False, "sdist": None,
                    "unreached": unreached(finder, session, wanted.name)}
        link = [one.link for one in found if str(one.version) == fitting[-1]][-1]
        path = os.path.join(request["to"], link.filename)
        wanted = {"url": link.url_without_fragment, "to": path}
        if link.hash_name == "sha256":
            wanted["sha256"] = link.hash
        for why in fetch({"flags": request["flags"], "files": [wanted]})["failed"].values():
            raise SystemExit("%s was not fetched: %s" % (link.filename, why))
    metadata = metadata_of(path)
    if metadata is None:
        return {"found": versions, "yanked": [], "made": False, "sdist": path}
    write(request["to"], metadata)
    return {"found": versions, "yanked": [], "made": True, "sdist": path}


def metadata_of(path):
    """The metadata of a source archive, where it is final (PEP 643)."""
    import email
    import tarfile
    import zipfile

    if path.endswith(".zip"):
        archive = zipfile.ZipFile(path)
        names, read = archive.namelist(), archive.read
    else:
        archive = tarfile.open(path)
        names, read = archive.getnames(), lambda name: archive.extractfile(name).read()
    for name in names:
        if name.endswith("/PKG-INFO") and name.strip("./").count("/") == 1:
            text = email.message_from_bytes(read(name))
            version = tuple(int(part) for part in text.get("Metadata-Version", "0").split("."))
            dynamic = {one.lower() for one in text.get_all("Dynamic", [])}
            if version < (2, 2) or dynamic & {"version", "requires-dist", "requires-python", "provides-extra"}:
                return None
            return {
                "name": text["Name"],
                "version": text["Version"],
                "requires_dist": text.get_all("Requires-Dist", []),
                "requires_python": text["Requires-Python"],
                "provides_extra": text.get_all("Provides-Extra", []),
            }
    return None


def write(to, metadata):
    import zipfile
    from pip._vendor.packaging.version import Version

    # They become a file's name: what is no name and no version raises here.
    if not re.fullmatch(r"[A-Za-z0-9][-_.A-Za-z0-9]*", metadata["name"] or ""):
        raise SystemExit("%r is no project's name" % metadata["name"])
    metadata["version"] = str(Version(metadata["version"]))
    lines = ["Metadata-Version: 2.2", "Name: %s" % metadata["name"], "Version: %s" % metadata["version"]]
    if metadata.get("requires_python"):
        lines.append("Requires-Python: %s" % metadata["requires_python"])
    lines += ["Requires-Dist: %s" % one for one in metadata.get("requires_dist") or []]
    lines += ["Provides-Extra: %s" % one for one in metadata.get("provides_extra") or []]
    stem = "%s-%s" % (re.sub(r"[-_.]+", "_", metadata["name"]), metadata["version"].replace("-", "_"))
    with zipfile.ZipFile(os.path.join(to, stem + "-py3-none-any.whl"), "w") as wheel:
        wheel.writestr(stem + ".dist-info/METADATA", "\n".join(lines) + "\n")
        wheel.writestr(stem + ".dist-info/WHEEL",
                       "Wheel-Version: 1.0\nGenerator: wheelfix\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(stem + ".dist-info/RECORD", "")


def write_stand_in(request):
    write(request["to"], request["metadata"])
    return {}


def markers(request):
    """Which of the markers hold for this interpreter."""
    from pip._vendor.packaging.markers import Marker

    return [Marker(text).evaluate({"extra": ""}) for text in request["markers"]]


def watch():
    """End with whoever asks: that process alone holds the other end of the standard input.

    A build that was killed would else go on compiling, and write into the folders of the next one.
    """
    import threading

    asking = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)

    def wait():
        while os.read(asking, 4096):
            pass
        end_descendants()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def end_descendants():
    import signal

    # Whoever is ended may have begun another one meanwhile.
    for attempt in range(20):
        parents = {}
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/stat" % name, "rb") as stat:
                    state, parent = stat.read().rpartition(b")")[2].split()[:2]
            except OSError:
                continue
            if state != b"Z":
                parents[int(name)] = int(parent)
        found = {os.getpid()}
        while True:
            more = {child for child, parent in parents.items() if parent in found} - found
            if not more:
                break
            found |= more
        found.remove(os.getpid())
        if not found:
            return
        for process in found:
            try:
                os.kill(process, signal.SIGKILL)
            except OSError:
                pass


def run_pip():
    import runpy

    watch()
    sys.argv = sys.argv[1:]
    runpy.run_module("pip", run_name="__main__", alter_sys=True)


def main():
    if len(sys.argv) > 1:
        return run_pip()
    request = json.loads(sys.stdin.readline())
    watch()
    out = sys.stdout
    sys.stdout = sys.stderr
    answer = globals()[request["do"]](request)
    out.write("\n" + json.dumps(answer, sort_keys=True) + "\n")


main()
