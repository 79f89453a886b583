# SPDX-License-Identifier: Apache-2.0
"""Connections of one kind after the other, moved; and those who move them killed at every step."""
import json
import os
import signal
import socket
import subprocess
import sys
import time

from migrate_bed import (
    accepted, brief, CN, echo_pair, echo_rounds, in_host, Inside, load, MIGRATE, MN, NETS,
    none_failed, ok, PEER, run, serving, start, stop_pair, whole, World)


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
