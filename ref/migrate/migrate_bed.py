# SPDX-License-Identifier: Apache-2.0
"""Two hosts as namespaces, what moves connections between them, and what tells how they fared."""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
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
