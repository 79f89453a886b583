# SPDX-License-Identifier: Apache-2.0
"""python3 -m unittest minipana.selftest: the cipher against published values, and client against
agent over a network that loses, doubles and delays."""

import random
import unittest
from types import SimpleNamespace

from . import wire
from .aes import AES
from .agent import Agent
from .client import Client


def unhex(text):
    return bytes.fromhex(text)


class Cipher(unittest.TestCase):
    def test_fips_197_appendix_c1(self):
        cipher = AES(bytes(range(16)))
        self.assertEqual(cipher.encrypt(unhex("00112233445566778899aabbccddeeff")),
                         unhex("69c4e0d86a7b0430d8cdb78070b4c55a"))

    def test_sp_800_38b_appendix_d1(self):
        cipher = AES(unhex("2b7e151628aed2a6abf7158809cf4f3c"))
        text = unhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                     "30c81c46a35ce411")
        for size, tag in ((0, "bb1d6929e95937287fa37d129b756746"),
                          (16, "070a16b46b4d4144f79bdd9dd04a287c"),
                          (40, "dfa66747de9ae63030ca32611497c827")):
            self.assertEqual(cipher.cmac(text[:size]), unhex(tag))

    def test_eax_paper_appendix_g(self):
        cipher = AES(unhex("91945d3f4dcbee0bf45ef52255f095a4"))
        nonce, header = unhex("becaf043b0a23d843194ba972c66debd"), unhex("fa3bfd4806eb53fa")
        tag, text = cipher.eax_seal(nonce, header, unhex("f7fb"))
        self.assertEqual(text + tag, unhex("19dd5c4c9331049d0bdab0277408f67967e5"))
        self.assertEqual(cipher.eax_open(nonce, header, tag, text), unhex("f7fb"))
        self.assertIsNone(cipher.eax_open(nonce, header, bytes(16), text))


class World:
    """A clock, and a network that treats each datagram as `fate(number)` says."""

    def __init__(self, fate=lambda number: "pass", **settings):
        self.time, self.number, self.fate, self.mail = 0.0, 0, fate, []
        self.log = []
        config = dict(address="a", peer="agent", port=716, initiate="client", method="psk",
                      identity="mn@example", server_identity="server.example", secret="00" * 16,
                      req_irt=1, req_mrt=30, req_mrc=10, pci_irt=1, pci_mrt=120, lifetime=3600,
                      authorize=True, reconfigure=False)
        config.update(settings)
        client_config = SimpleNamespace(**config)
        agent_config = SimpleNamespace(**dict(config, peer="client"))
        self.client = Client(client_config, self.wire("client"), self.log.append, self.now)
        self.agent = Agent(agent_config, self.wire("agent"), self.log.append, self.now)

    def now(self):
        return self.time

    def wire(self, sender):
        def send(octets, address):
            self.number += 1
            copies = {"pass": 1, "lose": 0, "double": 2, "late": 1}[self.fate(self.number)]
            delay = 2.5 if self.fate(self.number) == "late" else 0.01
            self.mail += [(self.time + delay, address[0], octets, sender)] * copies
        return send

    def run(self, seconds):
        end = self.time + seconds
        while True:
            times = [t for t in (self.client.due(), self.agent.due()) if t is not None]
            times += [m[0] for m in self.mail]
            if not times or min(times) > end:
                break
            self.time = max(self.time, min(times))
            for mail in [m for m in self.mail if m[0] <= self.time]:
                self.mail.remove(mail)
                self.deliver(mail)
            self.client.tick()
            self.agent.tick()
        self.time = end

    def deliver(self, mail):
        node = self.client if mail[1] == "client" else self.agent
        try:
            node.receive(mail[2], (mail[3], 716))
        except wire.Invalid as why:
            self.log.append("discarded: %s" % why)

    def states(self):
        return self.client.state(), self.agent.state()


OPEN, OVER = ("authenticated", "authenticated"), ("none", "none")


class Both(unittest.TestCase):
    def test_each_method_and_beginning(self):
        for method in ("psk", "md5"):
            for initiate in ("client", "agent"):
                world = World(method=method, initiate=initiate)
                getattr(world, initiate).connect()
                world.run(1)
                self.assertEqual(world.states(), OPEN)
                self.assertEqual(world.client.session.key, world.agent.current().key)
                self.assertEqual(world.client.session.key is None, method == "md5")

    def test_reauthentication_pings_and_the_end(self):
        for side in ("client", "agent"):
            world = World()
            world.client.connect()
            world.run(1)
            key = world.client.session.key
            getattr(world, side).reauth()
            world.run(1)
            self.assertEqual(world.states(), OPEN)
            self.assertNotEqual(world.client.session.key, key)
            getattr(world, side).ping()
            with self.assertRaises(wire.Invalid):
                getattr(world, side).ping()
            world.run(1)
            self.assertIsNone(getattr(world, side).current().waiting)
            getattr(world, side).terminate()
            world.run(1)
            self.assertEqual(world.states(), OVER)

    def test_both_reauthenticate_at_once(self):
        world = World()
        world.client.connect()
        world.run(1)
        world.agent.reauth()
        world.client.reauth()
        world.run(5)
        self.assertEqual(world.states(), OPEN)
        self.assertEqual(world.client.session.key, world.agent.current().key)

    def test_refusals(self):
        world = World(authorize=False)
        world.client.connect()
        world.run(1)
        self.assertEqual(world.states(), OVER)
        self.assertIn("refused with result 2", " ".join(world.log))
        world = World(method="md5")
        world.client.config.secret = "wrong"
        world.client.connect()
        world.run(1)
        self.assertEqual(world.states(), OVER)
        self.assertIn("refused with result 1", " ".join(world.log))

    def test_lifetime(self):
        world = World(lifetime=100)
        world.client.connect()
        world.run(1)
        key = world.client.session.key
        world.run(98)
        self.assertEqual(world.states(), OPEN)
        self.assertNotEqual(world.client.session.key, key)
        world.fate = lambda number: "lose"
        world.run(101)
        self.assertEqual(world.states(), OVER)

    def test_a_silent_agent_ends_the_session(self):
        world = World(req_irt=0.1, req_mrc=3)
        world.client.connect()
        world.run(1)
        world.fate = lambda number: "lose"
        world.number = 0
        world.client.ping()
        world.run(1)
        self.assertEqual(world.client.state(), "none")
        self.assertEqual(world.number, 3)

    def test_every_short_pattern_of_trouble(self):
        for start in (1, 4, 7, 10):
            for pattern in range(4 ** 4):
                fates = [("pass", "lose", "double", "late")[pattern >> 2 * i & 3]
                         for i in range(4)]
                world = World(lambda n, s=start, f=fates: f[n - s] if s <= n < s + 4 else "pass",
                              method=("psk", "md5")[pattern % 2])
                world.client.connect()
                world.run(100)
                self.assertEqual(world.states(), OPEN, (start, fates))
                self.assertEqual(world.client.session.key, world.agent.current().key)

    def test_random_octets_are_discarded(self):
        world = World()
        world.client.connect()
        world.run(1)
        sample = world.client.session.last_request
        source = random.Random(1)
        for _ in range(3000):
            octets = bytearray(sample)
            octets[source.randrange(len(octets))] = source.randrange(256)
            octets = bytes(octets[:source.randrange(len(octets) + 1)])
            for node, other in ((world.client, "agent"), (world.agent, "client")):
                try:
                    node.receive(octets, (other, 716))
                except wire.Invalid:
                    pass
        self.assertEqual(world.states(), OPEN)


if __name__ == "__main__":
    unittest.main()
