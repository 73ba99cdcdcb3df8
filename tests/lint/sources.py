# SPDX-License-Identifier: GPL-3.0-or-later
"""usage: sources.py [FILE...]

Checks C sources line by line: who may include whom, the licence line, and calls that are not allowed. Prints
FILE:LINE: what; exit status 1 when there is a finding.

The arrows point one way: modules -> netmon/module.h <- probe -> lib <- collector, cron, web.
"""
import re
import sys
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]

# folder: own headers it may include (by prefix), libraries (by the names below). The longest folder that fits counts.
FOLDERS = {
    "lib": (["lib/", "netmon/"], ["popt", "confuse", "sodium", "isal", "xxhash"]),
    "lib/db": (["lib/", "netmon/"], ["sqlite", "mariadb", "sodium", "xxhash"]),  # lib/db*.c and lib/db*.h
    "lib/tls": (["lib/", "netmon/"], ["openssl"]),  # lib/tls*, lib/stream*
    "lib/include": (["netmon/"], []),
    "probe": (["probe/", "lib/", "netmon/"], ["pcap", "jansson", "popt", "confuse", "xxhash", "seccomp", "cap-ng"]),
    "probe/include": (["netmon/"], []),
    "modules": (["netmon/", "modules/"], ["nettle"]),
    "collector": (["collector/", "lib/", "netmon/wire.h"], ["rrd", "jansson", "popt", "confuse", "sodium", "xxhash"]),
    "cron/admin": (["cron/admin/", "lib/"], ["popt", "confuse", "sodium", "openssl"]),
    "cron/aggregate": (["cron/aggregate/", "lib/"], ["popt", "confuse", "xxhash"]),
    "cron/alert": (["cron/alert/", "lib/"], ["popt", "confuse", "esmtp", "curl", "openssl"]),
    "web": (["web/", "lib/", "netmon/wire.h"], ["rrd", "fcgi", "jansson", "popt", "sodium"]),
}
LIBRARIES = {
    "popt": ["popt.h"],
    "confuse": ["confuse.h"],
    "sodium": ["sodium.h"],
    "isal": ["isa-l.h", "isa-l/", "crc.h"],
    "xxhash": ["xxhash.h"],
    "sqlite": ["sqlite3.h"],
    "mariadb": ["mariadb/"],
    "pcap": ["pcap.h", "pcap/"],
    "seccomp": ["seccomp.h"], "cap-ng": ["cap-ng.h"],
    "jansson": ["jansson.h"],
    "rrd": ["rrd.h", "rrd_client.h"],
    "fcgi": ["fcgiapp.h", "fcgi_config.h", "fcgi_stdio.h"],
    "esmtp": ["libesmtp.h", "auth-client.h"],
    "curl": ["curl/"],
    "openssl": ["openssl/"],
    "nettle": ["nettle/"],
}
# Headers of libc and Linux come from these folders or are one of these names.
LIBC_FOLDERS = ("sys/", "net/", "netinet/", "arpa/", "linux/", "netpacket/")
LIBC = set("""assert ctype dirent dlfcn endian err errno fcntl fnmatch getopt glob grp ifaddrs inttypes limits locale math
netdb poll pthread pwd regex sched search semaphore setjmp signal spawn stdalign stdarg stdatomic stdbool stddef stdint stdio
stdlib stdnoreturn string strings syslog termios threads time unistd uchar wchar""".split())

INCLUDE = re.compile(r'\s*#\s*include\s+([<"])([^>"]+)[>"]')
# Text without bounds, a shell, or memory that the stack may not have.
BANNED = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|system|popen|alloca|asctime|ctime|"
                    r"gmtime|localtime|rand|tmpnam|mktemp|usleep)\s*\(")
SPDX = "/* SPDX-License-Identifier: GPL-3.0-or-later */"


def folder_of(name):
    """The entry of FOLDERS that a file falls under, or None for tests."""
    for prefix, folder in (("lib/db", "lib/db"), ("lib/tls", "lib/tls"), ("lib/stream", "lib/tls")):
        if name.startswith(prefix):
            return folder
    fitting = [f for f in FOLDERS if name.startswith(f + "/")]
    return max(fitting, key=len, default=None)


def library_of(header):
    """The library that a system header belongs to; "libc", or None when it is not known."""
    for library, patterns in LIBRARIES.items():
        if any(header == p or (p.endswith("/") and header.startswith(p)) for p in patterns):
            return library
    if header.startswith(LIBC_FOLDERS) or header.removesuffix(".h") in LIBC:
        return "libc"
    return None


def include_fault(name, quote, header):
    """What is wrong with one #include, or None."""
    folder = folder_of(name)
    own, libraries = FOLDERS[folder]
    if quote == '"' or header.startswith("netmon/"):
        if any(header == p or (p.endswith("/") and header.startswith(p)) for p in own):
            return None
        return f"{folder}/ may not include {header}: only {', '.join(own)}"
    library = library_of(header)
    if library == "libc" or library in libraries:
        return None
    return f"{folder}/ may not include <{header}> ({library or 'not a library that netmon knows'})"


def without_comments(text):
    """The text with comments and string contents blanked, line numbers kept."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def faults(name, text):
    """(line, what) for one source."""
    lines = text.splitlines()
    if not lines or lines[0] != SPDX:
        yield 1, "the first line must be the SPDX licence line"
    if len(lines) > 1 and not lines[1].startswith("/*"):
        yield 2, "the second line must begin a comment that says what the unit is for"
    if folder_of(name) is None:
        return
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        what = include_fault(name, *match.groups()) if match else None
        if what:
            yield number, what
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        match = BANNED.search(line)
        if match:
            yield number, f"{match.group(1)}() is not used here"


def sources(named):
    """The named C files, or all of the tree."""
    if named:
        return [n.removeprefix("./") for n in named if n.endswith((".c", ".h"))]
    found = (p.relative_to(TREE) for p in TREE.rglob("*.[ch]"))
    return sorted(str(p) for p in found if p.parts[0] not in ("build", ".git"))


def main():
    bad = 0
    for name in sources(sys.argv[1:]):
        for number, what in faults(name, (TREE / name).read_text(encoding="utf-8")):
            print(f"{name}:{number}: {what}")
            bad = 1
    sys.exit(bad)


main()
