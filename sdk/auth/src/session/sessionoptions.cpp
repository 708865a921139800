// SPDX-License-Identifier: Apache-2.0
#include "watchword/auth/sessionoptions.h"

#include "watchword/auth/passphrasekeystore.h"

#include <QCoreApplication>
#include <QStandardPaths>

namespace Watchword {

using namespace Qt::StringLiterals;

SessionOptions SessionOptions::completed() const
{
    SessionOptions options = *this;
    if (options.applicationId.isEmpty()) {
        QStringList parts{QCoreApplication::organizationName(), QCoreApplication::applicationName()};
        parts.removeAll(QString());
        options.applicationId = parts.isEmpty() ? options.clientId : parts.join(u'.');
    }
    if (options.account.isEmpty())
        options.account = u"default"_s;
    if (!options.clock)
        options.clock = &Clock::system();
    if (!options.random)
        options.random = &RandomSource::system();
    if (options.storageFolder.isEmpty()) {
        // The application id may hold anything; a folder name may not.
        const QString name = QString::fromLatin1(QUrl::toPercentEncoding(options.applicationId));
        options.storageFolder = QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) + u'/' + name;
    }
    if (options.storage == StoragePolicy::EncryptedFile && !options.keyStore)
        options.keyStore = std::make_shared<PassphraseKeyStore>(options.storageFolder, options.askPassphrase);
    return options;
}

} // namespace Watchword
