# SPDX-License-Identifier: GPL-3.0-or-later
"""Other people's flow meters, as far as they are installed: how each is told to read one file and to put its flows into
a folder, or to a UDP port of this machine when it can do nothing else. Time-outs as near to netmonc's as they let."""
import re
import shutil
import socket

FLOWS_MAX = 4000000


class Tool:
    """A program with what it needs to read a trace; command(trace) gives the words."""

    name = ""

    def __init__(self, folder, port):
        self.folder, self.port = folder / self.name, port

    def prepare(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()

    def flows(self, run):
        """Flows or records that it made, by its own words; None if it does not say."""
        counts = re.findall(self.flows_words, run.errors)
        return sum(map(int, counts)) if counts else None

    flows_words = r"$^"


class Softflowd(Tool):
    name = "softflowd"
    flows_words = r"Flows exported: \d+ \((\d+) records\)"

    def command(self, trace):
        return ["softflowd", "-r", trace.path, "-d", "-m", FLOWS_MAX, "-v", 9, "-t", "maxlife=60", "-t", "general=30",
                "-n", f"127.0.0.1:{self.port}", "-p", self.folder / "pid"]  # -c, a control socket, would make it stay


class Nfpcapd(Tool):
    name = "nfpcapd"
    flows_words = r"Flows: (\d+)"

    def command(self, trace):
        return ["nfpcapd", "-r", trace.path, "-w", self.folder, "-e", "60,30"]


class Pmacctd(Tool):
    name = "pmacctd"

    def command(self, trace):
        config = self.folder / "conf"
        config.write_text(f"""pcap_savefile: {trace.path}
aggregate: src_host,dst_host,src_port,dst_port,proto,tos
plugins: nfprobe
nfprobe_receiver: 127.0.0.1:{self.port}
nfprobe_version: 9
nfprobe_timeouts: general=30:maxlife=60
nfprobe_maxflows: {FLOWS_MAX}
plugin_pipe_size: 268435456
plugin_buffer_size: 262144
daemonize: false
pidfile: {self.folder}/pid
""", encoding="utf-8")
        return ["pmacctd", "-f", config]


class NdpiReader(Tool):
    name = "ndpiReader"

    def command(self, trace):
        return ["ndpiReader", "-q", "-i", trace.path, "-C", self.folder / "flows.csv"]

    def flows(self, run):
        with open(self.folder / "flows.csv", "rb") as file:
            return sum(1 for _ in file) - 1


KNOWN = [Softflowd, Nfpcapd, Pmacctd, NdpiReader]


def sink():
    """A UDP socket that takes in what exporters send, and drops it."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    return s


def installed(folder, port):
    """(tools, names of those that are not there)"""
    here = [t(folder, port) for t in KNOWN if shutil.which(t.name)]
    return here, [t.name for t in KNOWN if not shutil.which(t.name)]
