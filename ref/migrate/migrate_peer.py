#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
A program whose connections are moved and that does not know: it fills a connection in both
directions until SIGUSR1, checks every octet that comes, ends its half, and prints as JSON what it
sent and received.

    migrate_peer.py serve ADDRESS PORT MODE       one connection after the other until SIGTERM
    migrate_peer.py call ADDRESS PORT MODE [COUNT] [octets between pauses]
    migrate_peer.py talk ADDRESS PORT epoll       sends a little, and compares what an echo gives back
    migrate_peer.py many ADDRESS PORT COUNT       COUNT connections, a line on each, SIGUSR1: again
    migrate_peer.py threads ADDRESS PORT COUNT    the same, a thread in recv for each

MODE is how it waits: block (threads in send and recv), poll, select, epoll (edge-triggered); or what
it does instead: echo, web, web-slow.
"""
import contextlib
import json
import os
import queue
import random
import select
import signal
import socket
import sys
import threading
import time

PERIOD = random.Random(7).randbytes(65521)
PATTERN = PERIOD + PERIOD
PIECE = 65521

stopping = threading.Event()


class Half:
    """What went one way: position, and the first octet that was not the expected one."""

    def __init__(self):
        self.octets = 0
        self.wrong = None

    def piece(self):
        at = self.octets % PIECE
        return memoryview(PATTERN)[at:at + 32768]

    def take(self, data):
        at = self.octets % PIECE
        for begin in range(0, len(data), PIECE):
            part = data[begin:begin + PIECE]
            if part != PATTERN[at:at + len(part)] and self.wrong is None:
                self.wrong = self.octets + begin
            at = (at + len(part)) % PIECE
        self.octets += len(data)


def block(sock, out, back):
    def receive():
        while data := sock.recv(262144):
            back.take(data)

    reader = threading.Thread(target=receive)
    reader.start()
    while not stopping.is_set():
        out.octets += sock.send(out.piece())
    sock.shutdown(socket.SHUT_WR)
    reader.join()


def step(sock, out, back, state):
    """Sends and receives what goes; True when both halves are over."""
    while not state["sent"]:
        if stopping.is_set():
            sock.shutdown(socket.SHUT_WR)
            state["sent"] = True
            break
        try:
            out.octets += sock.send(out.piece())
        except BlockingIOError:
            break
    while not state["received"]:
        try:
            data = sock.recv(262144)
        except BlockingIOError:
            break
        if not data:
            state["received"] = True
        back.take(data)
    return state["sent"] and state["received"]


def waiting(sock, out, back, mode):
    state = {"sent": False, "received": False}
    sock.setblocking(False)
    if mode == "epoll":
        waiter = select.epoll()
        waiter.register(sock, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
    elif mode == "poll":
        waiter = select.poll()
    while not step(sock, out, back, state):
        wanted = select.POLLIN | (0 if state["sent"] else select.POLLOUT)
        if mode == "epoll":
            waiter.poll(0.5)
        elif mode == "poll":
            waiter.register(sock, wanted)
            waiter.poll(500)
        else:
            select.select([sock], [] if state["sent"] else [sock], [], 0.5)


def pump(sock, mode):
    out, back = Half(), Half()
    error = None
    try:
        if mode == "block":
            block(sock, out, back)
        else:
            waiting(sock, out, back, mode)
    except OSError as e:
        error = str(e)
    print(json.dumps({"sent": out.octets, "received": back.octets, "wrong": back.wrong,
                      "error": error, "name": sock.getsockname()[0]}), flush=True)
    sock.close()


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(address, port, mode):
    listener = socket.create_server((address, int(port)), family=family(address), backlog=2000)
    print("listening", flush=True)
    while True:
        sock, _ = listener.accept()
        if mode == "echo":
            threading.Thread(target=echo, args=(sock,), daemon=True).start()
        elif mode in ("web", "web-slow"):
            web(sock, *((0.002, 32768) if mode == "web" else (0.05, 2048)))
        else:
            pump(sock, mode)


def echo(sock):
    try:
        while data := sock.recv(65536):
            sock.sendall(data)
    except OSError as e:
        print("echo:", e, flush=True)
    sock.close()


def web(sock, pause, size):
    """One HTTP answer without end, until SIGUSR1: so many octets, a pause, and so on."""
    out = Half()
    sock.recv(65536)
    sock.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
    while not stopping.wait(pause):
        piece = out.piece()[:size]
        sock.sendall(piece)
        out.octets += len(piece)
    sock.close()
    print(out.octets, flush=True)


def talk(address, port):
    sock = socket.create_connection((address, int(port)))
    sock.setblocking(False)
    waiter = select.epoll()
    waiter.register(sock, select.EPOLLIN)
    out, back = Half(), Half()
    error = None

    def hear(seconds):
        """False at the end, or when nothing comes."""
        if not waiter.poll(seconds):
            return False
        data = sock.recv(65536)
        back.take(data)
        return bool(data)

    try:
        while not stopping.is_set():
            with contextlib.suppress(BlockingIOError):
                out.octets += sock.send(out.piece()[:1000])
            tick = time.monotonic() + 0.02
            while (left := tick - time.monotonic()) > 0:
                hear(left)
        sock.shutdown(socket.SHUT_WR)
        while hear(10):
            pass
    except OSError as e:
        error = str(e)
    print(json.dumps({"sent": out.octets, "received": back.octets, "wrong": back.wrong, "error": error}), flush=True)


def many(address, port, count):
    """Each connection carries a line there and back, now and after each SIGUSR1."""
    socks = [socket.create_connection((address, int(port))) for _ in range(int(count))]
    for round in range(3):
        good = 0
        for i, sock in enumerate(socks):
            sock.sendall(b"%06d %d\n" % (i, round))
        for i, sock in enumerate(socks):
            want, have = b"%06d %d\n" % (i, round), b""
            while len(have) < len(want):
                piece = sock.recv(64)
                if not piece:
                    break
                have += piece
            good += have == want
        print(good, flush=True)
        signal.sigwait({signal.SIGUSR1})


def threads(address, port, count):
    """Each connection has a thread that waits in recv, and comes late to the processor if others want it; how many
    lines came back, and what went wrong."""
    socks = [socket.create_connection((address, int(port))) for _ in range(int(count))]
    back, wrong = queue.Queue(), []

    def receive(sock):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
        try:
            while data := sock.recv(64):
                back.put(data)
            wrong.append("an end")
        except OSError as e:
            wrong.append(str(e))

    for sock in socks:
        threading.Thread(target=receive, args=(sock,), daemon=True).start()
    while True:
        for i, sock in enumerate(socks):
            sock.sendall(b"%06d\n" % i)
        lines, end = set(), time.monotonic() + 20
        while len(lines) < len(socks) and time.monotonic() < end and not wrong:
            with contextlib.suppress(queue.Empty):
                lines.add(back.get(timeout=0.5))
        print(json.dumps({"answered": len(lines), "wrong": wrong}), flush=True)
        signal.sigwait({signal.SIGUSR1})


def main():
    signal.signal(signal.SIGUSR1, lambda *_: stopping.set())
    verb, address, port, mode = sys.argv[1:5]
    if verb == "serve":
        serve(address, port, mode)
    elif verb == "talk":
        talk(address, port)
    elif verb in ("many", "threads"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})  # threads inherit it; the first one waits for it
        (many if verb == "many" else threads)(address, port, mode)
    else:
        pump(socket.create_connection((address, int(port))), mode)


main()
