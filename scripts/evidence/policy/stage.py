"""The Alpine that the tests use, as a source of symbols."""
import os
import re
import subprocess

from table import here


class Stage:
    def __init__(self):
        done = subprocess.run([f"{here}/../../setup", "--tests"], check=True, stdout=subprocess.PIPE, text=True)
        self.root = done.stdout.splitlines()[1]
        with open(f"{self.root}/etc/alpine-release") as release:
            self.release = ".".join(release.read().split(".")[:2])
        with open(f"{self.root}/lib/apk/db/installed") as database:
            self.packages = dict(re.findall(r"^P:(\S+)\nV:(\S+)$", database.read(), re.MULTILINE))

    def library(self, path):
        return os.path.join(self.root, path)
