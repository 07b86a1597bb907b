"""What pip knows and does not print: run by wheelfix with the interpreter whose pip is the engine.

A JSON request on standard input, one JSON answer as the last line of standard output. Sessions, indexes,
certificates, proxies and credentials are pip's own, as its configuration, environment and flags say.
"""
import json
import platform
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


def build_requires(request):
    """What a source archive says of itself: its build requirements and its metadata as far as it is final."""
    import tarfile
    import zipfile

    path = request["path"]
    if path.endswith(".zip"):
        archive = zipfile.ZipFile(path)
        names, read = archive.namelist(), archive.read
    else:
        archive = tarfile.open(path)
        names = [one.name for one in archive.getmembers() if one.isfile()]
        read = lambda name: archive.extractfile(name).read()
    answer = {"project": None, "metadata": None}
    for name in names:
        parts = name.strip("./").split("/")
        if len(parts) == 2 and parts[1] == "pyproject.toml":
            answer["project"] = read(name).decode("utf-8", "replace")
        if len(parts) == 2 and parts[1] == "PKG-INFO":
            answer["metadata"] = read(name).decode("utf-8", "replace")
    return answer


def main():
    request = json.load(sys.stdin)
    out = sys.stdout
    sys.stdout = sys.stderr
    answer = globals()[request["do"]](request)
    out.write("\n" + json.dumps(answer, sort_keys=True) + "\n")


main()
