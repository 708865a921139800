// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gate/gatetarget.h"
#include "gate/proofchecker.h"
#include "http/requesthead.h"
#include "watchword/core/result.h"
#include "watchword/core/testexport.h"

namespace Watchword::Gateway {

//! An upgrade that is not to be, with the answer to the client and, more exactly, to the audit.
struct WATCHWORD_TEST_EXPORT Refusal
{
    int status = 400;
    QByteArray type; //!< Problem type; empty for "about:blank".
    QByteArray title;
    QList<RequestHead::Header> headers;
    QString auditType = QStringLiteral("conn.rejected");
    int severity = 3;
    QString reasonCode;
    QString message;
    std::optional<Duration> retryAfter;
    std::optional<int> closeCode; //!< It was said behind a 101.
    QString detail{}; //!< For the person, where the answer may say it.
    std::optional<WallTime> lockedUntil{};

    static Refusal of(int status, const QByteArray &title, const QString &reasonCode, const QString &message);
    //! With Retry-After. What the client did is too much, or the gateway cannot serve it now.
    static Refusal until(int status, const QByteArray &title, const QString &reasonCode, const QString &message, Duration after);
    //! 400, error="invalid_request" (RFC 6750 section 3.1).
    static Refusal ofRequest(const QByteArray &title, const QString &reasonCode, const QString &message,
                             const GateTarget *target);
    static Refusal ofUnknownPath();
    static Refusal ofHandshakes(Duration wait);
    static Refusal ofFailures(Duration wait); //!< In place of the refusal of a credential.
    //! Of a lock that ends, it says when, counted from \a now.
    static Refusal ofToken(const Error &error, const GateTarget *target, bool isDpop, WallTime now = {});
    static Refusal ofProof(const ProofProblem &problem, const GateTarget *target);

    QString sentence() const; //!< The message with a capital letter and a full stop, for the audit.
    //! Adds WWW-Authenticate. \a target null: nothing tells whether there is one. Who came with a proof is asked for one again
    //! (RFC 9449 section 7.1).
    void challenge(const GateTarget *target, const QByteArray &parameters, bool isDpop);
};

//! 503 sends many away at once: they come back spread over twice the time, at \a chance (0 to 1) of it.
WATCHWORD_TEST_EXPORT void spreadReturn(Refusal &refusal, double chance);
//! For heads that could not be parsed, and for peers that did not send one in time.
WATCHWORD_TEST_EXPORT Refusal refusalOfHead(const ParsedHead &parsed);
WATCHWORD_TEST_EXPORT Refusal refusalOfPlainPeer();

//! The error says nothing about the token, only that the issuer could not be asked.
WATCHWORD_TEST_EXPORT bool isIssuerTrouble(const Error &error);

//! The HTTP answer: problem+json with \a ref.
WATCHWORD_TEST_EXPORT QByteArray answerOf(const Refusal &refusal, const QString &ref, bool headOnly = false);
QByteArray quotedString(const QString &text); //!< RFC 9110 section 5.6.4

} // namespace Watchword::Gateway
