"""What pip knows and does not print: run by wheelfix with the interpreter whose pip is the engine.

A JSON request on standard input, one JSON answer as the last line of standard output. Sessions, indexes,
certificates, proxies and credentials are pip's own, as its configuration, environment and flags say.
"""
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
        options, _ = made.parse_args(flags)
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
            with open(wanted["to"], "wb") as out:
                for piece in answer.iter_content(1 << 20):
                    out.write(piece)
        except Exception as error:
            failed[wanted["to"]] = "%s: %s" % (type(error).__name__, error)

    for made, options, session in command(request["flags"]):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda wanted: one(session, wanted), request["files"]))
    return {"failed": failed}


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
            return {"found": versions, "yanked": yanked, "made": False, "sdist": None}
        link = [one.link for one in found if str(one.version) == fitting[-1]][-1]
        path = os.path.join(request["to"], link.filename)
        failed = fetch({"flags": request["flags"], "files": [{"url": link.url_without_fragment, "to": path}]})
        if failed["failed"]:
            raise SystemExit("\n".join(failed["failed"].values()))
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


def main():
    request = json.load(sys.stdin)
    out = sys.stdout
    sys.stdout = sys.stderr
    answer = globals()[request["do"]](request)
    out.write("\n" + json.dumps(answer, sort_keys=True) + "\n")


main()
