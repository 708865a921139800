// SPDX-License-Identifier: Apache-2.0
#include "accountwatch.h"

#include <QDir>
#include <QFileInfo>

#include <algorithm>
#include <utility>

namespace Watchword {

AccountWatch::AccountWatch(SessionOptions options)
    : m_options(std::move(options))
{
}

void AccountWatch::run()
{
    if (m_watcher)
        return;
    m_watcher = std::make_unique<QFileSystemWatcher>();
    connect(m_watcher.get(), &QFileSystemWatcher::directoryChanged, this, &AccountWatch::look);
    m_shown = accounts();
    watch();
}

QList<StoredAccount> AccountWatch::accounts() const
{
    QList<StoredAccount> all = Accounts::stored(m_options);
    all.removeIf(
        [this](const StoredAccount &one) { return one.issuer != m_options.issuer || one.clientId != m_options.clientId; });
    return all;
}

bool AccountWatch::isStored(const QString &account) const
{
    const QList<StoredAccount> all = accounts();
    return std::any_of(all.cbegin(), all.cend(), [&account](const StoredAccount &one) { return one.account == account; });
}

void AccountWatch::watch()
{
    QString folder = QDir::cleanPath(QDir(m_options.storageFolder).absolutePath());
    while (!QFileInfo::exists(folder) && folder != QDir::rootPath())
        folder = QFileInfo(folder).path();
    const QStringList watched = m_watcher->directories();
    if (watched == QStringList{folder})
        return;
    if (!watched.isEmpty())
        m_watcher->removePaths(watched);
    m_watcher->addPath(folder);
}

void AccountWatch::look()
{
    watch();
    const QList<StoredAccount> now = accounts();
    if (std::exchange(m_shown, now) != now)
        Q_EMIT changed();
}

} // namespace Watchword
