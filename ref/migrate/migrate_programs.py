# SPDX-License-Identifier: Apache-2.0
"""Programs that know nothing of a move, and sockets under ESP."""
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
import threading
import time

from migrate_bed import (
    appeared, brief, CN, echo_pair, echo_rounds, ended, Inside, listening, MN, NETS, none_failed,
    ok, PEER, run, serving, start, WORK)

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
