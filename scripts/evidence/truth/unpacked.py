"""What the proofs by real loaders share: unpacked wheels, answers of wheelfix, files loaded."""
import glob
import json
import os
import platform
import re
import shutil
import subprocess
import zipfile

here = os.path.dirname(os.path.realpath(__file__))


def script(*words):
    """What a script of ours prints; its messages go where ours go."""
    done = subprocess.run([os.path.join(here, words[0]), *words[1:]], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def wheelfix(program, *words):
    """A JSON answer, whatever the exit code."""
    done = subprocess.run([program, *words], capture_output=True, text=True)
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise SystemExit(f"{' '.join(words)}: {done.stderr}")


def unpack(wheel, folder):
    """Unpack a wheel as an installer would put its files, and give the folder back."""
    site = os.path.join(folder, "site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    for name in os.listdir(site):
        if name.endswith(".data"):
            for scheme in ("platlib", "purelib"):
                data = os.path.join(site, name, scheme)
                if os.path.isdir(data):
                    subprocess.run(["cp", "-r", f"{data}/.", site], check=True)
    return site


def is_program(path):
    """Has the ELF file a PT_INTERP (kind 3), or fixed addresses?"""
    with open(path, "rb") as file:
        data = file.read(4096)
    order = "little" if data[5] == 1 else "big"
    wide = data[4] == 2
    number = lambda at, size: int.from_bytes(data[at:at + size], order)
    if number(16, 2) != 3:
        return True
    start, size, count = (number(32, 8), number(54, 2), number(56, 2)) if wide else (number(28, 4), number(42, 2), number(44, 2))
    return any(number(start + size * index, 4) == 3 for index in range(count))


def libz(program, folder):
    """A root with Alpine's zlib, its packed relocations unpacked, so that every musl loads it."""
    bare = script("../../setup", "--tests").splitlines()[1]
    target = os.path.join(folder, "root", "lib", "libz.so.1")
    os.makedirs(os.path.dirname(target))
    shutil.copyfile(f"{bare}/usr/lib/libz.so.1", target)
    subprocess.run([program, "patchelf", "--relr=expand", target], check=True)
    return os.path.join(folder, "root")


def musl_loader(arch, suite="trixie"):
    """musl's loader for a machine, from the musl of a Debian suite: bookworm has 1.2.3, which knows no packed
    relocations, trixie 1.2.5."""
    return glob.glob(script("../elves/make-loader", arch, suite) + "/lib/ld-musl-*.so.1")[0]


class Bench:
    """Loads files of one machine by its own loaders; foreign ones run under qemu-user.

    What CPython and zlib would define is stubbed, so that nothing but the wheel counts."""

    TARGETS = {"i686": "x86", "armv7l": "arm", "ppc64le": "powerpc64le"}
    QEMU = {"i686": "i386", "armv7l": "arm"}

    def __init__(self, arch, folder):
        self.arch, self.folder, self.zig = arch, folder, script("../../zig")
        os.makedirs(f"{folder}/lib")
        os.mkdir(f"{folder}/decoys")
        native = arch == platform.machine()
        self.qemu = None if native else shutil.which(f"qemu-{self.QEMU.get(arch, arch)}-static")
        provided = [line for line in open(f"{here}/../../../src/policy/provided-symbols.tsv") if not line.startswith("#")]
        for line in provided:
            name, symbols = line.rstrip().split("\t")
            self.library(f"{folder}/lib/{name}", symbols.split(), name)
        self.compile(f"{here}/dlcheck.c", f"{folder}/dlcheck")

    def compile(self, source, out, *flags, libc="musl"):
        machine = self.TARGETS.get(self.arch, self.arch)
        abi = f"{libc}eabihf" if machine == "arm" else libc
        environment = dict(os.environ, ZIG_GLOBAL_CACHE_DIR=f"{self.folder}/zig", ZIG_LOCAL_CACHE_DIR=f"{self.folder}/zig")
        subprocess.run([self.zig, "cc", "-target", f"{machine}-linux-{abi}", "-dynamic", "-O1", "-w", *flags, source, "-o", out],
                       check=True, env=environment)

    def library(self, path, symbols, soname):
        with open(f"{self.folder}/stubs.c", "w") as source:
            source.writelines(f"char {name}[4096];\n" for name in sorted(symbols))
        self.compile(f"{self.folder}/stubs.c", path, "-shared", "-fPIC", f"-Wl,-soname,{soname}")

    def stub(self, site, files):
        """Define whatever looks like CPython's in the files."""
        names = set()
        for file in files:
            with open(os.path.join(site, file), "rb") as data:
                names.update(re.findall(rb"\b_?Py[A-Za-z0-9_]{2,}\b", data.read()))
        self.library(f"{self.folder}/python.so", [name.decode() for name in names], "python.so")

    def load(self, suite, site, files, lib=None):
        """For each file, what the musl of a Debian suite says when it is loaded with all its
        symbols bound; None: it loads."""
        loader = musl_loader(self.arch, suite)
        words = [self.qemu] if self.qemu else []
        words += [loader, "--library-path", lib or f"{self.folder}/lib", "--preload", f"{self.folder}/python.so"]
        done = subprocess.run([*words, f"{self.folder}/dlcheck", *[f"./{file}" for file in files]], cwd=site,
                              capture_output=True, text=True, check=True, env={})
        lines = dict(line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)
        return {file: None if lines[f"./{file}"] == "loads" else lines[f"./{file}"] for file in files}

    def taken(self, wheel, root, file, folder, names):
        """Plant libraries in a folder of a root that holds the wheel in /site, and tell which of them
        the loader looks for there when it loads a file."""
        planted = f"{root}{folder}"
        os.makedirs(planted)
        for name in names:
            if not os.path.exists(f"{self.folder}/decoys/{name}"):
                self.library(f"{self.folder}/decoys/{name}", ["decoy"], name)
            shutil.copy(f"{self.folder}/decoys/{name}", planted)
        found = self.listed(root, file) if "musllinux" in os.path.basename(wheel) else self.traced(root, file)
        shutil.rmtree(planted)
        return {os.path.basename(path) for path in found if os.path.dirname(path) == folder}

    def inside(self, root, *words):
        enter = [] if os.getuid() == 0 else ["unshare", "-r"]
        return subprocess.run([*enter, "chroot", root, *words], capture_output=True, text=True, errors="replace",
                              env={"PATH": os.environ["PATH"] + ":/usr/sbin", "LD_DEBUG": "libs"})

    def listed(self, root, file):
        """What musl's loader takes; it looks in no folder of the system, so only run paths count."""
        loader = musl_loader(self.arch)
        name = os.path.basename(loader)
        os.makedirs(f"{root}/etc", exist_ok=True)
        with open(f"{root}/etc/{name.removesuffix('.so.1')}.path", "w") as paths:
            paths.write("/nowhere\n")
        os.makedirs(f"{root}/lib", exist_ok=True)
        shutil.copy(loader, f"{root}/lib/{name}")
        words = [f"/lib/{name}", "--list", f"/site/{file}"]
        if self.qemu:
            shutil.copy(self.qemu, f"{root}/qemu")
            words = ["/qemu", *words]
        return re.findall(r" => (\S+) \(0x", self.inside(root, *words).stdout)

    def traced(self, root, file):
        """Where glibc's loader looks, in a program that has the C library already as every Python has."""
        if self.qemu:
            raise SystemExit(f"no glibc for {self.arch} here: {file} is not proved")
        folder = "/lib/x86_64-linux-gnu"
        if not os.path.exists(f"{self.folder}/dlcheck-gnu"):
            self.compile(f"{here}/dlcheck.c", f"{self.folder}/dlcheck-gnu", libc="gnu.2.17")
        os.makedirs(f"{root}{folder}", exist_ok=True)
        os.makedirs(f"{root}/lib64", exist_ok=True)
        for name in ("libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0"):
            shutil.copy(f"{folder}/{name}", f"{root}{folder}")
        shutil.copy("/lib64/ld-linux-x86-64.so.2", f"{root}/lib64")
        shutil.copy(f"{self.folder}/dlcheck-gnu", f"{root}/dlcheck")
        done = self.inside(root, "/dlcheck", f"/site/{file}")
        if "\t" not in done.stdout:
            raise SystemExit(f"{file}: {done.stderr[-500:]}")
        return re.findall(r"trying file=(\S+)", done.stderr)
