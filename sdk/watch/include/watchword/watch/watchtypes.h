// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/watchrows.h"
#include "watchword/watch/export.h"

#include <QMetaType>
#include <QSslCertificate>
#include <QStringList>
#include <QUrl>

#include <optional>

namespace Watchword {

class RandomSource;

/*! Where to watch and how. Borrows clock and random, which must outlive the client. */
struct WATCHWORD_WATCH_EXPORT WatchOptions
{
    QUrl gateway; //!< wss://host:port; its path is replaced by the two below.
    QString watchPath = QStringLiteral("/watch"); //!< Empty: no tables, only the audit; the client stays Loading.
    QString auditPath = QStringLiteral("/audit"); //!< Empty: no audit stream.
    QList<QSslCertificate> certificateAuthorities; //!< Only these are trusted; empty: those of the system.
    QList<QSslCertificate> additionalCertificateAuthorities; //!< Trusted beside them, or beside those of the system.
    std::chrono::milliseconds rate{500}; //!< Between two deltas, 250 to 5000.
    //! Where the audit starts: "<epoch>.<sequence>" resumes behind that event, "0" is the oldest, empty the newest 200.
    QString auditAfter;
    bool mirror = true; //!< False: rows only pass by in the signals, and the application keeps them.
    Clock *clock = nullptr; //!< Null: Clock::system().
    RandomSource *random = nullptr; //!< Null: RandomSource::system().
};

/*! What the gateway says about itself. */
struct WATCHWORD_WATCH_EXPORT WatchServer
{
    QString server;
    QString node;
    QString version;
    QString epoch; //!< Of the audit log.
    QStringList scope; //!< What this watcher may do; actions need "gw:kick".
    std::optional<WallTime> startedAt;
    std::optional<WallTime> tokenExpiresAt; //!< Of the token that the gateway holds for this watcher.
    std::optional<int> tlsDaysLeft; //!< Of the gateway's certificate.
    QString tlsProtocol;
    Duration clockOffset{}; //!< Add it to this machine's time to get the gateway's.
    Duration clockUncertainty{}; //!< Half of the round trip in which the offset was measured.
    quint64 newestAudit = 0; //!< As the gateway said last; compare with what was received to know the lag.

    friend bool operator==(const WatchServer &, const WatchServer &) = default;
};

/*! How far a snapshot is. */
struct WATCHWORD_WATCH_EXPORT WatchProgress
{
    qsizetype received = 0;
    qsizetype expected = 0; //!< 0 while it is not known yet.

    friend bool operator==(const WatchProgress &, const WatchProgress &) = default;
};

/*! What became of a disconnect. */
struct WATCHWORD_WATCH_EXPORT ActionOutcome
{
    int matched = 0;
    QStringList done; //!< Are being closed.
    QStringList gone; //!< Had ended already, or never existed.
};

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::WatchServer)
Q_DECLARE_METATYPE(Watchword::WatchProgress)
Q_DECLARE_METATYPE(Watchword::ActionOutcome)
