// SPDX-License-Identifier: Apache-2.0
#include "session/completedoptions.h"

#include "watchword/auth/passphrasekeystore.h"

#include <QStandardPaths>

namespace Watchword {

using namespace Qt::StringLiterals;

SessionOptions completedOptions(SessionOptions options)
{
    if (options.applicationId.isEmpty())
        options.applicationId = options.clientId;
    if (options.account.isEmpty())
        options.account = u"default"_s;
    if (!options.clock)
        options.clock = &Clock::system();
    if (!options.random)
        options.random = &RandomSource::system();
    if (options.dataFolder.isEmpty()) {
        // The application id may hold anything; a folder name may not.
        const QString name = QString::fromLatin1(QUrl::toPercentEncoding(options.applicationId));
        options.dataFolder = QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) + u'/' + name;
    }
    if (options.storage == StoragePolicy::EncryptedFile && !options.keyStore)
        options.keyStore = std::make_shared<PassphraseKeyStore>(options.dataFolder, options.askPassphrase);
    return options;
}

} // namespace Watchword
