# SPDX-License-Identifier: Apache-2.0
"""The command: minipana client|agent OPTIONS, and minipana ask SOCKET COMMAND."""

import argparse
import ipaddress
import os
import selectors
import signal
import socket
import sys
import time

from . import VERSION, wire
from .agent import Agent
from .client import Client

ASK_SECONDS = 5


def options():
    top = argparse.ArgumentParser(prog="minipana", description="A small PANA client and agent.")
    top.add_argument("--version", action="version", version=VERSION)
    which = top.add_subparsers(dest="program", required=True, metavar="client|agent|ask")
    for name, peer in (("client", "address of the agent"), ("agent", "a client to begin with")):
        p = which.add_parser(name)
        p.add_argument("--address", required=True, help="our own")
        p.add_argument("--peer", required=name == "client", help=peer)
        p.add_argument("--port", type=int, default=716)
        p.add_argument("--initiate", choices=("client", "agent"), default="client")
        p.add_argument("--method", choices=("psk", "md5"), default="psk")
        p.add_argument("--identity", required=True)
        p.add_argument("--secret-file", required=True,
                       help="one line: the password, or 32 hexadecimal digits for psk")
        p.add_argument("--control", help="path of the socket for `minipana ask`")
        p.add_argument("--req-irt", type=float, default=1, help="seconds")
        p.add_argument("--req-mrt", type=float, default=30, help="seconds")
        p.add_argument("--req-mrc", type=int, default=10)
        if name == "client":
            p.add_argument("--pci-irt", type=float, default=1, help="seconds")
            p.add_argument("--pci-mrt", type=float, default=120, help="seconds")
        else:
            p.add_argument("--server-identity", required=True)
            p.add_argument("--lifetime", type=int, default=3600, help="seconds")
            p.add_argument("--no-access", dest="authorize", action="store_false",
                           help="authenticate, then refuse")
            p.add_argument("--reconfigure", action="store_true", help="set the I bit")
    p = which.add_parser("ask")
    p.add_argument("socket")
    p.add_argument("command", choices=("connect", "reauth", "ping", "terminate", "move", "state"))
    p.add_argument("argument", nargs="?")
    return top


def log(text):
    print("%.3f %s" % (time.monotonic(), text), flush=True)


def udp_socket(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.bind((address, port))
    s.setblocking(False)
    return s


class Program:
    def __init__(self, config):
        self.config = config
        try:
            self.udp = udp_socket(config.address, config.port)
        except OSError as error:
            sys.exit("minipana: %s port %d: %s" % (config.address, config.port, error.strerror))
        role = Client if config.program == "client" else Agent
        self.node = role(config, self.transmit, log, time.monotonic)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.udp, selectors.EVENT_READ, self.from_network)
        if config.control:
            self.control = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                self.control.bind(config.control)
            except OSError as error:
                sys.exit("minipana: %s: %s" % (config.control, error))
            self.selector.register(self.control, selectors.EVENT_READ, self.from_person)

    def transmit(self, octets, address):
        try:
            self.udp.sendto(octets, address)
        except OSError as error:
            log("cannot send to %s: %s" % (address[0], error))

    def from_network(self):
        try:
            octets, address = self.udp.recvfrom(65536)
        except OSError as error:  # an ICMP error of what we sent
            log("cannot receive: %s" % error)
            return
        try:
            self.node.receive(octets, address[:2])
        except wire.Invalid as why:
            log("discarded: %s" % why)

    def from_person(self):
        octets, address = self.control.recvfrom(1000)
        words = octets.decode(errors="replace").split()
        try:
            reply = self.obey(*words)
        except (wire.Invalid, OSError) as why:
            reply = "no: %s" % why
        if address:
            self.control.sendto(reply.encode(), address)

    def obey(self, command, argument=None):
        if command == "state":
            return self.node.state()
        if command == "move":
            self.move(argument)
        else:
            {"connect": self.node.connect, "reauth": self.node.reauth, "ping": self.node.ping,
             "terminate": self.node.terminate}[command]()
        return "ok"

    def move(self, address):
        if self.config.program != "client" or not address:
            raise wire.Invalid("a client moves, to an address")
        udp = udp_socket(address, self.config.port)
        self.selector.unregister(self.udp)
        self.udp.close()
        self.udp = udp
        self.selector.register(self.udp, selectors.EVENT_READ, self.from_network)
        self.node.moved()

    def run(self):
        log("%s %s is ready at %s port %d" % (VERSION, self.config.program, self.config.address,
                                              self.config.port))
        if self.config.initiate == self.config.program:
            self.node.connect()
        while True:
            due = self.node.due()
            wait = None if due is None else max(0, due - time.monotonic())
            for key, _ in self.selector.select(wait):
                key.data()
            due = self.node.due()
            if due is not None and due <= time.monotonic():
                self.node.tick()


def ask(config):
    mine = "%s.%d" % (config.socket, os.getpid())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(mine)
        s.settimeout(ASK_SECONDS)
        try:
            s.sendto(" ".join(filter(None, (config.command, config.argument))).encode(),
                     config.socket)
            reply = s.recv(1000).decode()
        except OSError as error:
            reply = "no: %s" % error
        finally:
            os.unlink(mine)
    print(reply)
    return 1 if reply.startswith("no:") else 0


def check(parser, config):
    """What argparse cannot say: addresses and the secret."""
    for name in ("address", "peer"):
        try:
            if getattr(config, name):
                ipaddress.ip_address(getattr(config, name))
        except ValueError as error:
            parser.error("--%s: %s" % (name, error))
    if config.program == "agent" and config.initiate == "agent" and not config.peer:
        parser.error("--initiate agent needs --peer")
    try:
        with open(config.secret_file) as f:
            config.secret = f.readline().rstrip("\n")
        if config.method == "psk" and len(bytes.fromhex(config.secret)) != 16:
            raise ValueError("right are 32 hexadecimal digits")
    except (OSError, ValueError) as error:
        parser.error("--secret-file: %s" % error)


def main():
    parser = options()
    config = parser.parse_args()
    if config.program == "ask":
        return ask(config)
    check(parser, config)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    program = Program(config)
    try:
        program.run()
    except KeyboardInterrupt:
        return 0
    finally:
        if config.control:
            os.unlink(config.control)


if __name__ == "__main__":
    sys.exit(main())
