# SPDX-License-Identifier: GPL-3.0-or-later
"""What every part of the benchmark stands on: programs of the build, traces of the generator, runs that are timed, and
what was found, as lines and as data."""
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("NETMON_BUILD") or TREE / "build").resolve()
TOOLS = BUILD / "tests/bench"
DISK = "/var/tmp"  # traces take gigabytes: a disk, not memory
LIMIT_S = 180  # for any one program


class Run:
    """What one run of a program took."""

    def __init__(self, user, system, wall, rss_kb, status, errors=""):
        self.cpu, self.system, self.wall = user + system, system, wall
        self.rss_mb, self.status, self.errors = rss_kb / 1024, int(status), errors


class Trace:
    """A capture file of the generator, and the truth about it."""

    def __init__(self, path):
        self.path = path
        self.truth = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        self.packets, self.octets, self.ip_octets = (self.truth[k] for k in ("packets", "octets", "ip_octets"))

    def warm(self):
        """Reads the file, so that it comes from memory from now on."""
        with open(self.path, "rb", buffering=0) as file:
            while file.read(1 << 24):
                pass


class Bench:
    """One benchmark: its folder, how much it does, and its results, which are printed as they come."""

    def __init__(self, quick, alone, rounds):
        self.quick, self.alone, self.rounds = quick, alone, rounds
        self.folder = Path(tempfile.mkdtemp(prefix="netmon-bench-", dir=os.environ.get("TMPDIR") or DISK))
        self.results = {}
        self.traces = {}
        self.kept = {}  # what one part leaves for a later one
        self.no_modules = self.folder / "no-modules"
        self.no_modules.write_text("# no modules\n", encoding="ascii")

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def say(self, text=""):
        print(text, flush=True)

    def note(self, part, key, value):
        """Keeps a result for the JSON file."""
        self.results.setdefault(part, {})[key] = value

    def scaled(self, number, least=1):
        """The number, or a part of it in a quick run."""
        return min(number, max(least, number // 10)) if self.quick else number

    def trace(self, name, **options):
        """A trace by the generator's options; one that was made before under this name is used again."""
        path = self.folder / f"{name}.pcap"
        if name not in self.traces:
            words = [w for k, v in options.items() for w in (f"--{k}", str(v))]
            with open(path, "wb") as out:
                subprocess.run([TOOLS / "genpcap", *words, "--truth", path.with_suffix(".json")], stdout=out,
                               check=True)
            self.traces[name] = Trace(path)
        return self.traces[name]

    def drop(self, trace):
        """Gives a trace's room back."""
        self.traces.pop(trace.path.stem, None)
        trace.path.unlink(missing_ok=True)

    def timed(self, argv, stdout=None, limit=LIMIT_S, check=True):
        """Runs a program, its records into the file `stdout`. check: one that fails ends the benchmark."""
        report = self.folder / "timed"
        report.unlink(missing_ok=True)
        with open(stdout or os.devnull, "wb") as out, open(self.folder / "errors", "w+b") as errors:
            with subprocess.Popen([str(w) for w in (TOOLS / "timed", report, *argv)], stdin=subprocess.DEVNULL,
                                  stdout=out, stderr=errors, cwd=self.folder, start_new_session=True) as process:
                try:
                    process.wait(limit)
                except BaseException as stopped:
                    os.killpg(process.pid, signal.SIGKILL)  # a session of its own: only what was started here
                    if not isinstance(stopped, subprocess.TimeoutExpired):
                        raise
            errors.seek(0)
            words = errors.read().decode(errors="replace")
        if not report.exists():
            return Run(limit, 0, limit, 0, 124, words)
        run = Run(*map(float, report.read_text(encoding="ascii").split()), words)
        if check and run.status != 0:
            sys.exit(f"bench: {argv[0]} ended with {run.status}: {words[-300:]}")
        return run

    def records(self, path):
        """Sums of what netmonc wrote with -o records."""
        with open(path, "rb") as file:
            done = subprocess.run([TOOLS / "records"], stdin=file, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def netmonc(self, trace, *options):
        """The command line that meters a trace into -o records."""
        return [BUILD / "netmonc", "-o", "records", *options, "-r", trace.path]

    def meter(self, trace, *options, check=True):
        """(run, sums) of netmonc over a trace."""
        out = self.folder / "records"
        run = self.timed(self.netmonc(trace, *options), stdout=out, check=check)
        sums = self.records(out)
        out.unlink()
        return run, sums

    def floor(self, trace):
        """CPU seconds of the libpcap floor, median."""
        return statistics.median(self.timed([TOOLS / "floor", trace.path]).cpu for _ in range(self.rounds))


def verdict(good):
    """How a condition that must hold is printed."""
    return "pass" if good else "FAIL"


def ledger_closes(sums):
    """Whether every packet that was seen is metered or under one other cause; (closes, what is left over)."""
    beside = {"seen", "exported", "export-dropped", "late", "no-time", "orphan-fragment"}
    ledger = sums["ledger"]
    explained = sum(count[0] for cause, count in ledger.items() if cause not in beside)
    left = ledger.get("seen", [0])[0] - explained
    return left == 0, left


def free_bytes(folder):
    """Room on the disk of a folder."""
    return shutil.disk_usage(folder).free
