# SPDX-License-Identifier: GPL-3.0-or-later
"""A small disk: a tmpfs that is full when it has so many octets."""
import subprocess


class SmallDisk:
    def __init__(self, path, size):
        """Mounts it at `path`, which is made."""
        self.path, self.mounted = path, False
        path.mkdir(mode=0o700)
        self._run("mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "netmon-faults", str(path))
        self.mounted = True

    @staticmethod
    def _run(*words):
        subprocess.run(words, check=True, capture_output=True, timeout=20)

    def grow(self, size):
        self._run("mount", "-o", f"remount,size={size}", str(self.path))

    def free(self):
        """Whoever had files open has ended."""
        if self.mounted:
            self._run("umount", str(self.path))
            self.mounted = False
