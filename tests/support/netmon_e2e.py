# SPDX-License-Identifier: GPL-3.0-or-later
"""What every end-to-end test needs: the binaries, a temporary folder, free ports, processes that are ended again.

    import netmon_e2e as e2e

    class Replay(e2e.Case):
        def test_sums_agree(self):
            netmond = self.netmond(store=True)                  # starts, waits until it listens
            capture = e2e.capture("http")
            e2e.run("netmonc", "-h", "127.0.0.1", "-p", netmond.port, "-r", capture)
            self.assertEqual(netmond.stop(), 0)
            self.assertEqual(e2e.store_sums(self.dir / "netmon.db"), e2e.sums(e2e.netmonc_csv(capture)))

Rules: binaries come from $NETMON_BUILD (default TREE/build), files of a test lie in self.dir, servers listen on
127.0.0.1 at free_port(), every process is started through self.start() and so is ended with the test (by its own pid).
Every wait has a limit. Under a sanitizer everything is slower: limits are multiplied by SLOWER.
"""
import csv
import io
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("NETMON_BUILD") or TREE / "build").resolve()
ASAN = BUILD.name == "asan"
SLOWER = 4 if BUILD.name in ("asan", "tsan") else 1
CAPTURES = TREE / "tests" / "captures"
RECORD_COLUMNS = ["saddr", "daddr", "sport", "dport", "protocol", "packets", "octets", "application", "confidence",
                  "reason", "started", "expires", "link", "vlan", "tunnel", "sampling"]


def binary(name):
    """Path of a program of this build; skips the test when it was not built."""
    path = BUILD / name
    if not path.exists():
        raise unittest.SkipTest(f"{name} is not in {BUILD}")
    return str(path)


def capture(name):
    """Path of one of the project's own captures ("http" or "http.pcap")."""
    for path in (CAPTURES / name, CAPTURES / f"{name}.pcap", CAPTURES / f"{name}.pcapng"):
        if path.is_file():
            return str(path)
    raise FileNotFoundError(f"no capture {name} in {CAPTURES}")


def captures():
    """Every own capture, by name."""
    return sorted(str(p) for p in CAPTURES.iterdir() if p.suffix in (".pcap", ".pcapng"))


def command(argv):
    """argv as strings; a first word without a slash is looked for in the build folder, then in the system."""
    words = [str(word) for word in argv]
    if "/" not in words[0] and (BUILD / words[0]).exists():
        words[0] = str(BUILD / words[0])
    elif "/" not in words[0] and not shutil.which(words[0]):
        raise unittest.SkipTest(f"{words[0]} is neither in {BUILD} nor installed")
    return words


def environment(extra=None):
    """The caller's environment without what would change the programs' behaviour, plus `extra`."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("NETMON_") or k == "NETMON_BUILD"}
    env.update({"LC_ALL": "C.UTF-8", "TZ": "UTC"})
    env.update({k: str(v) for k, v in (extra or {}).items()})
    return env


def run(*argv, check=True, timeout=60, env=None, text=True, **kwargs):
    """Runs a program to its end. check: a status other than 0 is an AssertionError with its words. **kwargs go to
    subprocess.run (input, cwd, stdin ...)."""
    kwargs.setdefault("stdin", None if "input" in kwargs else subprocess.DEVNULL)
    if kwargs["stdin"] is None:
        del kwargs["stdin"]
    done = subprocess.run(command(argv), capture_output=True, text=text, timeout=timeout * SLOWER,
                          env=environment(env), **kwargs)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, argv))} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done


def wait_until(true, what, timeout=10):
    """Asks true() until it is, and returns what it said; an AssertionError after `timeout` seconds."""
    end = time.monotonic() + timeout * SLOWER
    while True:
        answer = true()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout * SLOWER} s in vain for {what}")
        time.sleep(0.02)


def free_port(kind=socket.SOCK_STREAM):
    """A port of 127.0.0.1 that nothing listens on just now."""
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def port_open(port, host="127.0.0.1"):
    """Whether a TCP server accepts there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as s:
        s.settimeout(1)
        return s.connect_ex((host, int(port))) == 0


def port_listening(port):
    """Whether a TCP socket listens on that port, without connecting to it."""
    wanted = f":{int(port):04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[1].endswith(wanted) and fields[3] == "0A":
                return True
    return False


class Process:
    """A running program; standard output and error go to files in `folder`."""

    count = 0

    def __init__(self, argv, folder, env=None, **kwargs):
        Process.count += 1
        words = command(argv)
        name = f"{Process.count:02d}-{os.path.basename(words[0])}"
        self.name = os.path.basename(words[0])
        self.out_path = Path(folder) / f"{name}.out"
        self.err_path = Path(folder) / f"{name}.err"
        self.port = None
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        with open(self.err_path, "wb") as err, open(self.out_path, "wb") as out:
            kwargs.setdefault("stdout", out)
            self.popen = subprocess.Popen(words, stderr=err, env=environment(env), **kwargs)
        self.pid = self.popen.pid

    def out(self):
        """Standard output so far."""
        return self.out_path.read_text(errors="replace")

    def log(self):
        """Standard error so far."""
        return self.err_path.read_text(errors="replace")

    def running(self):
        return self.popen.poll() is None

    def wait_line(self, pattern, timeout=10):
        """Waits until a line of its log (or output) matches the regular expression; returns the match."""
        expression = re.compile(pattern, re.M)

        def there():
            text = self.log() + self.out()
            if not self.running() and not expression.search(text):
                raise AssertionError(f"{self.name} ended with {self.popen.returncode} before /{pattern}/:\n{text}")
            return expression.search(text)

        return wait_until(there, f"/{pattern}/ in the log of {self.name}", timeout)

    def wait_listen(self, port, timeout=10):
        """Waits until it listens on that TCP port."""
        self.port = port

        def there():
            if not self.running():
                raise AssertionError(f"{self.name} ended with {self.popen.returncode}:\n{self.log()}")
            return port_listening(port)

        wait_until(there, f"{self.name} to listen on {port}", timeout)
        return self

    def wait_end(self, timeout=30):
        """Waits until it ends by itself; its exit status."""
        return self.popen.wait(timeout * SLOWER)

    def send(self, number):
        """Sends a signal, if it still runs."""
        if self.running():
            self.popen.send_signal(number)

    def stop(self, number=signal.SIGTERM, timeout=15):
        """Ends it and returns its exit status; killed (and an AssertionError) when it does not end in time."""
        self.send(number)
        try:
            return self.popen.wait(timeout * SLOWER)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {timeout * SLOWER} s of signal {number}:\n"
                                 f"{self.log()}") from None

    def kill(self):
        """kill -9, as a crash."""
        if self.running():
            self.popen.kill()
        return self.popen.wait()

    def end(self, timeout=5):
        """Asks it to end, so that it can end its own children, and kills it when it does not."""
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)
        try:
            self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()


class Case(unittest.TestCase):
    """A test with a folder of its own (self.dir) whose processes are ended with it."""

    maxDiff = 4000

    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix="netmon-test-"))
        self.dir.chmod(0o755)  # netmonc reads module lists in it as another user than root
        self.processes = []
        self.addCleanup(self._clean)

    def _clean(self):
        for process in reversed(self.processes):
            process.end()
        shutil.rmtree(self.dir, ignore_errors=True)

    def start(self, *argv, env=None, **kwargs):
        """Starts a program that is ended with the test."""
        process = Process(argv, self.dir, env=env, **kwargs)
        self.processes.append(process)
        return process

    def netmond(self, *options, store=None, rrd=None, port=None, env=None, **kwargs):
        """Starts netmond and waits until it is ready, control socket included; .port is set. store=True: self.dir/netmon.db; a path: that
        one; None: SQL on standard output (.out()). rrd=True: self.dir/rrd; a path: that one."""
        port = port or free_port()
        argv = ["netmond", "--listen", "127.0.0.1", "-p", port]
        if store:
            argv += ["--store", f"sqlite:{self.dir / 'netmon.db' if store is True else store}"]
        if rrd:
            argv += ["--rrd", self.dir / "rrd" if rrd is True else rrd]
        process = self.start(*argv, *options, env=env, **kwargs).wait_listen(port)
        process.wait_line("ready: listening")
        return process


def records(text):
    """Rows of `netmonc -o csv` as dictionaries, with the numbers as int."""
    rows = list(csv.DictReader(io.StringIO(text)))
    for row in rows:
        for key in ("sport", "dport", "protocol", "packets", "octets", "confidence", "vlan", "sampling"):
            row[key] = int(row[key])
    return rows


def netmonc_csv(*files, options=(), timeout=60):
    """Records of capture files as `netmonc -o csv` prints them."""
    argv = ["netmonc", "-o", "csv", *options]
    for name in files:
        argv += ["-r", name]
    return records(run(*argv, timeout=timeout).stdout)


def sums(rows):
    """(packets, octets) over records."""
    return sum(int(r["packets"]) for r in rows), sum(int(r["octets"]) for r in rows)


def store(path):
    """A read-only connection to a store; rows are addressed by name."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    db.row_factory = sqlite3.Row
    return db


def query(path, sql, *values):
    """All rows of one query on a store."""
    db = store(path)
    try:
        return db.execute(sql, values).fetchall()
    finally:
        db.close()


def store_sums(path):
    """(packets, octets) over the stored flows."""
    return tuple(query(path, "SELECT coalesce(sum(packets), 0), coalesce(sum(octets), 0) FROM flow")[0])


def can_netns():
    """Why network namespaces cannot be made here, or None."""
    if os.geteuid() != 0:
        return "needs root for a network namespace"
    if not shutil.which("ip"):
        return "needs iproute2"
    name = f"nmtest{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode != 0:
        return "network namespaces cannot be made here"
    # in a chroot a namespace can be made but not entered: ip mounts /sys anew, below a / that is no mount point
    entered = subprocess.run(["ip", "netns", "exec", name, "true"], capture_output=True, check=False).returncode == 0
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return None if entered else "network namespaces cannot be entered here"


def needs_netns(test):
    """Decorator for a test or class: skipped, with the reason, where no network namespace can be made."""
    reason = can_netns()
    return unittest.skipIf(reason is not None, reason or "")(test)


def needs_program(*names):
    """Decorator: skipped where a system program is not installed."""
    missing = [n for n in names if not (shutil.which(n) or (BUILD / n).exists())]
    return unittest.skipIf(bool(missing), f"needs {', '.join(missing)}")
