# SPDX-License-Identifier: GPL-3.0-or-later
"""Part `modules`: what classification costs, in instructions a packet (callgrind), and how that grows with the number of
modules. Lists of the first so many of etc/modules, which are those that most of the traffic belongs to: what the others add is
the price of modules that have nothing to do. To get beyond those there are, the sample module is built under more names."""
import re
import shutil
import subprocess

import bench
import mixes
import stages

COUNTS = (10, 25, 50, 100)
# How much more instructions all modules may cost than none, per cent.
LIMITS = {"A": 10, "C": 35}
GROWTH_MIX = "F"
IDLE = """#include <netmon/module.h>
static const struct nm_app apps[] = {{ {id}, "Idle {n}", "Idle", 0x888888, 0x888888 }};
static const struct nm_match matches[] = {{
	{{ .transport = NM_TCP, .port = {port}, .min_len = 8 }},
	{{ .transport = NM_UDP, .min_len = 12, .offset = 4, .len = 4, .pattern = {{ {n}, 1, 2, 3 }} }},
	{{ .transport = NM_TCP, .min_len = 8, .len = 4, .pattern = {{ {n}, 'I', 'D', 'L' }} }},
}};
static enum nm_result
classify(void *c, const struct nm_packet *p, struct nm_call *a, struct nm_verdict *v)
{{
	return NM_NO;
}}
NM_MODULE(idle_{n}) = {{ .abi_version = NM_ABI_VERSION, .size = sizeof(struct nm_module), .name = "idle_{n}",
	.summary = "idle", .n_apps = 1, .n_matches = 3, .apps = apps, .matches = matches, .classify = classify }};
"""


def room(b):
    """Octets on disk that the part needs."""
    return stages.PACKETS[1] * mixes.OCTETS_A_PACKET["A"] * 2


def listed():
    """The names in etc/modules."""
    lines = (bench.TREE / "etc/modules").read_text(encoding="utf-8").splitlines()
    return [name for name in (re.sub(r"#.*", "", line).strip() for line in lines) if name]


def build_idle(b, folder, n):
    """One more module that is asked for nothing that is there; its name, or None without a compiler."""
    source = b.folder / f"idle_{n}.c"
    source.write_text(IDLE.format(n=n, id=1000 + n, port=20000 + n), encoding="ascii")
    done = subprocess.run(["cc", "-std=c11", "-O2", "-w", "-fPIC", "-shared", "-fvisibility=hidden",
                           f"-I{bench.TREE}/lib/include", f"-I{bench.TREE}/probe/include", "-o", folder / f"idle_{n}.so",
                           source], check=False)
    return f"idle_{n}" if done.returncode == 0 else None


def lists(b):
    """{how many: netmonc's options} for each of COUNTS, and for all there are."""
    names = listed()
    folder = b.folder / "modules"
    folder.mkdir(exist_ok=True)
    for name in names:
        shutil.copy(bench.BUILD / "modules" / f"{name}.so", folder)
    most = max(COUNTS)
    idle = [build_idle(b, folder, n) for n in range(max(0, most - len(names)))]
    every = names + [name for name in idle if name]
    for path in folder.iterdir():
        path.chmod(0o644)
    options = {}
    for count in sorted({0, len(names), *COUNTS}):
        path = b.folder / f"modules-{count}"
        path.write_text("\n".join(every[:count]) + "\n", encoding="ascii")
        options[count] = ("--modules", path, "--module-dir", folder)
    return len(names), options


def cost(b, mix, options):
    """Instructions a packet of a mix with these options, or None."""
    found = stages.per_packet(b, mix, *options)
    return sum(found.values()) if found else None


def compare(b, mix, none, every):
    """One line: all modules against none."""
    without, with_all = cost(b, mix, none), cost(b, mix, every)
    if not without or not with_all:
        return
    more = 100 * (with_all / without - 1)
    limit = LIMITS.get(mix)
    goal = f"  at most +{limit} %: {bench.verdict(more <= limit)}" if limit else ""
    b.say(f"  {mix}  {mixes.MIXES[mix][0]:<44}{without:>8,.0f}{with_all:>8,.0f}{more:>+8.1f} %{goal}")
    b.note("modules", mix, {"none": without, "all": with_all, "percent": more})


def measure(b):
    """All against none for each mix, and the growth on one of them."""
    if not shutil.which("valgrind"):
        b.say("modules: valgrind is not installed")
        return
    n, options = lists(b)
    b.say(f"instructions a packet in user space: without modules, with all {n}")
    for mix in ("C",) if b.quick else mixes.MIXES:
        compare(b, mix, options[0], options[n])
    b.say(f"growth with the number of modules, mix {GROWTH_MIX}: instructions a packet")
    for count in sorted(options):
        one = cost(b, GROWTH_MIX, options[count])
        if one:
            b.say(f"  {count:>4} modules{one:>8,.0f}{'  (all there are)' if count == n else ''}")
            b.note("modules", f"growth {count}", one)
