// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/closepolicy.h"
#include "watchword/core/error.h"
#include "watchword/core/testexport.h"
#include "watchword/gateway/identity.h"

#include <QHostAddress>
#include <QJsonObject>
#include <QMetaType>

#include <optional>

namespace Watchword::Gateway {

/*! Whom a lock concerns. */
struct LockTarget
{
    enum class Kind {
        User, //!< "sub"
        Session, //!< "sid"; the token where the issuer has no sessions.
        Token, //!< "jti"
        Client, //!< "client_id"
        Address, //!< Of the client: an address or a subnet.
        Role, //!< One that the person has.
        Tenant //!< That the person belongs to.
    };
    Kind kind = Kind::User;
    QString issuer; //!< Empty: whatever the issuer.
    QString value;
    QString subject{}; //!< Session: of this user only, since an issuer may give two the same "sid". Empty: whoever has it.
    friend bool operator==(const LockTarget &, const LockTarget &) = default;
};

/*!
    Keeps somebody out: who is concerned is not admitted, and is cut if connected.

    A lock is as well what remains of a session that was revoked, by an operator or by the provider's word: so it stays
    refused, whoever issued its tokens. Threads: reentrant value.
*/
struct WATCHWORD_TEST_EXPORT Lock
{
    enum class Mode {
        Revoked, //!< 401 invalid_token, 4410: a new sign-in helps.
        Forbidden, //!< 403, 4403
        Locked, //!< 403, 4423
        Outdated, //!< 401 invalid_token, 4441: a new token helps.
        Held //!< 429, 4411: may come back at the end. Who is connected stays.
    };

    QString id; //!< "l-..."; LockBook gives it.
    LockTarget target;
    Mode mode = Mode::Locked;
    //! Concerns only who signed in until then, by "auth_time", else "iat"; Outdated: whose token was issued until then.
    //! Absent: everybody.
    std::optional<WallTime> before;
    WallTime since{};
    std::optional<WallTime> until; //!< Absent: for good.
    QString message; //!< For the person who is kept out.
    QString reason; //!< Word for the audit: "operator", "provider".
    QString by; //!< Who made it.
    //! Of an address: operators as well. Else they stay, so that who can take a lock off is not kept out by where he is.
    bool includesOperators = false;

    bool concerns(const Identity &identity, const QHostAddress &peer) const; //!< Whatever the time.
    bool isOver(WallTime now) const { return until && *until <= now; }
    //! SessionRevoked, Locked or, for Held, Forbidden; retryAfter() says for how long, remedy() is the message.
    Error toError(WallTime now) const;
    CloseCode closeCode() const;
    QJsonObject toJson() const; //!< As the API shows it.
};

//! Whether \a identity has a scope of the gateway itself ("gw:...").
WATCHWORD_TEST_EXPORT bool isOperator(const Identity &identity);
QString wireName(LockTarget::Kind kind); //!< "user", "session", ...
std::optional<LockTarget::Kind> lockKindOf(const QString &name);
QString wireName(Lock::Mode mode); //!< "revoked", "forbidden", "locked", "outdated", "held"
std::optional<Lock::Mode> lockModeOf(const QString &name);

} // namespace Watchword::Gateway

Q_DECLARE_METATYPE(Watchword::Gateway::Lock)
