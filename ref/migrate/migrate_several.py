# SPDX-License-Identifier: Apache-2.0
"""Daemons that move: the order at the correspondent, several correspondents, rekeying, both ends at once."""
import contextlib
import json
import signal
import socket
import time

from migrate_bed import (
    accepted, brief, CN, Daemons, echo_rounds, in_host, Inside, MN, NETS, none_failed, ok, PEER,
    remove_host, run, serving, start, stop_pair, TAG, whole)
from migrate_programs import late_processes


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
