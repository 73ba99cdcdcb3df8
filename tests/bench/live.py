# SPDX-License-Identifier: GPL-3.0-or-later
"""Part `live`: small packets on a veth pair between two network namespaces of its own, at a rate. The sender has the
first core; what the kernel does to receive (RPS) and netmonc have the last one, so that the cost of receiving is
netmonc's. With two workers netmonc may use both."""
import json
import os
import shutil
import signal
import subprocess
import time

import bench

RATE = 500000
SECONDS = 20
LOSS_MOST = 0.1  # per cent
FIRST = ["chrt", "-r", "1"]  # before all else on a core: what others do on the machine is not what is measured
TRACE_PACKETS = 500000


def room(_):
    return TRACE_PACKETS * 100 + (400 << 20)


def why_not():
    """Why this part cannot run here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    missing = [p for p in ("ip", "taskset", "chrt") if not shutil.which(p)]
    if missing:
        return f"needs {', '.join(missing)}"
    return None if (os.cpu_count() or 1) > 1 else "needs two cores"


class Pair:
    """Two namespaces and a veth pair between them, in which nothing but the sender speaks."""

    def __init__(self):
        self.spaces = [f"nmbench{os.getpid()}{end}" for end in "ab"]
        self.cores = (0, (os.cpu_count() or 2) - 1)
        self.made = []

    def __enter__(self):
        try:
            for space in self.spaces:
                subprocess.run(["ip", "netns", "add", space], check=True, capture_output=True)
                self.made.append(space)
                self.inside(space, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                            "net.ipv6.conf.default.disable_ipv6=1")
            a, b = self.spaces
            self.inside(a, "ip", "link", "add", "out", "type", "veth", "peer", "name", "in", "netns", b)
            for space, name in ((a, "out"), (b, "in")):
                self.inside(space, "ip", "link", "set", name, "arp", "off", "up")
            self.inside(b, "sh", "-c", f"echo {1 << self.cores[1]:x} >/sys/class/net/in/queues/rx-0/rps_cpus")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for space in self.made:
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)

    def words(self, space, cores, *argv):
        """A command line that runs in a namespace on some cores."""
        return ["ip", "netns", "exec", space, "taskset", "-c", cores, *map(str, argv)]

    def sender(self, *argv):
        return self.words(self.spaces[0], str(self.cores[0]), *FIRST, bench.TOOLS / "send", "out", *argv)

    def inside(self, space, *argv):
        done = subprocess.run(["ip", "netns", "exec", space, *argv], check=True, capture_output=True, text=True)
        return done.stdout

    def received(self):
        """Packets that came to the receiver's interface."""
        links = json.loads(self.inside(self.spaces[1], "ip", "-j", "-s", "link", "show", "in"))
        return links[0]["stats64"]["rx"]["packets"]

    def listening(self):
        """Whether a packet socket is open at the receiver."""
        return len(self.inside(self.spaces[1], "cat", "/proc/net/packet").splitlines()) > 1


def listen(b, pair, workers, out):
    """A netmonc on the receiver's interface, once it listens."""
    cores = str(pair.cores[1]) if workers == 1 else f"{pair.cores[0]},{pair.cores[1]}"
    options = ["--workers", workers] if workers > 1 else []
    argv = pair.words(pair.spaces[1], cores, *FIRST, bench.BUILD / "netmonc", "-o", "records", "-i", "in", *options)
    with open(out, "wb") as file, open(b.folder / "errors", "wb") as errors:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=file, stderr=errors)
    for _ in range(250):
        if pair.listening() or process.poll() is not None:
            break
        time.sleep(0.02)
    time.sleep(0.3)  # modules are loaded after the socket is open
    return process


def stop(process):
    """Ends netmonc; its CPU seconds, and its exit status."""
    process.send_signal(signal.SIGTERM)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, process.returncode


def one(b, pair, trace, workers, rate, seconds):
    """Sends and meters once; a dictionary of what came of it."""
    out = b.folder / "live-records"
    before = pair.received()
    process = listen(b, pair, workers, out)
    if process.poll() is not None:
        return {"error": (b.folder / "errors").read_text(errors="replace").strip()[-300:]}
    try:
        sent = subprocess.run(pair.sender(trace.path, rate, seconds), capture_output=True, text=True, check=True,
                              timeout=seconds + 60)
        time.sleep(1)
    finally:
        cpu, status = stop(process)
    sums = b.records(out) if status == 0 else {"packets": 0, "ledger": {}}
    out.unlink()
    return {"workers": workers, "cpu_s": cpu, "status": status, "sums": sums, "arrived": pair.received() - before,
            **json.loads(sent.stdout)}


def show(b, result):
    """One line, and whether the loss is small enough and the ledger right."""
    sums, sent = result["sums"], result["sent"]
    seen = sums["ledger"].get("seen", [0])[0]
    dropped = sum(sums["ledger"].get(c, [0])[0] for c in ("kernel-dropped", "interface-dropped"))
    loss = 100 * (sent - sums["packets"]) / sent
    closes, left = bench.ledger_closes(sums)
    good = loss < LOSS_MOST and closes and seen == sent
    rate = sent / result["seconds"]
    b.say(f"  {result['workers']:>7}{rate:>12,.0f}{sent:>13,}{result['arrived']:>13,}{seen:>13,}{dropped:>10,}"
          f"{sums['packets']:>13,}{loss:>9.4f}{result['cpu_s']:>7.1f}  {bench.verdict(good)}"
          f"{'' if closes else f'  ledger: {left:,} unexplained'}"
          f"{'' if rate > 0.98 * RATE else ', but the sender could not go faster on this machine'}")
    result.pop("sums")
    b.note("live", f"{result['workers']} workers", {**result, "seen": seen, "dropped": dropped, "loss_percent": loss,
                                                    "ledger_closes": closes, "metered": sums["packets"]})


def has_workers():
    """Whether this netmonc knows --workers."""
    done = subprocess.run([bench.BUILD / "netmonc", "--help"], capture_output=True, text=True, check=False)
    return "--workers" in done.stdout


def measure(b):
    """One worker, then two."""
    reason = why_not()
    if reason:
        b.say(f"live: {reason}")
        return
    seconds = 5 if b.quick else SECONDS
    trace = b.trace("live", mix="office", sizes="small", packets=TRACE_PACKETS, flows=25000, seed=8)
    trace.warm()
    b.say(f"{RATE:,} packets a second for {seconds} s, {trace.octets / trace.packets:.0f} octets each on average; one "
          f"worker has a core of its own, two workers share them with the sender")
    b.say(f"  {'workers':>7}{'packets/s':>12}{'sent':>13}{'arrived':>13}{'seen':>13}{'dropped':>10}{'metered':>13}"
          f"{'loss %':>9}{'CPU s':>7}")
    for workers in (1, 2) if has_workers() else (1,):
        with Pair() as pair:
            result = one(b, pair, trace, workers, RATE, seconds)
        if "error" in result:
            b.say(f"  {workers:>7}  did not start: {result['error']}")
        else:
            show(b, result)
    if not has_workers():
        b.say("        2  left out: this netmonc has no --workers")
    b.drop(trace)
