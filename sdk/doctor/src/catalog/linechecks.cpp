// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

namespace Watchword::Doctoring {

namespace {

QList<CheckText> tlsChecks()
{
    return {
        {"T1", Practice::Transport, Severity::Critical, "Nothing is served without TLS",
         "Whoever is on the line reads the token and becomes the person. A redirect does not help: by then the token has been "
         "sent.",
         "Close the plain port, or answer it with an error that serves nothing. Do not redirect WebSocket requests.",
         "OWASP ASVS 5.0 4.4.1; OWASP ASVS 5.0 4.1.2; RFC 6455 section 10.6; CWE-319"},
        {"T2", Practice::Transport, Severity::High, "TLS 1.0 and 1.1 are refused",
         "Their ciphers and hashes are broken, and RFC 8996 forbids them. An attacker on the line can push clients down to them.",
         "Allow TLS 1.2 and 1.3 only (nginx: ssl_protocols TLSv1.2 TLSv1.3).", "RFC 8996; OWASP ASVS 5.0 12.1.1; CWE-326"},
        {"T3", Practice::Transport, Severity::Low, "TLS 1.3 is offered",
         "It is safer and one round trip faster, which every reconnect feels.",
         "Enable TLS 1.3 (nginx: ssl_protocols TLSv1.2 TLSv1.3).", "RFC 8446; OWASP ASVS 5.0 12.1.1"},
        {"T4", Practice::Transport, Severity::Critical, "The certificate is trusted, names the host, and is renewed in time",
         "With a certificate that cannot be checked a client cannot tell the server from a machine in between. One that is "
         "renewed at the "
         "last day ends all connections when the renewal fails once.",
         "Install a certificate of an authority that the clients trust, with the whole chain, for this host name. Renew it after "
         "two thirds of "
         "its life. If the authority is your own, give it to the doctor by --ca.",
         "RFC 9525; OWASP ASVS 5.0 12.2.2; CWE-295"},
        {"T5", Practice::Transport, Severity::High, "Weak cipher suites are refused",
         "NULL, anonymous, export, RC4, DES and 3DES suites give an attacker the text or a place in the middle.",
         "Take the cipher list of a current server configuration guide; AEAD suites with forward secrecy are enough.",
         "RFC 9325 section 4.1; OWASP ASVS 5.0 12.1.2; CWE-327"},
    };
}

QList<CheckText> frameChecks()
{
    return {
        {"X2", Practice::Validation, Severity::Medium, "A handshake against RFC 6455 is refused",
         "A server that takes any request for an upgrade can be used through a proxy that understands the request in another way "
         "(request smuggling).",
         "Answer 426 to another Sec-WebSocket-Version and 400 to a missing Sec-WebSocket-Key, before the request goes to a "
         "backend.",
         "RFC 6455 section 4.2.1; CWE-444"},
        {"X4", Practice::Validation, Severity::Low, "A list in Connection is understood",
         "Browsers and proxies send \"Connection: keep-alive, Upgrade\". A server that compares the whole line refuses them.",
         "Split the field at commas and compare the entries without regard to case.",
         "RFC 9110 section 7.6.1; RFC 6455 section 4.2.1"},
        {"X5", Practice::Validation, Severity::Low, "Long header lines get through",
         "Tokens with many groups or roles reach 8 KiB and more. Then exactly the people with most rights cannot connect.",
         "Allow header lines of 16 KiB (nginx: large_client_header_buffers 4 16k), or keep the tokens small.",
         "RFC 9110 section 5.4"},
        {"F1", Practice::Limits, Severity::Medium, "A frame without mask ends the connection",
         "Masking keeps a hostile page from making caches in between take its bytes for a request. A server that does not insist "
         "on it gives "
         "that up.",
         "Use a WebSocket library that closes with 1002, and do not switch its checks off.", "RFC 6455 section 5.1; CWE-345"},
        {"F2", Practice::Limits, Severity::Low, "Text that is not UTF-8 ends the connection",
         "What the server lets pass reaches parsers, logs and other clients that rely on it.",
         "Use a WebSocket library that closes with 1007, and do not switch its checks off.", "RFC 6455 section 8.1; CWE-20"},
        {"F3", Practice::Limits, Severity::Low, "A ping is answered",
         "Clients find out by pings that a connection is dead. Without an answer they give good ones up.",
         "Let the WebSocket library answer pings; check that nothing in between swallows control frames.",
         "RFC 6455 section 5.5.2"},
        {"F4", Practice::Limits, Severity::Low, "A reserved bit that nobody agreed on ends the connection",
         "Both ends then understand the same bytes in two ways.", "Use a WebSocket library that closes with 1002.",
         "RFC 6455 section 5.2; CWE-20"},
        {"F5", Practice::Limits, Severity::Low, "A fragment may end inside a character",
         "Senders cut messages wherever they like. A server that checks each fragment by itself ends good connections, and only "
         "those of people who do not write English.",
         "Check UTF-8 over the whole message, or let the WebSocket library do it.", "RFC 6455 section 5.6"},
        {"C1", Practice::Limits, Severity::Low, "Compression is off where nobody asked for it",
         "It costs the server memory and time for each connection. Where a secret and an attacker's text are in one stream, the "
         "lengths of messages tell of the secret (CRIME, BREACH).",
         "Switch permessage-deflate off. If you want it, bound its memory and say so to the doctor: --compression.",
         "RFC 7692 section 8; OWASP WebSocket Security Cheat Sheet; CWE-400"},
    };
}

} // namespace

QList<CheckText> lineChecks()
{
    return tlsChecks() + frameChecks();
}

} // namespace Watchword::Doctoring
