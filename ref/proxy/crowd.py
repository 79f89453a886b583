#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a proxy of 802.1X over IP has to put up with, for proxy_crowd_check.sh.

crowd.py crowd ADDRESS COUNT PER_ADDRESS  COUNT connections that say nothing, from addresses 10.99.x.y,
                                          PER_ADDRESS each; what is closed is made again
crowd.py hold ADDRESS STATION BSSID ...   one connection that opens one BSSID after the other, says the
                                          types of the answers, with the error of a refusal, and stays
crowd.py blast ADDRESS SECONDS            PROBE after PROBE, and nothing is read

The first two print a line when they stand, and end with the end of their input.
"""
import resource
import select
import socket
import struct
import sys
import time

PORT = 49718
OPEN, PROBE, REFUSED = 1, 4, 6
ERROR = 2


def message(kind, station=bytes(6), bssid=bytes(6)):
    return struct.pack("!BBH6s6s", 1, kind, 16, station, bssid)


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


class Crowd:
    def __init__(self, address, per_address):
        self.address, self.per_address = address, per_address
        self.poll = select.epoll()
        self.sockets = {}
        self.made = self.closed = 0

    def connect(self, number):
        host = number // self.per_address
        s = socket.socket()
        s.bind((f"10.99.{host // 250}.{host % 250 + 1}", 0))
        s.connect((self.address, PORT))
        self.sockets[s.fileno()] = (s, number)
        self.poll.register(s, select.EPOLLIN)
        self.made += 1

    def renew(self):
        for fd, _ in self.poll.poll(0, 256):
            if fd == 0:
                return False
            s, number = self.sockets[fd]
            try:
                gone = not s.recv(4096)
            except ConnectionError:
                gone = True
            if gone:
                self.poll.unregister(fd)
                del self.sockets[fd]
                s.close()
                self.closed += 1
                self.connect(number)
        return True


def crowd(address, count, per_address):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 64), hard))
    c = Crowd(address, per_address)
    for number in range(count):
        c.connect(number)
    print(count, "connections made", flush=True)
    c.poll.register(0, select.EPOLLIN)
    while c.renew():
        time.sleep(0.001)
    print(c.made, "made in all,", c.closed, "closed by the proxy", flush=True)


def answer(s):
    head = s.recv(16, socket.MSG_WAITALL)
    if len(head) < 16:
        return "closed"
    _, kind, length = struct.unpack("!BBH", head[:4])
    rest = s.recv(length - 16, socket.MSG_WAITALL) if length > 16 else b""
    if kind != REFUSED:
        return str(kind)
    element, size, error = struct.unpack("!HHH", rest[:6])
    return f"{kind}:{error}" if (element, size) == (ERROR, 2) else f"{kind}:?"


def hold(address, station, *bssids):
    s = socket.create_connection((address, PORT))
    answers = []
    for bssid in bssids:
        s.sendall(message(OPEN, mac(station), mac(bssid)))
        answers.append(answer(s))
    print("type", *answers, flush=True)
    while True:
        ready, _, _ = select.select([0, s], [], [])
        if 0 in ready:
            return
        if not s.recv(4096):
            print("closed", flush=True)
            return


def blast(address, seconds):
    s = socket.create_connection((address, PORT))
    s.sendall(message(OPEN, mac("02:00:00:00:0b:0b"), mac("02:00:00:00:0a:00")))
    s.setblocking(False)
    octets, ends, sent, rest = message(PROBE) * 4096, time.monotonic() + seconds, 0, b""
    while time.monotonic() < ends:
        try:
            rest = rest or octets
            n = s.send(rest)
            rest = rest[n:]
            sent += n
        except BlockingIOError:
            time.sleep(0.01)
        except ConnectionError:
            break
    print(sent, "octets sent", flush=True)


what, address, *rest = sys.argv[1:]
if what == "crowd":
    crowd(address, int(rest[0]), int(rest[1]))
elif what == "hold":
    hold(address, *rest)
else:
    blast(address, float(rest[0]))
