# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that the demo starts: each in a session of its own, so that Ctrl-C reaches the demo alone and it ends them in
order; each dies with the demo even when that is killed."""
import ctypes
import os
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class DemoError(Exception):
    """What went wrong, in one line for the person who ran the demo."""


def _follow_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


class Programs:
    """All programs of one demo. stop_all() ends what is left, last started first."""

    def __init__(self, logs, env):
        self.logs = logs
        self.env = env
        self.running = []

    def log_path(self, name):
        return self.logs / f"{name}.log"

    def start(self, name, argv, **kwargs):
        """Starts a program whose errors go to logs/NAME.log."""
        with open(self.log_path(name), "ab") as log:
            kwargs.setdefault("stdout", log)
            kwargs.setdefault("stdin", subprocess.DEVNULL)
            try:
                popen = subprocess.Popen([str(a) for a in argv], stderr=log, env=self.env, start_new_session=True,
                                         preexec_fn=_follow_parent, **kwargs)
            except OSError as error:
                raise DemoError(f"cannot start {argv[0]}: {error.strerror}") from None
        self.running.append((name, popen))
        return popen

    def run(self, name, argv, text=None, timeout=120):
        """Runs a program to its end; what it printed. A status other than 0 is a DemoError with its last line."""
        try:
            done = subprocess.run([str(a) for a in argv], input=text or "", capture_output=True, text=True,
                                  env=self.env, timeout=timeout, check=False)
        except OSError as error:
            raise DemoError(f"cannot start {argv[0]}: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise DemoError(f"{name} did not end within {timeout} s") from None
        with open(self.log_path(name), "a", encoding="utf-8") as log:
            log.write(done.stdout + done.stderr)
        if done.returncode != 0:
            raise DemoError(f"{name} ended with status {done.returncode}: {last_line(done.stderr or done.stdout)}")
        return done.stdout

    def check_alive(self, name):
        """A DemoError when a program that should still run has ended."""
        for other, popen in self.running:
            if other == name and popen.poll() is not None:
                raise DemoError(f"{name} ended with status {popen.returncode}: {self.last_log_line(name)}")

    def last_log_line(self, name):
        try:
            return last_line(self.log_path(name).read_text(errors="replace"))
        except OSError:
            return "no log"

    def wait(self, name, popen, timeout):
        """Waits for a program to end by itself with status 0."""
        try:
            status = popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise DemoError(f"{name} did not end within {timeout:.0f} s") from None
        if status != 0:
            raise DemoError(f"{name} ended with status {status}: {self.last_log_line(name)}")

    def stop(self, name, popen, patience=10):
        """Ends one program: SIGTERM, then SIGKILL to its session."""
        if popen.poll() is None:
            popen.terminate()
            try:
                popen.wait(patience)
            except subprocess.TimeoutExpired:
                pass
        # What it started itself (FastCGI workers) shares its session and its group.
        try:
            os.killpg(popen.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        popen.wait()
        self.running = [(n, p) for n, p in self.running if p is not popen]

    def stop_all(self):
        """Ends everything, last started first."""
        for name, popen in reversed(list(self.running)):
            self.stop(name, popen)


def last_line(text):
    """The last line that says something."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it printed nothing"


def free_port(first=None):
    """A port of 127.0.0.1 nobody listens on: from `first` up, or any."""
    for port in range(first, first + 1000) if first else (0,):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return s.getsockname()[1]
    raise DemoError(f"no free port from {first} to {first + 999}")


def wait_for_port(programs, name, port, timeout=15):
    """Until a program of ours accepts connections."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        programs.check_alive(name)
        with socket.socket() as s:
            s.settimeout(1)
            accepts = s.connect_ex(("127.0.0.1", port)) == 0
        time.sleep(0.2 if accepts else 0.05)
        if accepts:
            # ours, not somebody else's whom it found on its port: then it has ended by now
            programs.check_alive(name)
            return
    raise DemoError(f"{name} does not accept connections on port {port} after {timeout} s")
