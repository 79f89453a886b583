# SPDX-License-Identifier: GPL-2.0-or-later
"""IKEv2: first messages in the clear, and whole conversations under keys."""

import hashlib
import socket
import struct

import cases_change
import ike
from ike import (AUTH, AUTHP, CBC, CP, CREATE, D, DH, EAP, ENCR, ESN, ESP, GCM16, I, IDI, IDR, IKE,
                 INFO, INIT, INTEG, KE, N, NONCE, PRF, R, SA, TSI, TSR, VENDOR, Association, Group,
                 chain, configuration, identity, message, notify, proposal, selector, selectors)
from vector import SILENCE, Corpus, derive

SPECIFICATIONS = ["RFC 7296", "RFC 7383", "RFC 4555", "RFC 7427", "docs/address-change.md"]
SUITES = (("gcm128", GCM16, 128, 5, 0, 31), ("gcm256", GCM16, 256, 6, 0, 19),
          ("gcm256-sha512", GCM16, 256, 7, 0, 20), ("cbc128-sha256", CBC, 128, 5, 12, 14),
          ("cbc256-sha384", CBC, 256, 6, 13, 15), ("cbc256-sha512", CBC, 256, 7, 14, 16),
          ("cbc128-sha1", CBC, 128, 2, 2, 14))


def nat(spi_i, spi_r, address, port=500):
    """NAT_DETECTION, section 2.23."""
    return hashlib.sha1(spi_i + spi_r + socket.inet_aton(address)
                        + struct.pack("!H", port)).digest()


def init_payloads(a, request):
    key, nonce = (a.ke_i, a.nonce_i) if request else (a.ke_r, a.nonce_r)
    return [(SA, proposal(1, IKE, b"", a.transforms())), (KE, struct.pack("!HH", a.group, 0) + key),
            (NONCE, nonce)]


def init_request(a, *more):
    first, body = chain(init_payloads(a, True) + list(more))
    return message(INIT, I, 0, body, first, a.spi_i, bytes(8))


def init_response(a, *more):
    first, body = chain(init_payloads(a, False) + list(more))
    return message(INIT, R, 0, body, first, a.spi_i, a.spi_r)


def bare(a, *payloads, spi_r=bytes(8)):
    """An answer of notifications alone."""
    first, body = chain(list(payloads))
    return message(INIT, R, 0, body, first, a.spi_i, spi_r)


def first_messages():
    group = Group("init", "IKE_SA_INIT")
    for name, *suite in SUITES:
        a = Association("ike init " + name, *suite)
        group.clear("request-" + name, "A request with group %d" % a.group, init_request(a),
                    "IKE_SA_INIT")
        group.clear("response-" + name, "Its answer", init_response(a), "IKE_AUTH")
    a = Association("ike init more", *SUITES[0][1:])
    ends = [notify(16388, nat(a.spi_i, bytes(8), "192.0.2.10")),
            notify(16389, nat(a.spi_i, bytes(8), "203.0.113.20"))]
    for name, comment, more in (
            ("nat", "NAT detection of both ends", ends),
            ("fragmentation", "Fragmentation is supported", [notify(16430)]),
            ("hashes", "Hash functions of RFC 7427", [notify(16431, b"\0\2\0\3\0\4")]),
            ("vendor", "A vendor identifier", [(VENDOR, derive("vendor", 16))]),
            ("vendor-empty", "An empty vendor identifier", [(VENDOR, b"")]),
            ("status-unknown", "A status notification nobody knows", [notify(40960, b"?")]),
            ("payload-unknown", "A payload nobody knows, not critical", [(200, b"whatever")]),
            ("all", "All that a request usually has", ends + [notify(16430),
             notify(16431, b"\0\2\0\3\0\4"), (VENDOR, derive("vendor", 16))])):
        group.clear("request-" + name, comment, init_request(a, *more), "IKE_SA_INIT")
    cookie = notify(16390, derive("ike cookie", 33))
    first, body = chain([cookie] + init_payloads(a, True))
    group.clear("request-cookie", "With a cookie, in front of everything",
                message(INIT, I, 0, body, first, a.spi_i, bytes(8)), "IKE_SA_INIT")
    for size in (1, 64):
        group.clear("cookie-%d" % size, "A cookie of %d octets is asked for" % size,
                    bare(a, notify(16390, derive("ike cookie", size))), "IKE_SA_INIT")
    group.clear("invalid-ke", "Another group is asked for", bare(a, notify(17, b"\0\x13")),
                "IKE_SA_INIT")
    group.clear("no-proposal", "No proposal was chosen", bare(a, notify(14)), SILENCE)
    group.clear("nonce-16", "The shortest nonce", message(INIT, I, 0, chain(
        init_payloads(a, True)[:2] + [(NONCE, derive("n", 16))])[1], SA, a.spi_i, bytes(8)),
        "IKE_SA_INIT")
    group.clear("nonce-256", "The longest nonce", message(INIT, I, 0, chain(
        init_payloads(a, True)[:2] + [(NONCE, derive("n", 256))])[1], SA, a.spi_i, bytes(8)),
        "IKE_SA_INIT")
    two = proposal(1, IKE, b"", a.transforms(), last=False) + proposal(
        2, IKE, b"", [(ENCR, CBC, 256), (ENCR, CBC, 128), (PRF, 5), (PRF, 6), (INTEG, 12),
                      (INTEG, 13), (DH, 31), (DH, 19), (DH, 14)])
    group.clear("two-proposals", "Two proposals, the second with a choice in everything",
                message(INIT, I, 0, chain([(SA, two)] + init_payloads(a, True)[1:])[1], SA,
                        a.spi_i, bytes(8)), "IKE_SA_INIT")
    return group


def esp(spi, *groups, last=True, encr=(ENCR, GCM16, 256)):
    return proposal(1, ESP, spi, [encr] + [(DH, g) for g in groups] + [(ESN, 0)], last)


def conversation(name, *suite):
    """From IKE_AUTH to the end, AUTH values right for the first messages that are here, too."""
    a = Association("ike " + name, *suite)
    group = Group(name, "A conversation under %s" % name, a)
    here, there = derive(name + " esp i", 4), derive(name + " esp r", 4)
    request, response = init_request(a), init_response(a)
    group.clear("init-request", "IKE_SA_INIT", request, "IKE_SA_INIT")
    group.clear("init-response", "Its answer", response, "IKE_AUTH")
    idi = identity(IDI, 2, b"mn.example")
    idr = identity(IDR, 2, b"cn.example")
    traffic = [selectors(TSI, selector("10.1.0.0", "10.1.255.255")),
               selectors(TSR, selector("10.2.0.0", "10.2.255.255"))]
    group.sealed("auth-request", "IKE_AUTH with the shared key '%s'" % ike.PSK.decode(), AUTH, I, 1,
                 [idi, idr, (AUTHP, b"\2\0\0\0" + a.auth(True, request, idi[1])),
                  notify(16384), (SA, esp(here))] + traffic + [notify(16396)], "IKE_AUTH")
    group.sealed("auth-response", "Its answer", AUTH, R, 1,
                 [idr, (AUTHP, b"\2\0\0\0" + a.auth(False, response, idr[1])), (SA, esp(there))]
                 + traffic + [notify(16396)])
    group.sealed("probe", "An empty request: are you there?", INFO, I, 2, [], "INFORMATIONAL")
    group.sealed("probe-answer", "Yes", INFO, R, 2, [])
    rekey = notify(16393, b"", ESP, here)
    group.sealed("rekey-child", "A Child SA anew", CREATE, I, 3,
                 [rekey, (SA, esp(derive(name + " esp i2", 4))), (NONCE, derive(name + " n2", 32))]
                 + traffic, "CREATE_CHILD_SA")
    group.sealed("delete-child", "The old one is deleted", INFO, I, 4,
                 [(D, struct.pack("!BBH", ESP, 4, 1) + here)], "INFORMATIONAL")
    group.sealed("delete", "The IKE SA is deleted, by the responder", INFO, 0, 0,
                 [(D, struct.pack("!BBH", IKE, 0, 0))], "INFORMATIONAL")
    return group


def more_messages():
    """What else the exchanges may hold, under one suite."""
    a = Association("ike more", GCM16, 256, 5, 0, 31)
    group = Group("more", "Other payloads, under AES-GCM", a)
    here = derive("more esp", 4)
    any4 = selector("0.0.0.0", "255.255.255.255")
    traffic = [selectors(TSI, any4), selectors(TSR, any4)]
    idi = identity(IDI, 2, b"mn.example")
    auth = (AUTHP, b"\2\0\0\0" + derive("more auth", 32))

    def first(name, comment, *payloads):
        group.sealed(name, comment, AUTH, I, 1, list(payloads), "IKE_AUTH")

    def info(name, comment, *payloads, flags=I, number=2):
        group.sealed(name, comment, INFO, flags, number, list(payloads),
                     SILENCE if flags & R else "INFORMATIONAL")

    for kind, text, data in ((1, "an IPv4 address", socket.inet_aton("192.0.2.10")),
                             (3, "an address of mail", b"mn@example"),
                             (5, "an IPv6 address",
                              socket.inet_pton(socket.AF_INET6, "2001:db8::10")),
                             (9, "a distinguished name",
                              bytes.fromhex("300d310b300906035504030c026d6e")),
                             (11, "octets only we know", b"\0\1\2")):
        first("identity-%d" % kind, "The identity is " + text, identity(IDI, kind, data), auth,
              (SA, esp(here)), *traffic)
    first("certificate", "A certificate, a request for one, a signature of RFC 7427", idi,
          (ike.CERT, b"\4" + derive("certificate", 300)),
          (ike.CERTREQ, b"\4" + derive("authority", 20)),
          (AUTHP, b"\x0e\0\0\0\x0c" + bytes.fromhex("300a06082a8648ce3d040302")
           + derive("signature", 70)), (SA, esp(here)), *traffic)
    first("eap", "No AUTH: EAP is asked for", idi, (SA, esp(here)), *traffic)
    group.sealed("eap-request", "AUTH of the responder, and EAP's first request", AUTH, R, 1,
                 [identity(IDR, 2, b"cn.example"), auth, (EAP, b"\1\7\0\5\1")], "IKE_AUTH")
    first("eap-response", "EAP's answer alone", (EAP, b"\2\7\0\x0f\1mn@example"))
    first("address", "An internal address is asked for", idi, auth,
          configuration(1, (1, b""), (3, b"")), (SA, esp(here)), *traffic)
    group.sealed("address-reply", "And given", AUTH, R, 1,
                 [identity(IDR, 2, b"cn.example"), auth,
                  configuration(2, (1, socket.inet_aton("10.77.0.1")),
                                (2, socket.inet_aton("255.255.255.0")),
                                (3, socket.inet_aton("10.77.0.53"))), (SA, esp(here))] + traffic)
    first("transport", "Transport mode is asked for", idi, auth, notify(16391), (SA, esp(here)),
          *traffic)
    first("ipv6", "Selectors of IPv6", idi, auth, (SA, esp(here)),
          selectors(TSI, selector("2001:db8:1::", "2001:db8:1::ffff")),
          selectors(TSR, selector("2001:db8:2::", "2001:db8:2::ffff")))
    first("ports", "Selectors with protocol and ports, several of them", idi, auth,
          (SA, esp(here)), selectors(TSI, any4, selector("10.1.0.1", "10.1.0.1", 6, (1024, 65535))),
          selectors(TSR, selector("10.2.0.1", "10.2.0.9", 6, (80, 80))))
    first("changes", "Address change is supported", idi, auth, (SA, esp(here)), *traffic,
          notify(50176, b"baton address change 1"))
    for code in (24, 34, 35, 36, 37, 38):
        group.sealed("error-%d" % code, "Error notification %d" % code, AUTH, R, 1,
                     [notify(code)])
    info("two-spis", "Two Child SAs deleted at once",
         (D, struct.pack("!BBH", ESP, 4, 2) + here + derive("more esp 2", 4)))
    info("update-addresses", "MOBIKE: we have moved", notify(16400),
         notify(16388, derive("nat", 20)), notify(16389, derive("nat 2", 20)))
    info("cookie2", "MOBIKE: are you there?", notify(16401, derive("cookie2", 16)), flags=0,
         number=0)
    info("cookie2-answer", "Yes", notify(16401, derive("cookie2", 16)), flags=I | R, number=0)
    info("unknown-payload", "A payload nobody knows", (222, b"x"))
    group.sealed("rekey-ike", "The IKE SA anew", CREATE, I, 3,
                 [(SA, proposal(1, IKE, derive("new spi", 8), a.transforms())),
                  (NONCE, derive("more n3", 32)), (KE, struct.pack("!HH", 31, 0) + a.ke_i)],
                 "CREATE_CHILD_SA")
    group.sealed("put-off", "Not now", CREATE, R, 3, [notify(43)])
    for name, comment, kind, flags, data in cases_change.in_ike(a.spi_i, a.spi_r):
        info(name, comment, notify(kind, data), flags=flags, number=4)
    info("expired", "The old address is over: with the Delete of the IKE SA",
         notify(50179, cases_change.expired(a.spi_i, a.spi_r)),
         (D, struct.pack("!BBH", IKE, 0, 0)), number=5)
    pieces = chain([idi, auth, (SA, esp(here))] + traffic)
    third = len(pieces[1]) // 3
    cut = [pieces[1][:third], pieces[1][third : 2 * third], pieces[1][2 * third :]]
    for i, octets in enumerate(cut):
        group.sealed("fragment-%d" % (i + 1), "Fragment %d of 3" % (i + 1), AUTH, I, 1,
                     (pieces[0], octets), "silence" if i < 2 else "IKE_AUTH",
                     fragment=(i + 1, 3))
    return group


def corpora():
    return [Corpus("init", "First messages of IKEv2", SPECIFICATIONS, [first_messages()]),
            Corpus("conversations", "IKEv2 under keys, from the first message to the last",
                   SPECIFICATIONS, [conversation(*suite) for suite in SUITES]),
            Corpus("payloads", "What exchanges of IKEv2 may hold", SPECIFICATIONS,
                   [more_messages()])]
