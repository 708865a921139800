// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gate/dpopnonces.h"
#include "http/requesthead.h"
#include "limit/replaycache.h"
#include "watchword/core/error.h"
#include "watchword/core/testexport.h"
#include "watchword/gateway/gatewayconfig.h"
#include "watchword/gateway/identity.h"

#include <QSet>

namespace Watchword::Gateway {

//! Why a token came without the possession of its key (protocol.md, "Tokens that are bound to a key").
struct WATCHWORD_TEST_EXPORT ProofProblem
{
    enum class Kind {
        InvalidProof, //!< "invalid_dpop_proof"
        InvalidToken, //!< "invalid_token": the proof may be good, the token does not go with it.
        NonceWanted, //!< "use_dpop_nonce"
        CannotRemember //!< Nothing is wrong with it; the gateway is full.
    };
    Kind kind = Kind::InvalidProof;
    QString reasonCode; //!< For the audit.
    QString message;

    bool changesKey() const; //!< The token may be good for another connection.
    QByteArray wireError() const; //!< The value of "error" in a challenge; empty for CannotRemember.
    //! WrongNonce, TemporarilyUnavailable, IdentityChanged (the connection belongs to another key) or InvalidRequest; detail()
    //! is the message.
    Error toError() const;
};

//! How a token was presented.
struct Presentation
{
    bool isDpop = false; //!< Scheme "DPoP", or a renewal that came with a proof.
    QByteArray proof;
    QUrl url; //!< What the proof has to be made for; empty: the request was not for this gateway.
    bool mustBeBound = false; //!< The endpoint asks for it.
    QString keyOfConnection; //!< At a renewal: the thumbprint that must not change; empty: any, or none.
    QByteArray method = "GET"; //!< What the proof has to be made for.
};

/*!
    Decides whether who presents a token may: bound tokens only with a proof of their key, others only without one
    (RFC 9449 sections 4.3, 7 and 9).

    check() is asked after the token itself was found good, at most once for each proof, which counts as used when nothing
    else is wrong with it.
    Threads: one. Ownership: borrows the clock.
*/
class WATCHWORD_TEST_EXPORT ProofChecker
{
public:
    static constexpr Duration kAge = std::chrono::seconds(60); //!< How far "iat" may be away, in both directions.
    static const QByteArray &algorithms(); //!< The value of "algs" in challenges.

    explicit ProofChecker(Clock &clock);

    void setConfig(const GatewayConfig &config);
    void setCertificateNames(const QStringList &names); //!< DNS names, also with a leading "*.", and IP addresses.

    std::optional<ProofProblem> check(const Identity &identity, const Secret &token, const Presentation &presentation);
    QByteArray nonce() const; //!< For the next proof; empty if none is wanted.

    //! The URL that the client asked for, in its https form; empty if its host is none of ours.
    QUrl requestUrl(const RequestHead &head, bool isSecure, bool isFromProxy) const;

private:
    bool isOurs(const QString &host) const;
    std::optional<ProofProblem> checkProof(const Identity &identity, const Secret &token, const Presentation &presentation);

    Clock &m_clock;
    DpopNonces m_nonces;
    ReplayCache m_used;
    bool m_wantsNonce = false;
    bool m_knowsNames = false; // a plain listener without public_names does not
    QStringList m_publicNames;
    QStringList m_certificateNames;
    QSet<QString> m_boundIssuers;
};

} // namespace Watchword::Gateway
