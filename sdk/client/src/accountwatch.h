// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/accounts.h"

#include <QFileSystemWatcher>
#include <QObject>

namespace Watchword {

/*!
    Tells when the list of stored accounts changes, by whichever program. The folder comes into being with the first sign-in, so
    its parents are watched until then.

    Threads: the one it lives in.
*/
class AccountWatch : public QObject
{
    Q_OBJECT

public:
    explicit AccountWatch(SessionOptions options);

    void run(); //!< From now on changed() comes; twice: no effect.
    QList<StoredAccount> accounts() const; //!< As the files say now.
    bool isStored(const QString &account) const; //!< As the files say now.

Q_SIGNALS:
    void changed();

private:
    void look();
    void watch();

    SessionOptions m_options;
    std::unique_ptr<QFileSystemWatcher> m_watcher; // empty: it does not run
    QList<StoredAccount> m_shown;
};

} // namespace Watchword
