# SPDX-License-Identifier: Apache-2.0
"""minipana: a small PANA client and agent (RFC 5191) with EAP-MD5 and EAP-PSK (RFC 4764).

One user, one EAP method, HMAC-SHA1 alone, no AAA, no pre-authentication. Written for clarity:
AES is a few lines of Python, and nothing hides how long a comparison or a cipher takes. Fit to
learn and to test with, not to guard a network.
"""

VERSION = "minipana 1.0"
