// SPDX-License-Identifier: Apache-2.0
// What lies on the disk may have been written by anybody: the token file, the journal, the sealed key.
#include "store/sealedkey.h"
#include "store/tokencodec.h"
#include "watchword/auth/envelopetokenstore.h"
#include "watchword/jose/envelope.h"

#include <QDir>
#include <QFile>
#include <QLoggingCategory>
#include <QTemporaryDir>

#include <cstdlib>

using namespace Watchword;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

void put(const QString &path, const QByteArray &bytes)
{
    QFile file(path);
    require(file.open(QIODevice::WriteOnly | QIODevice::Truncate) && file.write(bytes) == bytes.size());
}

// As a store reads it: a file that nobody with the key wrote never becomes tokens, and is set aside once.
void tokenFile(const QByteArray &input)
{
    static QTemporaryDir folder;
    static const Secret key = Secret::random(32);
    QLoggingCategory::setFilterRules(QStringLiteral("watchword.*=false"));
    EnvelopeTokenStore store({folder.path(), QStringLiteral("app"), QStringLiteral("account"), QStringLiteral("realm")}, key);
    put(store.tokenFile(), input);
    const Result<TokenSet> loaded = store.load();
    require(!loaded && loaded.error().code() == ErrorCode::StoreCorrupt);
    require(!QFile::exists(store.tokenFile()));
    QString journal = store.tokenFile();
    journal.chop(7);
    put(journal + QStringLiteral(".journal"), input);
    require(bool(store.readJournal()));
    put(journal + QStringLiteral(".signedout"), input);
    require(!store.load());
    const QStringList all = QDir(folder.path()).entryList(QDir::Files);
    for (const QString &name : all)
        QFile::remove(folder.path() + QLatin1Char('/') + name);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QByteArray input(reinterpret_cast<const char *>(data), qsizetype(size));
    const Result<TokenSet> tokens = decodeTokens(Secret::copy(input)); // behind the envelope
    if (tokens) { // what is understood is understood again
        const Result<TokenSet> again = decodeTokens(encodeTokens(*tokens));
        require(again && again->generation == tokens->generation && again->refreshToken.equals(tokens->refreshToken)
                && again->tombstone == tokens->tombstone && again->sentAt == tokens->sentAt);
    }
    if (const Result<RefreshJournal> journal = decodeJournal(input)) {
        const Result<RefreshJournal> again = decodeJournal(encodeJournal(*journal));
        require(again && *again == *journal);
    }
    if (const Result<SealedKey> sealed = decodeSealedKey(input)) {
        require(isAllowedCost(sealed->cost));
        const Result<SealedKey> again = decodeSealedKey(encodeSealedKey(*sealed));
        require(again && again->salt == sealed->salt && again->envelope == sealed->envelope);
    }
    tokenFile(input);
    return 0;
}
