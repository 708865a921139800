// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

namespace Watchword::Doctoring {

namespace {

QList<CheckText> originChecks()
{
    return {
        {"O1", Practice::Origin, Severity::High, "A foreign page is refused",
         "Any page that a person opens can connect with the person's cookies or network (cross-site WebSocket hijacking). "
         "Browsers do not "
         "stop it; only the server can.",
         "Compare Origin with a list of scheme, host and port, and answer 403 to all others.",
         "RFC 6455 section 10.2; OWASP ASVS 5.0 4.4.2; CWE-1385"},
        {"O2", Practice::Origin, Severity::Medium, "The Origin null is refused",
         "Sandboxed frames and local files send it, and every attacker can have one.", "Do not put null on the list.",
         "RFC 6454 section 7.1; OWASP ASVS 5.0 4.4.2; CWE-1385"},
        {"O3", Practice::Origin, Severity::High, "An Origin that only contains an allowed one is refused",
         "app.example.com.attacker.example and attackerapp.example.com cost a few euros.",
         "Compare whole Origins; no prefix, suffix or regular expression without both ends.",
         "RFC 6454 section 5; OWASP ASVS 5.0 4.4.2; CWE-1385"},
        {"O4", Practice::Origin, Severity::Medium, "Port and scheme belong to the Origin",
         "What runs at another port of the host, or comes over http, is another application.", "Compare scheme, host and port.",
         "RFC 6454 section 4; OWASP ASVS 5.0 4.4.2; CWE-1385"},
        {"X1", Practice::PrivateEndpoints, Severity::Critical, "A client cannot name itself by the proxy's headers",
         "Behind a proxy that signs people in, servers believe headers like X-Forwarded-User. If the client can send them, "
         "everybody is "
         "everybody.",
         "Have the proxy remove these headers from every request before it sets them, and let nobody reach the server but the "
         "proxy.",
         "OWASP ASVS 5.0 4.1.3; CWE-290"},
        {"X3", Practice::PrivateEndpoints, Severity::Critical, "A client cannot choose its own address",
         "A rule for machines of the house is worth nothing if X-Forwarded-For is believed from everybody.",
         "Believe X-Forwarded-For, X-Real-IP and Forwarded only from proxies on a list, and read them from the right.",
         "OWASP ASVS 5.0 4.1.3; RFC 7239 section 8.1; CWE-290"},
        {"X6", Practice::PrivateEndpoints, Severity::Medium, "Without an upgrade nothing is served",
         "Rules for the WebSocket are often not those of the same path in plain HTTP, and then the data goes out by the back "
         "door.",
         "Answer a plain request at the path with 426, or ask for the same token as at the upgrade.",
         "RFC 9110 section 15.5.22; OWASP ASVS 5.0 4.1.4; CWE-306"},
    };
}

QList<CheckText> boundChecks()
{
    return {
        {"S2", Practice::Limits, Severity::Medium, "A request that is never finished is ended",
         "A few thousand half requests take all places of a server, from one machine (slowloris).",
         "Give a request head 5 to 10 seconds (nginx: client_header_timeout 10s; Node.js: headersTimeout).",
         "RFC 9110 section 15.5.9; CWE-400"},
        {"S3", Practice::Limits, Severity::High, "A connection that never says who it is is closed",
         "Where the token comes in a message, everybody can hold connections open without one.",
         "Close after 10 seconds without a valid token (4408 or 4401), and allow such connections few bytes and few places.",
         "OWASP ASVS 5.0 4.4.3; CWE-400"},
        {"S1", Practice::Limits, Severity::High, "A message that is too big is refused when it is announced",
         "A server that makes room for what is announced can be emptied of memory by a few bytes.",
         "Set a largest message (64 KiB to 1 MiB) and close with 1009.", "OWASP WebSocket Security Cheat Sheet; CWE-770", true},
        {"S4", Practice::Limits, Severity::Low, "A message has an end, however many fragments it has",
         "Empty fragments cost a client six bytes each, and a server an entry in a list that is never sent on.",
         "Limit the fragments of a message, or the frames of a second, and close with 1008 or 1009.",
         "RFC 6455 section 10.4; CWE-770", true},
        {"S5", Practice::Limits, Severity::High, "A small compressed message cannot become a large one",
         "Sixteen kilobytes become sixteen megabytes at the server: a few connections take its memory.",
         "Count what comes out of the decompression, and close with 1009 when the largest message is passed.",
         "RFC 6455 section 10.4; OWASP WebSocket Security Cheat Sheet; CWE-409", true},
        {"F6", Practice::Limits, Severity::Low, "Control frames are limited",
         "Pings pass by the limit of messages, and each costs an answer.",
         "Answer only the newest ping (RFC 6455 allows it), or close with 1008 above a rate.", "RFC 6455 section 5.5.3; CWE-770",
         true},
        {"L1", Practice::Limits, Severity::Medium, "Messages are limited",
         "One client that sends in a loop, by mistake or not, takes the service from all others.",
         "Limit messages and bytes per second and connection; close with 1008 or 4429.",
         "OWASP WebSocket Security Cheat Sheet; OWASP ASVS 5.0 2.4.1; CWE-770", true},
        {"L2", Practice::Limits, Severity::Medium, "Connections of one user are limited",
         "One stolen or broken client opens connections until there is no room.",
         "Limit open connections per user; answer 429 with Retry-After.", "OWASP WebSocket Security Cheat Sheet; CWE-770", true},
        {"L3", Practice::Limits, Severity::Medium, "Wrong tokens in a row are slowed down",
         "Guessing and stuffing need many tries, and each costs the server a signature.",
         "Limit handshakes per address and second; answer 429 with Retry-After.", "OWASP ASVS 5.0 6.3.1; CWE-307", true},
        {"L4", Practice::Limits, Severity::Low, "A limit says when to come back",
         "A client that does not know comes back at once, and so do all others: the limit makes the load that it is there "
         "against.",
         "Send Retry-After with 429 and 503.", "RFC 6585 section 4; RFC 9110 section 10.2.3"},
    };
}

QList<CheckText> auditChecks()
{
    return {
        {"B4", Practice::Logging, Severity::Medium, "The server's clock is right",
         "Tokens begin and end by it, and the log's times are compared with those of other machines.",
         "Let the machine follow a time server (NTP), and watch that it does.", "OWASP ASVS 5.0 16.2.2"},
        {"B1", Practice::Logging, Severity::High, "The chain of the audit verifies",
         "A log that can be changed unseen proves nothing, and whoever broke in changes it first.",
         "Find out who can write to the audit's database. Restore it, and keep signed checkpoints in other hands.",
         "OWASP ASVS 5.0 16.4.2; CWE-778"},
        {"B2", Practice::Logging, Severity::High, "Every refusal stands in the audit, with its reason",
         "An attack that leaves no trace is found by its victims.",
         "See to it that the audit can be written: its disk, its database. Every refusal has an id; look for it.",
         "OWASP ASVS 5.0 16.3.1; OWASP ASVS 5.0 16.3.3; CWE-778"},
        {"B3", Practice::Audits, Severity::High, "The audit can be read when it is needed",
         "An audit that nobody can open is found out on the day of the incident.",
         "See to it that the audit path answers, and that somebody has a token with gw:audit. Let the doctor look every night.",
         "OWASP ASVS 5.0 16.4.3"},
        {"B5", Practice::Audits, Severity::Low, "Somebody has decided how long events are kept",
         "Too short, and an incident from last year cannot be explained. For ever, and the log is itself what gets stolen.",
         "Set retention in [audit], and write down why.", "OWASP ASVS 5.0 16.1.1"},
        {"B7", Practice::Logging, Severity::High, "Only auditors read the audit",
         "It says who connected, when and from where: the first thing to read for whoever plans to come back.",
         "Ask for a scope of its own (gw:audit) at the audit path.", "OWASP ASVS 5.0 16.4.2; CWE-862"},
        {"B6", Practice::Logging, Severity::Medium, "A stranger cannot fill the audit",
         "Whoever can write a line with each request buries what he does, or ends the log with a full disk.",
         "Count what a limit refuses, and write one event for many.", "OWASP ASVS 5.0 16.4.2; CWE-770; CWE-779", true},
    };
}

} // namespace

QList<CheckText> limitChecks()
{
    return originChecks() + boundChecks() + auditChecks();
}

} // namespace Watchword::Doctoring
