# SPDX-License-Identifier: GPL-3.0-or-later
"""A small disk: a tmpfs that is full when it has so many octets, in a mount namespace of this process."""
import ctypes
import functools
import os
import subprocess
import unittest

CLONE_NEWNS = 0x00020000


@functools.lru_cache(maxsize=1)
def own_mounts():
    """From now on what this process and its children mount is seen by them only, and is gone with them."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("needs root for a small disk")
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise unittest.SkipTest(f"no mount namespace: {os.strerror(ctypes.get_errno())}")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True, capture_output=True, timeout=20)


class SmallDisk:
    def __init__(self, path, size):
        """Mounts it at `path`, which is made."""
        own_mounts()
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
