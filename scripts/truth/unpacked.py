"""What prove-floor and loader-compare share: unpacked wheels and answers of wheelfix."""
import json
import os
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
    bare = script("../setup", "--tests").splitlines()[1]
    target = os.path.join(folder, "root", "lib", "libz.so.1")
    os.makedirs(os.path.dirname(target))
    shutil.copyfile(f"{bare}/usr/lib/libz.so.1", target)
    subprocess.run([program, "patchelf", "--relr=expand", target], check=True)
    return os.path.join(folder, "root")
