# SPDX-License-Identifier: GPL-2.0-or-later
"""EAP's vectors: what a case has beyond what every protocol's has."""

import struct

import eap
import eapol
import vector

TO_SERVER, TO_PEER = "peer->server", "server->peer"

SERVER_MAC, PEER_MAC = eapol.mac("02:00:00:00:01:01"), eapol.mac("02:00:00:00:00:01")
PEER, SERVER = b"mn@example.net", b"aaa.example.net"
SECRET = b"baton md5 secret"

CODES = {eap.REQUEST: "Request", eap.RESPONSE: "Response", eap.SUCCESS: "Success",
         eap.FAILURE: "Failure"}


def response(kind):
    return "Response[%s]" % kind


def request(kind):
    return "Request[%s]" % kind


def dissect_tls(data):
    fields = {"tls_flags": data[0]}
    at = 1
    if data[0] & eap.TLS_L:
        if len(data) < 5:
            return {}
        fields["tls_length"] = struct.unpack("!I", data[1:5])[0]
        at = 5
    fields["tls_data"] = data[at:].hex()
    return fields


def dissect(octets):
    """Fields of an EAP packet; octets behind its Length are none of it (RFC 3748 section 4)."""
    code, identifier, length = struct.unpack("!BBH", octets[:4])
    assert 4 <= length <= len(octets)
    octets = octets[:length]
    fields = {"message": CODES.get(code), "code": code, "identifier": identifier, "length": length}
    if code not in (eap.REQUEST, eap.RESPONSE):
        if length > 4:
            fields["data"] = octets[4:].hex()
        return {"fields": fields}
    kind, data = octets[4], octets[5:]
    fields["type"] = kind
    if kind == eap.EXPANDED:
        fields["vendor"] = int.from_bytes(data[:3], "big")
        fields["vendor_type"] = int.from_bytes(data[3:7], "big")
        data = data[7:]
    fields["data"] = data.hex()
    if kind == eap.TLS and data:
        fields.update(dissect_tls(data))
    return {"fields": fields}


class Case(vector.Case):
    PROTOCOL = "eap"
    DIRECTIONS = (TO_SERVER, TO_PEER)
    NEEDS = ("fresh", "identity", "proposed", "method", "finished")

    def __init__(self, group, name, comment, direction, octets, needs, reaction, before=(),
                 identifier=None, reply=None, **more):
        """before: what the receiver has taken. identifier: of the server's first request."""
        state = {}
        if before:
            state["before"] = [bytes(octet).hex() for octet in before]
        if identifier is not None:
            state["identifier"] = identifier
        super().__init__(group, name, comment, direction, octets, needs, reaction, state=state,
                         **more)
        self.reply = reply

    def more_json(self):
        return {} if self.reply is None else {"reply": self.reply.hex()}

    def decoded(self):
        return dissect(self.octets)

    def frame(self, number):
        """In EAPOL, as between a station and an authenticator."""
        up = self.direction == TO_SERVER
        ends = (PEER_MAC, SERVER_MAC)
        return eapol.frame(ends[up], ends[not up], eapol.pdu(eapol.EAP, self.octets))


class Group(vector.Group):
    CASE = Case

    def with_md5(self, challenge):
        self.eap.append({"method": "EAP-MD5", "password": SECRET.decode(), "id_p": PEER.decode(),
                         "id_s": SERVER.decode(), "challenge": challenge.hex()})
        return self

    def with_psk(self, label):
        dialog = psk_dialog(label)
        self.eap.append(dialog.as_json())
        return dialog

    def with_tls(self):
        self.eap.append({"method": "EAP-TLS", "id_p": PEER.decode(), "id_s": SERVER.decode()})
        return self


def psk_dialog(label, psk=None):
    return eap.PSKDialog(psk or vector.derive("eap psk", 16), vector.derive(label + " rand_s", 16),
                         vector.derive(label + " rand_p", 16), SERVER, PEER)
