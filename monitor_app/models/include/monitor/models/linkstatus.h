// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDateTime>
#include <QObject>
#include <QString>

#include <memory>

namespace Monitor {

/*! How the Monitor stands to the gateway, as facts and as the sentences that the window shows. */
class LinkStatus : public QObject
{
    Q_OBJECT
    Q_PROPERTY(State state READ state NOTIFY changed)
    Q_PROPERTY(QString text READ text NOTIFY changed)
    Q_PROPERTY(QString detail READ detail NOTIFY changed)

public:
    enum class State {
        Idle, //!< Nothing was asked for.
        Connecting,
        Loading, //!< The first snapshot comes in; data is usable already.
        Live,
        Reconnecting, //!< No data since noDataSince(); the next try is at nextTryAt().
        Lost, //!< Given up; lostReason() says why and what to do.
        File //!< An audit file is open; there is no gateway.
    };
    Q_ENUM(State)

    explicit LinkStatus(QObject *parent = nullptr);
    ~LinkStatus() override;

    State state() const;
    QString
    text() const; //!< "Live 640/s", "Silent 0:12", "Loading snapshot 412,000 of 1,000,000 (41 %)", "Reconnecting", "Lost", ...
    QString detail() const; //!< Of the banner: "No data since 12:04:31 (0:17). Next try in 4 s."; empty while live.
    QString serverName() const;
    qint64 loaded() const; //!< Rows of the snapshot so far.
    qint64 expected() const; //!< 0 when it is not known.
    bool isSilent() const; //!< Live, but nothing was heard of the gateway for longer than it ever says nothing.
    double eventRate() const; //!< Audit events a second.
    int lagMs() const; //!< Of the newest event, in server time; -1 if not known.
    double clockOffsetSeconds() const; //!< Server minus this machine.
    //! "lag 40 ms", or "heard 0:07 ago" when nothing came for 5 s; empty if not known.
    QString lagText() const;
    QString clockText() const; //!< "clock +0.3 s".
    QDateTime noDataSince() const; //!< UTC; invalid while live.
    QDateTime nextTryAt() const; //!< UTC; invalid when no try is planned.
    QString lostReason() const;
    QString failure() const; //!< Why the last try failed, while Reconnecting; may be empty.
    qint64 gapCount() const;
    qint64 missedEvents() const; //!< Sum over all gaps.
    quint64 verifiedTo() const; //!< Sequence up to which the hash chain was verified; 0 for none.
    bool chainBroken() const;
    QString completenessText() const; //!< "1,203 events not received", "Complete since 48,102,000".
    QString verificationText() const; //!< "Verified to 48,216,000", "Chain broken at 48,102,244".

    // Written by WatchFeed and by whoever opens a file.
    struct Facts
    {
        State state = State::Idle;
        QString serverName;
        qint64 loaded = 0;
        qint64 expected = 0;
        double eventRate = 0;
        int lagMs = -1;
        qint64 clockOffsetMs = 0;
        qint64 heardAt = 0; //!< ms since the epoch, of anything that the gateway sends; 0 for not live
        qint64 silentSince = 0; //!< ms since the epoch, 0 for not silent
        qint64 noDataSince = 0; //!< ms since the epoch, 0 for none
        qint64 nextTryAt = 0;
        QString lostReason;
        QString failure; //!< While Reconnecting: why the last try failed, and what to do.
        qint64 gapCount = 0;
        qint64 missedEvents = 0;
        quint64 completeFrom = 0;
        quint64 verifiedTo = 0;
        quint64 brokenAt = 0;
        qint64 badLines = 0;
        friend bool operator==(const Facts &, const Facts &) = default;
    };
    const Facts &facts() const;
    void setFacts(const Facts &facts); //!< Emits changed() if anything is different.
    void setNow(qint64 msSinceEpoch); //!< Moves the running texts (once a second); emits changed() if a text changed.

Q_SIGNALS:
    void changed();

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
