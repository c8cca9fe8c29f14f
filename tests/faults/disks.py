"""Disks to put databases on: one that is small, and one that forgets what was not flushed."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import fleet  # noqa: F401  says where the modules of tests/ha are
from cluster import until


class Absent(Exception):
    """This machine has no such disk."""


class Disk:
    """`path` is where it is mounted."""

    def __init__(self, seed):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-disk-"))
        self.path, self.seed, self.cuts = self.home / "disk", seed, 0
        self.path.mkdir()
        try:
            self.mount()
        except Absent:
            shutil.rmtree(self.home)
            raise

    def end(self):
        subprocess.run(["umount", "--lazy", self.path], check=False, capture_output=True)
        shutil.rmtree(self.home, ignore_errors=True)


class Small(Disk):
    """A tmpfs of 48 MiB."""

    def mount(self):
        command = ["mount", "-t", "tmpfs", "-o", "size=48m,mode=700", "tmpfs", self.path]
        if (run := subprocess.run(command, check=False, capture_output=True, text=True)).returncode != 0:
            raise Absent(run.stderr.strip())


class Forgetful(Disk):
    """See `forgetful.py`."""

    def mount(self):
        (self.home / "backing").mkdir(exist_ok=True)
        program = [sys.executable, pathlib.Path(__file__).with_name("forgetful.py"), self.path, self.home / "backing", f"{self.seed}/{self.cuts}"]
        log = open(self.home / "log", "ab")
        self.process = subprocess.Popen(program, stdout=log, stderr=log)

        def mounted():
            if self.process.poll() is not None:
                raise Absent((self.home / "log").read_text()[-300:])
            return self.path.is_mount()

        until("the disk", mounted, 10)

    def power_cut(self):
        """What was not flushed is gone; nobody may use it meanwhile."""
        subprocess.run(["umount", self.path], check=True)
        self.process.wait(30)
        self.cuts += 1
        self.mount()
