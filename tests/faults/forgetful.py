"""A file system that forgets what was not flushed, as a disk does when the power goes.

    forgetful.py MOUNTPOINT BACKING SEED

It begins with the files of BACKING, and writes there at its end what a disk would have: what was flushed, and of what was written since
each block or not, as the seed says. Names of files are kept at once, as a journalling file system does after its next commit. Flat: no
directories.
"""

import errno
import pathlib
import random
import stat
import sys
import threading
import time

import mfusepy as fuse

BLOCK = 4096


class File:
    """What programs see, and what is on the disk; `pending` is what was done since the last flush."""

    def __init__(self, content=b""):
        self.seen, self.kept, self.pending = bytearray(content), bytearray(content), []
        self.mode, self.time = 0o600, time.time_ns()

    def write(self, offset, data):
        self._put(self.seen, offset, data)
        # In blocks: a disk may have written one and not the next.
        for start in range(0, len(data), BLOCK):
            self.pending.append((offset + start, data[start : start + BLOCK]))

    def truncate(self, length):
        self._cut(self.seen, length)
        self.pending.append((length, None))

    def flush(self):
        for change in self.pending:
            self._apply(change)
        self.pending.clear()

    def power_cut(self, chance):
        """What is on the disk, of what was not flushed some blocks."""
        for change in self.pending:
            if chance.random() < 0.5:
                self._apply(change)
        return bytes(self.kept)

    def _apply(self, change):
        offset, data = change
        if data is None:
            self._cut(self.kept, offset)
        else:
            self._put(self.kept, offset, data)

    @staticmethod
    def _put(content, offset, data):
        if len(content) < offset:
            content.extend(bytes(offset - len(content)))
        content[offset : offset + len(data)] = data

    @staticmethod
    def _cut(content, length):
        if len(content) < length:
            content.extend(bytes(length - len(content)))
        del content[length:]


class Forgetful(fuse.Operations):
    use_ns = True

    def __init__(self, backing, seed):
        self.backing, self.chance, self.mutex = pathlib.Path(backing), random.Random(seed), threading.Lock()
        self.files = {f"/{path.name}": File(path.read_bytes()) for path in self.backing.iterdir()}

    def _file(self, path):
        try:
            return self.files[path]
        except KeyError:
            raise fuse.FuseOSError(errno.ENOENT) from None

    def getattr(self, path, fh=None):
        now = time.time_ns()
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o700, "st_nlink": 2, "st_mtime": now, "st_ctime": now, "st_atime": now}
        file = self._file(path)
        times = {"st_mtime": file.time, "st_ctime": file.time, "st_atime": file.time}
        return {"st_mode": stat.S_IFREG | file.mode, "st_nlink": 1, "st_size": len(file.seen), **times}

    def readdir(self, path, fh):
        return [".", "..", *(name[1:] for name in self.files)]

    def create(self, path, mode, fi=None):
        with self.mutex:
            self.files[path] = File()
            self.files[path].mode = mode & 0o777
        return 0

    def open(self, path, flags):
        self._file(path)
        return 0

    def read(self, path, size, offset, fh):
        with self.mutex:
            return bytes(self._file(path).seen[offset : offset + size])

    def write(self, path, data, offset, fh):
        with self.mutex:
            file = self._file(path)
            file.write(offset, bytes(data))
            file.time = time.time_ns()
        return len(data)

    def truncate(self, path, length, fh=None):
        with self.mutex:
            self._file(path).truncate(length)

    def fsync(self, path, datasync, fh):
        with self.mutex:
            self._file(path).flush()
        return 0

    def fsyncdir(self, path, datasync, fh):
        return 0

    def unlink(self, path):
        with self.mutex:
            self._file(path)
            del self.files[path]

    def rename(self, old, new):
        with self.mutex:
            self.files[new] = self.files.pop(old)

    def chmod(self, path, mode):
        self._file(path).mode = mode & 0o777

    def chown(self, path, uid, gid):
        return 0

    def utimens(self, path, times=None):
        return 0

    def statfs(self, path):
        return {"f_bsize": BLOCK, "f_frsize": BLOCK, "f_blocks": 1 << 20, "f_bavail": 1 << 19, "f_bfree": 1 << 19}

    def destroy(self, path):
        """The power goes."""
        for old in self.backing.iterdir():
            old.unlink()
        for name, file in self.files.items():
            (self.backing / name[1:]).write_bytes(file.power_cut(self.chance))


def main():
    mountpoint, backing, seed = sys.argv[1:]
    fuse.FUSE(Forgetful(backing, seed), mountpoint, foreground=True, nothreads=True, fsname="forgetful")


if __name__ == "__main__":
    main()
