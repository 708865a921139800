// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/linkfailure.h"
#include "monitor/models/linkstatus.h"
#include "monitor/store/audittable.h"
#include "monitor/store/connectiontable.h"
#include "monitor/store/tokentable.h"

#include <QObject>

#include <memory>

namespace Watchword {
class WatchClient;
}

namespace Monitor {

/*!
    Brings what a WatchClient receives into the stores, and the state of the link into a LinkStatus.

    Changes of tables are collected and applied at 30 Hz; audit lines are parsed on an ingest thread. When the ingest queue is
    full (256 MiB of lines), the lines that do not fit become a gap row and are counted: nothing is lost unsaid.
    Threads: the one it lives in, except for its own ingest thread, which ends before the destructor returns.
    Ownership: borrows client and stores, which must outlive it.
*/
class WatchFeed : public QObject
{
    Q_OBJECT

public:
    struct Stores
    {
        AuditTable &audit;
        ConnectionTable &connections;
        TokenTable &tokens;
    };
    WatchFeed(Watchword::WatchClient &client, Stores stores, QObject *parent = nullptr);
    ~WatchFeed() override;

    LinkStatus &status();
    qint64 serverNow() const; //!< ms since the epoch by the gateway's clock; by this machine's until that is known.

    void setCertificate(const CertificateFacts &facts); //!< For the sentence that says why there is no link.

Q_SIGNALS:
    void resynced(int added, int removed, qint64 awayMs); //!< Live again: how many connections came and went meanwhile.
    void applied(); //!< At most 30 times a second, after the stores took changes; tick the models now.

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
