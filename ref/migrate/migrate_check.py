#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
Two hosts as namespaces, a mobile one and a correspondent, and connections between them that are
moved back and forth between two addresses of the mobile by baton-migrate at both. TAP.

    migrate_check.py PATH-OF-BATON-MIGRATE [NAME...]    all tests, or those named
    ... --daemons NAME...                               moved by baton-iked at both, under ESP
"""
import contextlib
import hashlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

MIGRATE = os.path.abspath(sys.argv[1])
PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "migrate_peer.py")
TAG = f"mig{os.getpid()}"
MN, CN = TAG + "m", TAG + "c"
NETS = {4: {"old": "10.9.0.2", "new": "10.9.1.2", "cn": "10.9.2.1", "len": 32},
        6: {"old": "fd09::2", "new": "fd09:1::2", "cn": "fd09:2::1", "len": 128}}
failed = 0
WORK = tempfile.mkdtemp(prefix=TAG)


def ok(good, name, more=""):
    global failed
    if not good:
        failed += 1
        for line in str(more).splitlines():
            print("#", line)
    print(("ok - " if good else "not ok - ") + name, flush=True)
    return good


def run(*command, check=True):
    return subprocess.run(command, check=check, capture_output=True, text=True).stdout


def in_host(host, *command):
    return ["ip", "netns", "exec", host, *command]


def start(host, *command, **options):
    options.setdefault("stdout", subprocess.PIPE)
    return subprocess.Popen(in_host(host, *command), text=True, **options)


def remove_host(host):
    for pid in run("ip", "netns", "pids", host, check=False).split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    run("ip", "netns", "del", host, check=False)


class World:
    """The two hosts. Both of the mobile's addresses lead to it; `at` says which is in use."""

    def __enter__(self):
        for host in (MN, CN):
            run("ip", "netns", "add", host)
            run("ip", "-n", host, "link", "set", "lo", "up")
        run("ip", "link", "add", "v0", "netns", MN, "type", "veth", "peer", "name", "v1", "netns", CN)
        run("ip", "-n", MN, "link", "set", "v0", "up")
        run("ip", "-n", CN, "link", "set", "v1", "up")
        for version, n in NETS.items():
            ip_m, ip_c = (["ip", f"-{version}", "-n", h] for h in (MN, CN))
            nodad = ["nodad"] if version == 6 else []
            for which in ("old", "new"):
                run(*ip_m, "addr", "add", f"{n[which]}/{n['len']}", "dev", "v0", *nodad)
                run(*ip_c, "route", "add", f"{n[which]}/{n['len']}", "dev", "v1", "src", n["cn"], check=False)
            run(*ip_c, "addr", "add", f"{n['cn']}/{n['len']}", "dev", "v1", *nodad)
            for which in ("old", "new"):
                run(*ip_c, "route", "replace", f"{n[which]}/{n['len']}", "dev", "v1", "src", n["cn"])
        self.at = {4: "old", 6: "old"}
        self.use(4)
        self.use(6)
        return self

    def __exit__(self, *_):
        for host in (MN, CN):
            remove_host(host)
        run(MIGRATE, "--recover")  # journals of processes that were killed with their host, whose number others get

    def use(self, version):
        """New connections of the mobile's begin at the address in use."""
        n = NETS[version]
        run("ip", f"-{version}", "-n", MN, "route", "replace", f"{n['cn']}/{n['len']}", "dev", "v0",
            "src", n[self.at[version]])

    daemons = None
    mover = (MIGRATE,)

    def move(self, version=4, more_mn=(), more_cn=(), between=None):
        """One change of address, both ends; `between` when the mobile is ready. The two reports."""
        if self.daemons:
            return self.daemons.move()
        n = NETS[version]
        old, new = n[self.at[version]], n["old" if self.at[version] == "new" else "new"]
        mn = start(MN, *self.mover, "--from", old, "--to", new, "--peer", n["cn"], "--wait", "--json",
                   *more_mn, stdin=subprocess.PIPE)
        ready = mn.stdout.readline()
        if between:
            between(self)
        cn = start(CN, *self.mover, "--local", n["cn"], "--peer-from", old, "--peer-to", new, "--json",
                   *more_cn)
        report_cn = cn.communicate(timeout=60)[0]
        if ready != "ready\n":
            return json.loads(ready), json.loads(report_cn)
        report_mn = mn.communicate("go\n", timeout=60)[0]
        self.at[version] = "new" if new == n["new"] else "old"
        self.use(version)
        return json.loads(report_mn.removeprefix("ready\n")), json.loads(report_cn)


class Daemons:
    """baton-iked at both hosts, in the guest with ESP in transport mode between them: an address change
    is one command to the mobile's, and the reports are events of both."""

    HEAD = """\
control: {work}/{name}.sock
events: {work}/{name}.events
install: {esp}
sockets: true
{more}connections:
"""
    CONNECTION = """\
  - name: {other}
    local_id: {name}.example
    remote_id: {other}.example
    psk: a shared secret
    transport: {esp}
    address_change: true
{more}"""

    BETWEEN = 2.2  # seconds: a change is two requests, and a correspondent takes one a second (§5.5)

    def __init__(self, world, correspondents=None, settings="", connection=""):
        """Correspondents: name, host, address; `settings` and `connection` are more of the mobile's."""
        self.world = world
        self.running = {}
        self.asked = 0
        self.correspondents = correspondents or [("cn", CN, NETS[4]["cn"])]
        here = NETS[4][world.at[4]]
        for name, host, _ in self.correspondents:
            self.begin(name, host, [("mn", "")])
        self.begin("mn", MN, [(name, f"    start: true\n    local: {here}\n    remote: {address}\n{connection}")
                              for name, _, address in self.correspondents], settings)
        for name, _, _ in self.correspondents:
            self.wait(lambda: self.events(name, "ike_child_up") and
                      self.events("mn", "ike_child_up", connection=name), f"a Child SA at mn and {name}")

    def begin(self, name, host, connections, settings=""):
        esp = "true" if "BATON_GUEST" in os.environ else "false"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(WORK, name + ".events"))
        with open(os.path.join(WORK, name + ".yaml"), "w") as f:
            f.write(self.HEAD.format(work=WORK, name=name, esp=esp, more=settings))
            for other, more in connections:
                f.write(self.CONNECTION.format(name=name, other=other, esp=esp, more=more))
        with open(os.path.join(WORK, name + ".log"), "w") as log:
            self.running[name] = start(host, os.path.join(os.path.dirname(MIGRATE), "baton-iked"), "-c", f.name,
                                       stdout=subprocess.DEVNULL, stderr=log)
        self.wait(lambda: self.events(name, "ready"), f"baton-iked at {name} is ready")

    def wait(self, condition, what, seconds=60):
        end = time.time() + seconds
        while not condition():
            if time.time() > end:
                raise TimeoutError(f"never came: {what}\n" + self.last_words())
            time.sleep(0.02)

    def last_words(self):
        """What the daemons said last, cut to a line's length."""
        words = []
        for name in self.running:
            for kind in ("events", "log"):
                path = os.path.join(WORK, f"{name}.{kind}")
                if os.path.exists(path):
                    words += [f"{name}: {line[:200].rstrip()}" for line in open(path).readlines()[-8:]]
        return "\n".join(words)

    @staticmethod
    def events(name, event, **what):
        """Those of that kind, or those whose values are these as well."""
        path = os.path.join(WORK, name + ".events")
        if not os.path.exists(path):
            return []
        lines = [line for line in open(path) if line.endswith("\n") and f'"event":"{event}"' in line]
        if not what:
            return lines
        return [line for line in lines if all(json.loads(line).get(k) == v for k, v in what.items())]

    def command(self, name, command, **arguments):
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(60)
            control.connect(os.path.join(WORK, name + ".sock"))
            control.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
            answer = json.loads(control.makefile().readline())
        if not answer["ok"]:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def ask(self):
        """Tells the mobile's that it is at its other address."""
        world, n = self.world, NETS[4]
        which = "old" if world.at[4] == "new" else "new"
        time.sleep(max(0, self.asked + self.BETWEEN - time.time()))
        self.asked = time.time()
        self.command("mn", "move", local=n[which])
        world.at[4] = which

    def move(self):
        before = {name: len(self.events(name, "sockets_moved")) for name in ("mn", "cn")}
        self.ask()
        for name in before:
            if self.events(name, "ike_change_refused"):
                raise RuntimeError("refused\n" + self.last_words())
            self.wait(lambda: len(self.events(name, "sockets_moved")) > before[name], f"sockets moved at {name}")
        self.world.use(4)
        return tuple(json.loads(self.events(name, "sockets_moved")[-1]) for name in ("mn", "cn"))

    def signal(self, name, number):
        os.kill(self.running[name].pid, number)
        if number == signal.SIGSTOP:
            self.wait(lambda: ") T " in open(f"/proc/{self.running[name].pid}/stat").read(), f"{name} stands still")

    def end(self):
        for daemon in self.running.values():
            daemon.terminate()
            daemon.send_signal(signal.SIGCONT)
            daemon.wait()


def serving(mode, port, version=4):
    server = start(CN, PEER, "serve", NETS[version]["cn"], str(port), mode)
    assert server.stdout.readline() == "listening\n"
    return server


def listening(*ports, connections=0):
    """Waits until somebody at the correspondent listens at all of them; or has so many connections there."""
    for _ in range(200):
        there = run(*in_host(CN, "ss", "-Htn" if connections else "-Htln"))
        if all(len(re.findall(rf":{port}\s", there)) >= max(1, connections) for port in ports):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens, or has {connections} connections, at {ports}:\n{there}")


def appeared(name, seconds=120):
    """Waits until somebody has made that file."""
    end = time.time() + seconds
    while not os.path.exists(os.path.join(WORK, name)):
        if time.time() > end:
            raise TimeoutError(f"{name}: no such file in {seconds} s")
        time.sleep(0.1)


def accepted(port, host=None):
    """Waits until somebody at the correspondent, or at that host, has accepted a connection at it."""
    for _ in range(400):
        there = run(*in_host(host or CN, "ss", "-Htnp", "state", "established"))
        if any(f":{port} " in line and "users:" in line for line in there.splitlines()):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nobody has accepted a connection at {port}:\n{there}")


def ended(process, seconds=30):
    """The last line of a program that was asked to end."""
    out = process.communicate(timeout=seconds)[0]
    return json.loads(out.strip().splitlines()[-1])


def brief(reports):
    return [(r["moved"], r["recovered"], r["why"], [(s["fate"], s["state"], s["program"], s["why"])
                                                    for s in r["sockets"] if s["fate"] != "moved"]) for r in reports]


def none_failed(reports):
    """Every socket that a program has was moved; what others left to end may have no owner."""
    return all(r["moved"] and not r["stayed"] and not r["reset"] and not r["why"] for r in reports)


def stop_pair(client, server):
    """Ends both directions of a pump; what both say."""
    for p in (client, server):
        os.kill(p.pid, signal.SIGUSR1)
    said = ended(client)
    line = server.stdout.readline()
    server.kill()
    server.wait()
    return said, json.loads(line)


def whole(a, b):
    """Nothing wrong, nothing lost, nothing twice."""
    return (a["wrong"] is None and b["wrong"] is None and not a["error"] and not b["error"] and
            a["sent"] == b["received"] > 0 and b["sent"] == a["received"] > 0)


def load(world, mode, moves, version=4, **kill):
    port = 5000 + hash((mode, version)) % 100
    server = serving(mode, port, version)
    client = start(MN, PEER, "call", NETS[version]["cn"], str(port), mode)
    accepted(port)
    time.sleep(0.3)
    reports = []
    for _ in range(moves):
        reports += world.move(version, **kill)
        time.sleep(0.05)
    at = NETS[version][world.at[version]]
    said = stop_pair(client, server)
    return reports, said, said[0]["name"] == at


# --- the tests ------------------------------------------------------------------------------------

def test_load(world):
    for mode in ("block", "poll", "select", "epoll"):
        reports, said, there = load(world, mode, 3)
        queues = sum(s["unread"] + s["unacknowledged"] + s["unsent"] for r in reports for s in r["sockets"])
        ok(none_failed(reports) and whole(*said) and there and queues > 0,
           f"full load in both directions, waiting by {mode}: 3 moves, "
           f"{said[0]['sent'] + said[0]['received']} octets, {queues} of them in queues",
           f"{said}\n{[r for r in reports if not r['moved']]}")


def test_ipv6(world):
    reports, said, there = load(world, "poll", 5, 6)
    ok(none_failed(reports) and whole(*said) and there, "IPv6 under full load: 5 moves", f"{said}\n{reports}")


def echo_pair(version=4, port=5300):
    server = serving("echo", port, version)
    pid = os.getpid()
    return server, port


class Inside:
    """This process, as a program in the mobile's namespace, with descriptors of its own."""

    def __init__(self, host):
        self.host = host

    def __enter__(self):
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.host}", os.O_RDONLY)
        setns(there)
        os.close(there)
        return self

    def __exit__(self, *_):
        setns(self.home)
        os.close(self.home)


def setns(fd):
    import ctypes
    if ctypes.CDLL(None, use_errno=True).setns(fd, 0x40000000) < 0:
        raise OSError(ctypes.get_errno(), "setns")


PROGRAM_HALF = r"""
import socket, sys, os, time
kind, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
def read_all(s):
    data = b""
    while piece := s.recv(65536): data += piece
    return data
if kind == "mn":
    s = socket.create_connection((host, port))
else:
    l = socket.create_server((host, port)); print("listening", flush=True); s = l.accept()[0]
which = sys.argv[4]          # who closes its half first, and when, relative to the moves
text = (kind * 50000).encode()
first = which.split("-")[0]
if kind == first:
    s.sendall(text); s.shutdown(socket.SHUT_WR)
print("half", flush=True); sys.stdin.readline()      # moves happen here
if kind == first:
    got = read_all(s)
else:
    if which.endswith("both"):
        pass
    got = read_all(s); s.sendall(text); s.shutdown(socket.SHUT_WR)
other = "cn" if kind == "mn" else "mn"
print(len(got), got == (other * 50000).encode(), s.getsockname()[0], flush=True)
"""


def test_half_closed(world):
    """Whoever has sent its FIN is in FIN-WAIT-2, the other, which has not read yet, in CLOSE-WAIT
    with data before the FIN."""
    for i, first in enumerate(("mn", "cn")):
        port = str(5400 + i)
        cn = start(CN, "python3", "-c", PROGRAM_HALF, "cn", NETS[4]["cn"], port, first, stdin=subprocess.PIPE)
        cn.stdout.readline()
        mn = start(MN, "python3", "-c", PROGRAM_HALF, "mn", NETS[4]["cn"], port, first, stdin=subprocess.PIPE)
        mn.stdout.readline(), cn.stdout.readline()
        reports = []
        for _ in range(3):
            reports += world.move()
        states = {s["state"] for r in reports for s in r["sockets"]}
        cn.stdin.write("\n")
        cn.stdin.flush()
        out_mn = mn.communicate("\n", timeout=20)[0].split()
        out_cn = cn.communicate(timeout=20)[0].split()
        ok(none_failed(reports) and out_mn[:2] == ["100000", "True"] and out_cn[:2] == ["100000", "True"] and
           "close-wait" in states and ("fin-wait-2" in states or "fin-wait-1" in states),
           f"half-closed by the {'mobile' if first == 'mn' else 'correspondent'}: {', '.join(sorted(states))}",
           f"{out_mn} {out_cn} {reports}")


PROGRAM_SHARED = r"""
import os, socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
children = []
for i in range(3):
    r, w = os.pipe()
    if (pid := os.fork()) == 0:
        for _ in range(100):
            if not os.read(r, 1): break
            s.sendall(b"%d" % i)
        os._exit(0)
    os.close(r); children.append(w)
print("ready", flush=True)
for line in sys.stdin:
    for w in children: os.write(w, b"x")
    got = b""
    while len(got) < 3: got += s.recv(10)
    print(sorted(got.decode()), flush=True)
"""


def test_shared(world):
    server, port = echo_pair(port=5310)
    p = start(MN, "python3", "-c", PROGRAM_SHARED, NETS[4]["cn"], str(port), stdin=subprocess.PIPE, bufsize=1)
    p.stdout.readline()
    good, owners = True, []
    for _ in range(4):
        mn, cn = world.move()
        owners.append(mn["moved"])
        p.stdin.write("go\n")
        p.stdin.flush()
        good = good and p.stdout.readline() == "['0', '1', '2']\n"
    p.kill()
    server.kill()
    ok(good and owners == [1] * 4, "a socket that four processes share", owners)


def test_udp(world):
    """A connected socket at both ends, a datagram in the queue at the move."""
    with Inside(CN):
        b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        b.bind((NETS[4]["cn"], 6000))
    with Inside(MN):
        a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        a.connect((NETS[4]["cn"], 6000))
    a.send(b"first")
    b.connect(b.recvfrom(10)[1])
    a.settimeout(2)
    b.settimeout(2)
    port, good = a.getsockname()[1], True
    # This process is what has them, so it has to do the moves from another.
    for i in range(4):
        b.send(b"before %d" % i)
        time.sleep(0.05)
        at = NETS[4]["new" if world.at[4] == "old" else "old"]
        reports = world.move()
        good = good and none_failed(reports) and a.recv(20) == b"before %d" % i
        a.send(b"up %d" % i)
        b.send(b"down %d" % i)
        good = good and b.recv(20) == b"up %d" % i and a.recv(20) == b"down %d" % i
        good = good and a.getsockname() == (at, port) and b.getpeername() == (at, port)
    ok(good, "connected UDP sockets, with a datagram waiting: 4 moves", reports)
    a.close()
    b.close()


def test_limits(world):
    """What cannot be moved stays as it was, and the report says why."""
    server, port = echo_pair(port=5320)
    here = NETS[4][world.at[4]]
    with Inside(MN):
        bound = socket.socket()
        bound.bind((here, 6100))
        bound.connect((NETS[4]["cn"], port))
        listener = socket.create_server((here, 6200))
    with Inside(CN):
        waiting = socket.create_connection((here, 6200))
    bound.sendall(b"one")
    bound.settimeout(2)
    first = bound.recv(10)
    mn, _ = world.move(more_cn=("--spare", str(server.pid)))
    stays = {s["local_port"]: s for s in mn["sockets"]}
    ok(stays[6100]["fate"] == "stayed" and "bound" in stays[6100]["why"],
       "a socket bound to address and port stays, and the report says so", mn)
    ok(stays[6200]["fate"] == "no-owner" and "accepted" in stays[6200]["why"],
       "a connection that waits to be accepted has no owner, and the report says so", mn)
    bound.sendall(b"two")
    ok(first == b"one" and bound.recv(10) == b"two", "what stayed goes on at the old addresses")
    accepted = listener.accept()[0]
    ok(accepted.getsockname() == (here, 6200), "the listening socket stays")
    for s in (bound, listener, waiting, accepted):
        s.close()
    server.kill()
    time.sleep(0.1)
    world.move()


def echo_rounds(sock, count, text):
    for i in range(count):
        want = b"%s %d" % (text, i)
        sock.sendall(want)
        have = b""
        while len(have) < len(want):
            piece = sock.recv(100)
            if not piece:
                return False
            have += piece
        if have != want:
            return False
    return True


def test_reused(world):
    """Between the look at descriptors and the move a program closes one and gets its number for another connection,
    and one of two processes closes a connection that they share."""
    server, port = echo_pair(port=5325)
    with Inside(MN):
        first, shared = (socket.create_connection((NETS[4]["cn"], port)) for _ in range(2))
    assert echo_rounds(first, 1, b"first") and echo_rounds(shared, 1, b"shared")
    child = subprocess.Popen([sys.executable, "-c", PROGRAM_KEEPS, str(shared.fileno())], pass_fds=[shared.fileno()],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    child.stdout.readline()
    second = None

    def reuse(_):
        nonlocal second
        time.sleep(1)  # owners are known by then
        number = first.fileno()
        first.close()
        with Inside(MN):
            second = socket.create_connection((NETS[4]["cn"], port))
        assert second.fileno() == number
        shared.close()

    reports = world.move(between=reuse)
    second.settimeout(5)
    at = second.getsockname()
    good = none_failed(reports) and at[0] == NETS[4][world.at[4]] and echo_rounds(second, 3, b"second")
    mine = [s for s in reports[0]["sockets"] if s["local_port"] == at[1]]
    ok(good and [s["fate"] for s in mine] == ["moved"],
       "a descriptor's number taken by another connection before the move: that one moves, as what it is", brief(reports))
    out = child.communicate("go\n", timeout=20)[0].strip()
    ok(out == f"shared {NETS[4][world.at[4]]}", "a connection closed by one of the two that had it moves with the other", out)
    second.close()
    server.kill()


PROGRAM_KEEPS = r"""
import socket, sys
s = socket.socket(fileno=int(sys.argv[1]))
s.settimeout(5)
print("there", flush=True); sys.stdin.readline()
s.sendall(b"shared")
print(s.recv(100).decode(), s.getsockname()[0])
"""


def test_many(world, count=1000):
    server, port = echo_pair(port=5330)
    many = start(MN, PEER, "many", NETS[4]["cn"], str(port), str(count))
    good = many.stdout.readline() == f"{count}\n"
    lines = []
    for _ in range(2):
        mn, cn = world.move()
        good = good and mn["moved"] == cn["moved"] == count
        if world.daemons:
            lines.append(f"from the new address until both ends had moved: "
                         f"{1000 * (max(mn['t'], cn['t']) - world.daemons.asked):.1f} ms")
        for name, r in (("mobile", mn), ("correspondent", cn)):
            lines.append(f"{name}: last of {r['moved']} moved after {1000 * r['moved_s']:.1f} ms, "
                         f"{1e6 * sum(s['took'] for s in r['sockets']) / count:.0f} us each, programs stood "
                         f"still for {1000 * r['frozen_s']:.1f} ms")
        os.kill(many.pid, signal.SIGUSR1)
        good = good and many.stdout.readline() == f"{count}\n"
    many.kill()
    server.kill()
    ok(good, f"{count} connections move in one change, twice, and all answer", lines)
    for line in lines:
        print("#", line)


STEPS = ["find", "hold", "freeze", "repair", "snapshot", "disconnect", "bind", "connect", "queues", "release",
         "thaw", "let-go", "retransmit"]


def test_killed(world):
    """The working process dies at each step, at either end: the other one finishes."""
    server = serving("poll", 5340)
    client = start(MN, PEER, "call", NETS[4]["cn"], "5340", "poll")
    accepted(5340)
    good = {"mn": [], "cn": []}
    for end in good:
        for step in STEPS:
            reports = world.move(**{f"more_{end}": ("--kill-at", step)})
            r = reports[end == "cn"]
            if none_failed(reports) and (r["recovered"] or step == "retransmit"):
                good[end].append(step)
            else:
                print("#", end, step, brief(reports))
    said = stop_pair(client, server)
    for end, name in (("mn", "mobile"), ("cn", "correspondent")):
        ok(good[end] == STEPS, f"the mover at the {name} killed at each of {len(STEPS)} steps: the watcher finishes",
           [s for s in STEPS if s not in good[end]])
    ok(whole(*said), f"not an octet of {said[0]['sent'] + said[0]['received']} lost, wrong or doubled", said)


def state(pid):
    """Of a process, as in ps(1)."""
    return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0]


def test_signalled(world):
    """Without CAP_SYS_ADMIN there are no groups to freeze: owners stand still by SIGSTOP, each of their threads,
    and run on whoever is killed meanwhile."""
    count = 24
    world.mover = ("setpriv", "--bounding-set=-sys_admin", MIGRATE)
    server, port = echo_pair(port=5335)
    program = start(MN, PEER, "threads", NETS[4]["cn"], str(port), str(count))
    said, reports = [json.loads(program.stdout.readline())], []
    busy = [subprocess.Popen(["/bin/sh", "-c", "while :; do :; done"]) for _ in range(os.cpu_count())]
    for _ in range(4):
        reports += world.move()
        os.kill(program.pid, signal.SIGUSR1)
        said.append(json.loads(program.stdout.readline()))
    for p in busy:
        p.kill()
        p.wait()
    ok(all(s == {"answered": count, "wrong": []} for s in said) and none_failed(reports) and
       all(r["by_signal"] == r["owners"] > 0 for r in reports),
       f"no groups to freeze: {count} threads that wait in recv are stopped by SIGSTOP, 4 moves", f"{said}\n{brief(reports)}")
    program.kill()
    server.kill()

    reports, said, there = load(world, "block", 4)
    ok(none_failed(reports) and whole(*said) and there and all(r["by_signal"] == r["owners"] > 0 for r in reports),
       f"the same under full load: 4 moves, {said[0]['sent'] + said[0]['received']} octets", f"{said}\n{brief(reports)}")
    signalled_killed(world)
    world.mover = World.mover


def signalled_killed(world):
    server = serving("poll", 5345)
    client = start(MN, PEER, "call", NETS[4]["cn"], "5345", "poll")
    accepted(5345)
    good, steps = [], STEPS[2:-1]
    for step in steps:
        reports = world.move(more_mn=("--kill-at", step))
        if none_failed(reports) and reports[0]["recovered"] and reports[0]["by_signal"] and state(client.pid) != "T":
            good.append(step)
    ok(good == steps, f"the mover killed at each of {len(steps)} steps: the watcher finishes, the program runs", good)

    stood, ran = [], []
    for step in STEPS[3:-2]:  # programs stand still, and nobody is there to continue them
        n = NETS[4]
        old, new = n[world.at[4]], n["old" if world.at[4] == "new" else "new"]
        mn = start(MN, *world.mover, "--from", old, "--to", new, "--peer", n["cn"], "--wait", "--json", "--kill-at", step,
                   "--kill-both", stdin=subprocess.PIPE)
        mn.stdout.readline()
        start(CN, *world.mover, "--local", n["cn"], "--peer-from", old, "--peer-to", new, "--json").communicate(timeout=30)
        mn.communicate("go\n", timeout=30)
        stood.append(state(client.pid) == "T")
        said = run(*in_host(MN, *world.mover, "--recover"))
        ran.append(said.startswith("1 ") and state(client.pid) != "T")
        world.at[4] = "new" if new == n["new"] else "old"
        world.use(4)
    ok(all(stood) and all(ran), f"both its processes killed at each of {len(stood)} steps: the program is stopped until "
       "--recover, and then runs", f"{stood} {ran}")

    os.kill(client.pid, signal.SIGSTOP)
    reports = world.move()
    still = state(client.pid) == "T"
    os.kill(client.pid, signal.SIGCONT)
    ok(still and none_failed(reports), "a program that somebody else had stopped is moved and stays stopped", brief(reports))
    said = stop_pair(client, server)
    ok(whole(*said) and said[0]["name"] == NETS[4][world.at[4]],
       f"not an octet of {said[0]['sent'] + said[0]['received']} lost, wrong or doubled", said)


def test_both_killed(world):
    """Both of its processes die: everything stands still until the next one finishes."""
    server = serving("poll", 5350)
    client = start(MN, PEER, "call", NETS[4]["cn"], "5350", "poll")
    accepted(5350)
    n, good, recovered = NETS[4], [], []
    for step in STEPS[2:]:
        old, new = n[world.at[4]], n["old" if world.at[4] == "new" else "new"]
        mn = start(MN, MIGRATE, "--from", old, "--to", new, "--peer", n["cn"], "--wait", "--json",
                   "--kill-at", step, "--kill-both", stdin=subprocess.PIPE)
        ready = mn.stdout.readline()
        cn = start(CN, MIGRATE, "--local", n["cn"], "--peer-from", old, "--peer-to", new, "--json")
        cn.communicate(timeout=30)
        out = mn.communicate("go\n", timeout=30)[0]
        said = run(*in_host(MN, MIGRATE, "--recover"))
        recovered.append((step, said.strip(), json.loads(out)["why"]))
        world.at[4] = "new" if new == n["new"] else "old"
        world.use(4)
        if (said.startswith("1 ")) == (step not in ("retransmit",)):
            good.append(step)
        time.sleep(0.1)
    said = stop_pair(client, server)
    ok(good == STEPS[2:] and whole(*said), "both processes of a move killed at each step: --recover finishes",
       f"{recovered}\n{said}")


BAD_CALLS = re.compile(r"= -1 E(?!AGAIN|INPROGRESS|NOENT|NOTTY|NOPROTOOPT|OPNOTSUPP|ACCES|XIST|NXIO|NOTDIR|CHILD|RESTART)")


def test_programs(world, changes=20):
    """curl, nc, ssh and iperf3, unmodified, under strace, over so many changes in a row, and no longer."""
    n = NETS[4]
    traces = []
    slow = "BATON_GUEST" in os.environ  # its processor is emulated, and ESP takes 100 instructions an octet
    rate = ["-b", "400K", "-l", "4K", "--pacing-timer", "50000"] if slow else ["-b", "100M"]

    def traced(name, *command, **more):
        path = os.path.join(WORK, name + ".strace")
        traces.append((name, path))
        return start(MN, "strace", "-f", "-ttt", "-e", "trace=network,read,write,poll,select,pselect6,ppoll,epoll_wait",
                     "-e", "signal=none", "-o", path, *command, **more)

    web, echo = serving("web-slow" if slow else "web", 8000), serving("echo", 5360)
    servers = [web, echo]
    curl = traced("curl", "curl", "-s", "-o", os.path.join(WORK, "got"), f"http://{n['cn']}:8000/")
    nc = traced("nc", "nc", "-N", n["cn"], "5360", stdin=subprocess.PIPE, bufsize=0)
    python = traced("python", sys.executable, PEER, "talk", n["cn"], "5360", "epoll")
    running = {"curl": curl, "nc": nc, "python": python}
    if os.path.exists("/usr/sbin/sshd"):
        running["ssh"] = start_ssh(traced, servers, n["cn"], 0.1 if slow else 0.01)
        appeared("up")
    if os.path.exists("/usr/bin/iperf3"):
        for i, back in enumerate(([], ["-R"])):
            servers.append(start(CN, "iperf3", "-s", "-1", "-p", str(5370 + i), stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL))
        listening(5370, 5371)
        for i, back in enumerate(([], ["-R"])):
            running["iperf3" + "".join(back)] = traced("iperf3" + "".join(back), "iperf3", "-c", n["cn"], "-p",
                                                       str(5370 + i), "-t", "600", *rate, "-J", *back)
        listening(5370, 5371, connections=2)  # one of them for its own affairs
    time.sleep(0.5)
    good, lines, alive, began = [], [], 0, time.time()
    for i in range(changes):
        reports = world.move()
        good.append(none_failed(reports))
        alive += all(p.poll() is None for p in running.values())
        nc.stdin.write(f"line {i}\n")
        lines.append(nc.stdout.readline() == f"line {i}\n")
        time.sleep(0.05)
    over = time.time()
    print(f"# {changes} changes in {over - began:.1f} s")
    time.sleep(5)  # what goes on after the last change is seen by that
    ok(all(good) and alive == changes, f"{changes} changes of address while {', '.join(running)} all run",
       f"{alive} changes with all of them\n{brief(reports)}")
    nc.stdin.close()
    ok(all(lines), "nc: every line came back")
    for pid in children("migrate_peer", "talk"):
        os.kill(pid, signal.SIGUSR1)
    said = ended(python)
    ok(said["wrong"] is None and not said["error"] and said["sent"] == said["received"] > 0,
       f"a Python program that waits by epoll: {said['received']} octets came back, each the right one", said)
    os.kill(web.pid, signal.SIGUSR1)
    open(os.path.join(WORK, "stop"), "w").close()
    for pid in children("iperf3", "-c"):
        os.kill(pid, signal.SIGINT)
    curl.wait(60)
    size = int(web.stdout.readline())
    period = random.Random(7).randbytes(65521)
    sent = hashlib.sha256(period * (size // len(period)) + period[:size % len(period)]).hexdigest()
    got = hashlib.sha256(open(os.path.join(WORK, "got"), "rb").read()).hexdigest()
    ok(curl.returncode == 0 and got == sent and size > 0, f"curl: {size} octets, checksum right", curl.returncode)
    for name in [k for k in running if k.startswith("iperf3")]:
        result = json.loads(running[name].communicate(timeout=60)[0])
        octets = sum(i["sum"]["bytes"] for i in result["intervals"])
        began = result["start"]["timestamp"]["timesecs"]
        after = sum(i["sum"]["bytes"] for i in result["intervals"] if began + i["sum"]["start"] > over)
        # how many depends on what else the machine does; a figure, no verdict
        print(f"# {name}: {sum(not i['sum']['bytes'] for i in result['intervals'])} seconds without an octet")
        ok(octets > 50_000 * changes and "interrupt" in result["error"] and after > 0,
           f"{name}: {octets} octets, {after} after the last change, until it was told to end", str(result)[-400:])
    if "ssh" in running:
        out = running["ssh"].communicate(timeout=60)[0].split()
        ok(running["ssh"].returncode == 0 and len(out) > 20 and out == [str(i) for i in range(len(out))],
           f"ssh: {len(out)} lines of a remote program, in order", out[-20:])
    nc.wait(10)
    for name, path in traces:
        # How a program ends its connections afterwards is its own affair.
        bad = [line for line in open(path, errors="replace")
               if BAD_CALLS.search(line) and began < float(line.split()[1]) < over]
        # signal(7): of all that waits, epoll_wait alone does not go on by itself.
        woken = [line for line in bad if re.search(r"epoll_wait.* = -1 EINTR", line)]
        bad = [line for line in bad if line not in woken]
        ok(not bad, f"{name}: no system call failed (strace)", "".join(bad[:5]))
        if woken:
            print(f"# {name}: epoll_wait was interrupted {len(woken)} times in {changes} changes")
    for s in servers:
        s.kill()


def test_few(world):
    """The same programs over five changes."""
    test_programs(world, 5)


def children(program, word):
    """Processes of the mobile's with that word in their command line; strace stands before them."""
    found = []
    for pid in run("ip", "netns", "pids", MN).split():
        with contextlib.suppress(FileNotFoundError):
            words = open(f"/proc/{pid}/cmdline").read().split("\0")
            if "strace" not in words[0] and program in " ".join(words) and word in words:
                found.append(int(pid))
    return found


def start_ssh(traced, servers, address, pause):
    """An sshd of our own with keys of our own; the remote program counts slowly."""
    for name in ("host", "user"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(WORK, name))
    keys = os.path.join(WORK, "keys")
    os.link(os.path.join(WORK, "user.pub"), keys)
    os.makedirs("/run/sshd", exist_ok=True)
    servers.append(start(CN, "/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-p", "2222", "-h",
                         os.path.join(WORK, "host"), "-o", f"AuthorizedKeysFile={keys}", "-o", "StrictModes=no",
                         "-o", "UsePAM=no", "-o", f"PidFile={WORK}/sshd.pid", stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL))
    listening(2222)
    return traced("ssh", "ssh", "-F", "none", "-p", "2222", "-i", os.path.join(WORK, "user"), "-o",
                  "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
                  f"root@{address}", f"touch {WORK}/up; i=0; until [ -e {WORK}/stop ]; do echo $i; i=$((i+1)); sleep {pause}; done")


KEY = "0x" + "5a" * 32


def esp_state(verb, mobile):
    """The two SAs and the policies between the correspondent and that address, at both hosts: ESP in
    transport mode with null encryption, so that it can be seen what is in it."""
    n = NETS[4]
    first = 0x5000 + 2 * (mobile == n["new"])
    for host in (MN, CN):
        for source, target, spi in ((mobile, n["cn"], first), (n["cn"], mobile, first + 1)):
            out = (host == MN) == (source == mobile)
            names = ["src", source, "dst", target]
            state = ["ip", "-n", host, "xfrm", "state", verb, *names, "proto", "esp", "spi", hex(spi)]
            policy = ["ip", "-n", host, "xfrm", "policy", verb, *names, "dir", "out" if out else "in"]
            if verb == "add":
                run(*state, "mode", "transport", "reqid", "7", "replay-window", "32", "enc", "ecb(cipher_null)", "",
                    "auth-trunc", "hmac(sha256)", KEY, "128")
                run(*policy, "tmpl", "proto", "esp", "mode", "transport", "reqid", "7")
            else:
                run(*policy)
                run(*state)


def test_esp(world):
    """Policies that demand ESP before, during and after: the new ones are there before the move, the
    old ones go after it."""
    esp_state("add", NETS[4][world.at[4]])
    wire = start(MN, "tcpdump", "-n", "-i", "v0", "-U", "-w", os.path.join(WORK, "wire.pcap"), stderr=subprocess.DEVNULL)
    time.sleep(1)
    server, port = echo_pair(port=5390)
    with Inside(CN):
        listener = socket.create_server((NETS[4]["cn"], 5391))
    with Inside(MN):
        sock = socket.create_connection((NETS[4]["cn"], port))
        half = socket.create_connection((NETS[4]["cn"], 5391))
    other = listener.accept()[0]
    for s in (sock, half, other):
        s.settimeout(20)
    good = echo_rounds(sock, 5, b"before")
    half.sendall(b"the rest")
    half.shutdown(socket.SHUT_WR)
    time.sleep(0.5)
    reports = []
    for i in range(4):
        before, after = (NETS[4][w] for w in (("old", "new") if world.at[4] == "old" else ("new", "old")))
        reports += world.move(between=lambda _: esp_state("add", after))
        esp_state("delete", before)
        good = good and echo_rounds(sock, 5, b"move %d" % i)
    states = {s["state"] for r in reports for s in r["sockets"]}
    got = [other.recv(100), other.recv(100)]
    other.sendall(b"answer")
    other.close()
    got += [half.recv(100), half.recv(100)]
    wire.terminate()
    wire.wait()
    seen = run("tcpdump", "-nr", os.path.join(WORK, "wire.pcap"), "-q", check=False)
    clear = [line for line in seen.splitlines() if "tcp" in line.lower()]
    ok(good and none_failed(reports), "ESP in transport mode: 4 moves, SAs with them", brief(reports))
    ok(got == [b"the rest", b"", b"answer", b""] and {"close-wait", "fin-wait-2"} <= states,
       "half-closed inside ESP", f"{states} {got}")
    ok("ESP" in seen and not clear, "not a segment of TCP outside ESP on the wire", "\n".join(clear[:5]))
    for end, r in (("mobile", reports[-2]), ("correspondent", reports[-1])):
        print(f"# {end}: stood still for {1e3 * r['frozen_s']:.2f} ms, all running after {1e3 * r['finished_s']:.2f} ms, "
              f"{r['held']} packets waited")
    for s in (sock, half, listener):
        s.close()
    server.kill()
    esp_state("delete", NETS[4][world.at[4]])


def late_processes(world, seconds):
    """The processes that move the correspondent's sockets do nothing for so long."""
    own = world.daemons.running["cn"].pid
    pids = [int(pid) for pid in run("ip", "netns", "pids", CN).split()
            if int(pid) != own and "baton-iked" in open(f"/proc/{pid}/cmdline").read()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)

    def go_on():
        time.sleep(seconds)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    threading.Thread(target=go_on).start()


def test_order(world):
    """By the daemons, without ESP, on a way of no length: the correspondent holds packets before it answers,
    however long that takes, so nobody tells the mobile that there is no such connection."""
    run(*in_host(MN, "nft", "add table inet seen; add chain inet seen in { type filter hook prerouting priority -400; };"
                 "add rule inet seen in tcp flags & rst == rst counter"))
    for late in (3, 0):  # the first change: nobody has been at that address, so nothing of a move is silent there
        server = serving("poll", 5040 + late)
        client = start(MN, PEER, "call", NETS[4]["cn"], str(5040 + late), "poll")
        time.sleep(0.3)
        reports = []
        for _ in range(1 if late else 4):
            if late:
                late_processes(world, late)
            reports += world.move()
        said = stop_pair(client, server)
        seen = run(*in_host(MN, "nft", "list", "table", "inet", "seen"))
        ok(none_failed(reports) and whole(*said) and said[0]["name"] == NETS[4][world.at[4]] and "counter packets 0 " in seen,
           f"{'a change' if late else '4 changes'} by the daemons on a way of no length, under load, packets held "
           f"{f'after {late} s' if late else 'at once'}: not one RST comes to the mobile",
           f"{seen}\n{said}\n{brief(reports)}\n{world.daemons.last_words()}")
    run(*in_host(MN, "nft", "delete", "table", "inet", "seen"))


class More:
    """Two correspondents besides that of the world, each at a link of its own. `hosts`: name, host and
    address of all three."""

    def __init__(self, world):
        self.world = world

    def __enter__(self):
        self.hosts = [("cn", CN, NETS[4]["cn"])]
        for i in (2, 3):
            name, host, address = f"c{i}", f"{TAG}c{i}", f"10.9.2.{i}"
            run("ip", "netns", "add", host)
            self.hosts.append((name, host, address))
            run("ip", "-n", host, "link", "set", "lo", "up")
            run("ip", "link", "add", f"w{i}", "netns", MN, "type", "veth", "peer", "name", "v1", "netns", host)
            run("ip", "-n", MN, "link", "set", f"w{i}", "up")
            run("ip", "-n", host, "addr", "add", address + "/32", "dev", "v1")
            self.link(host, address, "up")
        self.use()
        return self

    def __exit__(self, *_):
        for _, host, _ in self.hosts[1:]:
            remove_host(host)

    @staticmethod
    def link(host, address, state):
        run("ip", "-n", host, "link", "set", "v1", state)
        for which in ("old", "new") if state == "up" else ():
            run("ip", "-n", host, "route", "replace", f"{NETS[4][which]}/32", "dev", "v1", "src", address)

    def use(self):
        self.world.use(4)
        for name, _, address in self.hosts[1:]:
            run("ip", "-n", MN, "route", "replace", address + "/32", "dev", "w" + name[1:], "src",
                NETS[4][self.world.at[4]])


class Several:
    """Three correspondents, each with a connection that is full in both directions and one of this
    process's, whose sockets are to three of them."""

    def __init__(self, world, daemons, more):
        self.daemons, self.more = daemons, more
        self.ports = {name: 5510 + i for i, (name, _, _) in enumerate(more.hosts)}
        self.pairs, self.socks, self.echoes = {}, {}, []
        for (name, host, address), mode in zip(more.hosts, ("poll", "block", "epoll")):
            port = self.ports[name]
            servers = [start(host, PEER, "serve", address, str(p), m) for p, m in ((port + 10, mode), (port, "echo"))]
            assert [s.stdout.readline() for s in servers] == ["listening\n"] * 2
            self.pairs[name] = start(MN, PEER, "call", address, str(port + 10), mode), servers[0]
            self.echoes.append(servers[1])
            self.socks[name] = self.call(name)
        for name, host, _ in more.hosts:  # all there before the first change
            accepted(self.ports[name] + 10, host)
        time.sleep(0.3)

    def call(self, name):
        with Inside(MN):
            sock = socket.create_connection(({n: a for n, _, a in self.more.hosts}[name], self.ports[name]))
        sock.settimeout(20)
        assert echo_rounds(sock, 1, b"accepted")
        return sock

    def reports(self, name):
        """Of the mobile and of that correspondent, since the change was asked for; as far as there are any."""
        found = []
        for end, port in (("mn", "peer_port"), (name, "local_port")):
            found += [r for r in map(json.loads, self.daemons.events(end, "sockets_moved"))
                      if r["t"] > self.daemons.asked and any(s[port] == self.ports[name] for s in r["sockets"])]
        return found

    def migrated(self):
        """The connections whose change is made, by the mobile's events."""
        return {e["connection"] for e in map(json.loads, self.daemons.events("mn", "ike_migrated"))
                if e["t"] > self.daemons.asked}

    def given_up(self, name):
        """Seconds from the change until that one was given up; 0: it has not been."""
        for e in map(json.loads, self.daemons.events("mn", "ike_unreachable", connection=name)):
            return e["t"] - self.daemons.asked
        return 0

    def wait(self, names):
        for name in names:
            self.daemons.wait(lambda: len(self.reports(name)) == 2 and name in self.migrated(),
                              f"sockets moved at mn and {name}", 20)

    def change(self, names):
        """One change, until the sockets to those have moved. Seconds that it took for each."""
        self.daemons.ask()
        self.wait(names)
        return {name: max(r["t"] for r in self.reports(name)) - self.daemons.asked for name in names}

    def moved(self, **counts):
        """That many sockets between the mobile and each of them, at both ends, and none has failed."""
        return all([r["moved"] for r in self.reports(name)] == [count] * 2 and none_failed(self.reports(name))
                   for name, count in counts.items())

    def answer(self, text):
        return all(echo_rounds(sock, 3, text) for sock in self.socks.values())

    def brief(self):
        return {name: brief(self.reports(name)) for name in self.ports}, self.daemons.last_words()

    def addresses(self, name):
        """Local and peer's address of each IKE SA that is up."""
        return sorted((sa["connection"], sa["local"].split(":")[0], sa["peer"].split(":")[0])
                      for sa in self.daemons.command(name, "status")["sas"] if sa["state"] == "ESTABLISHED")

    def end(self):
        for sock in self.socks.values():
            sock.close()
        said = {name: stop_pair(*pair) for name, pair in self.pairs.items()}
        for echo in self.echoes:
            echo.kill()
        return said


def left_over(hosts):
    """Tables, rules and groups of moves in those hosts."""
    left = []
    for host in hosts:
        left += [line for line in run(*in_host(host, "nft", "list", "tables")).splitlines() if "baton" in line]
        left += [line for line in run(*in_host(host, "ip", "rule")).splitlines() if "0x4d" in line]
        for pid in run("ip", "netns", "pids", host).split() + ["self"]:
            with contextlib.suppress(FileNotFoundError):
                left += [line for line in open(f"/proc/{pid}/cgroup") if "baton-move-" in line]
    return left


def figures(took):
    return ", ".join(f"{name} {1000 * seconds:.0f} ms" for name, seconds in took.items())


def several(world, daemons, more):
    n, s = NETS[4], Several(world, daemons, more)
    names = list(s.ports)
    took = s.change(names)
    ok(s.moved(cn=2, c2=2, c3=2) and s.answer(b"first"),
       f"one change, three correspondents, sockets to all of them ({figures(took)})", s.brief())

    _, host, address = more.hosts[2]
    more.link(host, address, "down")
    took = s.change(["cn", "c2"])
    ok(s.moved(cn=2, c2=2) and s.migrated() == {"cn", "c2"} and not s.reports("c3") and not s.given_up("c3"),
       f"the link to one of them is down: the others move ({figures(took)}), the events say which did not", s.brief())
    more.link(host, address, "up")
    s.wait(["c3"])
    ok(s.moved(c3=2) and s.answer(b"second"), "its link is there again: its sockets move", s.brief())

    stayed = n[world.at[4]]
    daemons.signal("c2", signal.SIGSTOP)
    took = s.change(["cn", "c3"])
    daemons.wait(lambda: s.given_up("c2"), "c2 is given up", 20)
    gone = s.given_up("c2")
    ok(s.moved(cn=2, c3=2) and max(took.values()) < gone and s.migrated() == {"cn", "c3"} and not s.reports("c2"),
       f"one of them is silent until it is given up after {gone:.1f} s: the others move before ({figures(took)})", s.brief())
    daemons.signal("c2", signal.SIGCONT)
    here = n[world.at[4]]
    daemons.wait(lambda: s.addresses("c2") == [("mn", "10.9.2.2", here)], "c2 has one IKE SA, to the new address", 20)
    ok(s.addresses("mn") == sorted((name, here, address) for name, _, address in more.hosts),
       "it is there again: one IKE SA with each, from the new address", s.addresses("mn"))
    ok(s.answer(b"third") and s.socks["c2"].getsockname()[0] == stayed and s.socks["c3"].getsockname()[0] == here,
       "what was between the mobile and it goes on at the old address", s.brief())

    more.use()
    s.socks["again"] = s.call("c2")
    took = s.change(names)
    ok(s.moved(cn=2, c2=1, c3=2) and s.answer(b"fourth"), f"the next change takes all three along ({figures(took)})",
       s.brief())
    said = s.end()
    ok(all(whole(*pair) for pair in said.values()),
       f"not an octet of {sum(a['sent'] + a['received'] for a, _ in said.values())} lost, wrong or doubled", said)
    hosts = [MN] + [host for _, host, _ in more.hosts]
    for _ in range(150):
        if not (left := left_over(hosts)):
            break
        time.sleep(0.1)
    ok(not left, "nothing is left behind at any of the four", left)


def test_several(world):
    """Correspondents by themselves, docs/address-change.md §1: one that cannot be reached holds up no other."""
    world.daemons.end()
    try:
        with More(world) as more:
            world.daemons = Daemons(world, more.hosts, "tries: 4\n", "    restart: 1 s\n")
            several(world, world.daemons, more)
    finally:
        world.daemons.end()
        world.use(4)
        world.daemons = Daemons(world)


class Standing:
    """What the IKE SA between the world's two daemons is, by the account of either."""

    def __init__(self, daemons):
        self.ends = {}
        for name in ("mn", "cn"):
            sas = [sa for sa in daemons.command(name, "status")["sas"] if sa["state"] == "ESTABLISHED"]
            self.ends[name] = [(sa["spi_i"] + sa["spi_r"], sa["local"], sa["peer"],
                                [(c["spi_in"], c["spi_out"]) for c in sa["children"]]) for sa in sas]

    def agreed(self):
        """One IKE SA and one Child SA, the same ones at both."""
        mn, cn = self.ends["mn"], self.ends["cn"]
        return (len(mn) == len(cn) == 1 and mn[0][0] == cn[0][0] and mn[0][1:3] == (cn[0][2], cn[0][1]) and
                len(mn[0][3]) == len(cn[0][3]) == 1 and mn[0][3][0] == cn[0][3][0][::-1])

    def anew(self, before, ike, child):
        """The IKE SA is another one than it was before, the Child SA is."""
        return (self.agreed() and (self.ends["mn"][0][0] != before.ends["mn"][0][0]) == ike and
                (self.ends["mn"][0][3] != before.ends["mn"][0][3]) == child)


def change_asked(world):
    """Asks for a change whose request the correspondent does not take; returns when it has been sent."""
    d = world.daemons
    d.ask()
    d.wait(lambda: any(sa["local"].startswith(NETS[4][world.at[4]] + ":") for sa in d.command("mn", "status")["sas"]),
           "the request has left from the new address")


def rekey(daemons, name, ike, child):
    for wanted, command in ((ike, "rekey"), (child, "rekey-child")):
        if wanted:
            daemons.command(name, command)


def deaf(addresses):
    """The correspondent's daemon hears nothing from these; none: it hears again."""
    if addresses:
        run(*in_host(CN, "nft", "add table inet deaf;"
                     "add chain inet deaf in { type filter hook prerouting priority -400; };"
                     f"add rule inet deaf in ip saddr {{ {', '.join(addresses)} }} udp dport {{ 500, 4500 }} drop"))
    else:
        run(*in_host(CN, "nft", "delete", "table", "inet", "deaf"))


def rekey_around(world, who, when, ike, child):
    """A change of address, and that rekeying by `who` begun while neither has an answer, `when`: before or after the
    change was asked for."""
    d, n = world.daemons, NETS[4]
    new = n["old" if world.at[4] == "new" else "new"]
    event = "ike_rekeyed" if ike else "ike_child_up"
    answered = len(d.events("mn", event))
    time.sleep(max(0, d.asked + d.BETWEEN - time.time()))
    if who == "mn":
        d.signal("cn", signal.SIGSTOP)
    else:  # before it: what the mobile answers does not come
        deaf([new] if when == "after" else [n["old"], n["new"]])
    began = time.time()
    if when == "before":
        rekey(d, who, ike, child)
    if (who, when) == ("cn", "before"):
        d.wait(lambda: len(d.events("mn", event)) > answered, "the mobile has made it anew")
    change_asked(world)
    if when == "after":
        rekey(d, who, ike, child)
    if who == "mn":
        d.signal("cn", signal.SIGCONT)
    else:  # the change is repeated before the rekeying is, which was at 0.5 s and will be at 1.5 s
        time.sleep(max(0, began + 0.6 - time.time()))
        deaf([])


def test_rekeyed(world):
    """IKE SA and Child SA are made anew while a change is under way. Sockets move, and both ends have the same
    SAs then."""
    d, names = world.daemons, {"mn": "the mobile", "cn": "the correspondent"}
    server = serving("poll", 5395)
    client = start(MN, PEER, "call", NETS[4]["cn"], "5395", "poll")
    time.sleep(0.2)
    for who, when, ike, child in (("mn", "after", True, True), ("cn", "after", True, True),
                                  ("mn", "before", True, False), ("cn", "before", True, False),
                                  ("mn", "before", False, True), ("cn", "before", False, True)):
        before = Standing(d)
        count = {name: len(d.events(name, "sockets_moved")) for name in names}
        rekey_around(world, who, when, ike, child)
        for name, was in count.items():
            d.wait(lambda: len(d.events(name, "sockets_moved")) > was, f"sockets moved at {name}", 20)
        world.use(4)
        took = time.time() - d.asked
        reports = [json.loads(d.events(name, "sockets_moved")[-1]) for name in count]
        with contextlib.suppress(TimeoutError):
            d.wait(lambda: Standing(d).anew(before, ike, child), "SAs made anew", 12)
        after = Standing(d)
        what = " and ".join(["IKE SA"] * ike + ["Child SA"] * child)
        ok(none_failed(reports) and after.anew(before, ike, child),
           f"{what} made anew by {names[who]}, begun {when} the change was asked for: sockets moved after {took:.2f} s, "
           f"the same SAs at both after {time.time() - d.asked:.1f} s",
           f"before: {before.ends}\nafter: {after.ends}\n{brief(reports)}\n{d.last_words()}")
    said = stop_pair(client, server)
    ok(whole(*said) and said[0]["name"] == NETS[4][world.at[4]],
       f"not an octet of {said[0]['sent'] + said[0]['received']} lost, wrong or doubled", said)


def readdress(mobile, correspondent):
    """From (old, new) addresses of each: the old ones are gone, and there are ways between the new ones. What
    is sent to an old one leaves, and nobody has it."""
    for host, dev, (own, own_new), (other, other_new) in ((MN, "v0", mobile, correspondent),
                                                          (CN, "v1", correspondent, mobile)):
        run("ip", "-n", host, "addr", "replace", own_new + "/32", "dev", dev)
        run("ip", "-n", host, "addr", "del", own + "/32", "dev", dev)
        for address in (other, other_new):
            run("ip", "-n", host, "route", "replace", address + "/32", "dev", dev, "src", own_new)


def connected(host, port):
    """The addresses, here and there, of the connection at that port."""
    there = run(*in_host(host, "ss", "-Htn", "state", "established")).split()
    return [(a.rsplit(":", 1)[0], b.rsplit(":", 1)[0]) for a, b in zip(there[2::4], there[3::4])
            if f":{port}" in (a[a.rindex(":"):], b[b.rindex(":"):])]


def test_both(world):
    """Both ends move at once and have their old addresses no more, docs/address-change.md §5.7: neither finds the
    other, until the mobile learns where the correspondent is, or each learns it of the other. There and back."""
    d, n = world.daemons, NETS[4]
    server = start(CN, PEER, "serve", "0.0.0.0", "5396", "poll")
    server.stdout.readline()
    client = start(MN, PEER, "call", n["cn"], "5396", "poll")
    accepted(5396)
    places = [n["cn"], "10.9.3.1"]
    for learns in (("mn",), ("mn",), ("mn", "cn"), ("mn", "cn")):
        which = "old" if world.at[4] == "new" else "new"
        here, there, (at, to) = n[world.at[4]], n[which], places
        count = {name: len(d.events(name, "sockets_moved")) for name in ("mn", "cn")}
        time.sleep(max(0, d.asked + d.BETWEEN - time.time()))
        readdress((here, there), (at, to))
        d.asked = time.time()
        own, other = {"mn": there, "cn": to}, {"mn": to, "cn": there}
        for name, local in own.items():
            d.command(name, "move", local=local)
        d.wait(lambda: all(d.command(name, "status")["sas"][0]["local"].startswith(local + ":")
                           for name, local in own.items()), "both have asked from their new addresses")
        time.sleep(0.3)
        lost = all(len(d.events(name, "sockets_moved")) == was for name, was in count.items())
        found = time.time()
        for name in learns:
            d.command(name, "move", local=own[name], peer=other[name])
        with contextlib.suppress(TimeoutError):
            d.wait(lambda: connected(MN, 5396) == [(there, to)] and connected(CN, 5396) == [(to, there)], "moved", 20)
        took = time.time() - found
        world.at[4], places = which, [to, at]
        with contextlib.suppress(TimeoutError):
            d.wait(lambda: Standing(d).agreed(), "the same SAs at both", 10)
        standing, sockets = Standing(d), (connected(MN, 5396), connected(CN, 5396))
        _, local, peer, _ = standing.ends["mn"][0]
        ok(lost and standing.agreed() and (local.split(":")[0], peer.split(":")[0]) == (there, to) and
           sockets == ([(there, to)], [(to, there)]),
           f"both ends move at once, their old addresses are gone: {took:.2f} s after "
           f"{'both know' if len(learns) > 1 else 'the mobile knows'} where the other is, sockets are between the new ones",
           f"{lost} {standing.ends} {sockets}\n{d.last_words()}")
    said = stop_pair(client, server)
    ok(whole(*said) and said[0]["name"] == n[world.at[4]] and said[1]["name"] == places[0],
       f"not an octet of {said[0]['sent'] + said[0]['received']} lost, wrong or doubled", said)
    gone = n["old" if world.at[4] == "new" else "new"]
    run("ip", "-n", MN, "addr", "add", gone + "/32", "dev", "v0")
    world.use(4)


def test_called_wrongly(world):
    """Every mistake is named, with what would be right, and nothing is done."""
    pairs = ["--local", "10.9.2.1", "--peer-from", "10.9.0.2", "--peer-to", "10.9.1.2"]
    for words, status, says in (
            (["--from", "10.9.0"], 2, "10.9.0: not an address; 192.0.2.1"),
            (["--from", "10.9.0.2/24"], 2, "10.9.0.2/24: not an address"),
            (["--from", "10.9.0.2"], 2, "this host's addresses are --from and --to, or --local alone"),
            (["--local", "10.9.2.1", "--peer", "10.9.0.2"], 2, "old and new addresses are the same"),
            (["--from", "10.9.0.2", "--to", "fd09::2", "--peer", "10.9.2.1"], 2, "all addresses must be IPv4, or all IPv6"),
            ([*pairs, "--kill-at", "lunch"], 2, "lunch: no such step"),
            ([*pairs, "--spare", "x"], 2, "x: not the number of a process"),
            ([*pairs, "now"], 2, "now: not understood"),
            (["--from", "10.9.0.2", "--to", "10.9.77.7", "--peer", "10.9.2.1"], 3, "no way between the new addresses")):
        done = subprocess.run(in_host(MN, MIGRATE, *words), capture_output=True, text=True)
        ok(done.returncode == status and says in done.stdout + done.stderr, f"called with {' '.join(words)}: {says}",
           f"{done.returncode} {done.stdout} {done.stderr}")


def test_nothing_left(world):
    """Ten seconds after the last move its processes are gone too."""
    for _ in range(120):
        if not [f for f in os.listdir("/run/baton-move") if f.isdigit() and os.path.exists(f"/proc/{f}")]:
            break
        time.sleep(0.1)
    run(*in_host(MN, MIGRATE, "--recover"))
    time.sleep(0.2)
    groups = run("sh", "-c", "find /sys/fs/cgroup -name 'baton-move-*' -type d", check=False).split()
    rules = run(*in_host(MN, "ip", "rule")) + run(*in_host(CN, "ip", "rule"))
    left = [f for f in os.listdir("/run/baton-move") if f.isdigit() and not os.path.exists(f"/proc/{f}")]
    ok(not groups and "0x4d" not in rules and not left, "no group, no rule, no journal left", f"{groups}\n{rules}\n{left}")


NOT_ALL = ("esp", "few")
BY_DAEMONS = ("order", "several", "rekeyed", "both")  # with --daemons alone
TESTS = {name[5:]: f for name, f in list(globals().items()) if name.startswith("test_")}


def main():
    for number in (signal.SIGTERM, signal.SIGHUP):  # so that what is below `finally` is done
        signal.signal(number, lambda *_: sys.exit(143))
    by_daemons = "--daemons" in sys.argv
    wanted = [w for w in sys.argv[2:] if w != "--daemons"] or [name for name in TESTS if name not in (*NOT_ALL, *BY_DAEMONS)]
    try:
        with World() as world:
            world.daemons = Daemons(world) if by_daemons else None
            for name in wanted:
                began = time.time()
                try:
                    TESTS[name](world)
                except Exception as e:
                    import traceback
                    ok(False, f"{name}: {e}", traceback.format_exc())
                print(f"# {name}: {time.time() - began:.1f} s", flush=True)
            if by_daemons:
                world.daemons.end()
    finally:
        import shutil
        shutil.rmtree(WORK, ignore_errors=True)
    sys.exit(failed > 0)


main()
