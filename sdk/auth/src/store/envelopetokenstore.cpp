// SPDX-License-Identifier: Apache-2.0
#include "watchword/auth/envelopetokenstore.h"

#include "store/filelock.h"
#include "store/tokencodec.h"
#include "watchword/core/canonicaljson.h"
#include "watchword/core/internal/durablefile.h"
#include "watchword/core/log.h"
#include "watchword/jose/envelope.h"

#include <QCoreApplication>
#include <QCryptographicHash>
#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QtEndian>

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr QByteArrayView kMagic("WWT1");
constexpr qsizetype kHeadSize = 4 + 8; // magic and generation
constexpr qsizetype kLargestFile = 1 << 20;
constexpr qsizetype kContentKeySize = 32;

QString baseOf(const EnvelopeTokenStore::Location &location)
{
    const QByteArray identity = toCanonicalJson(QJsonArray{location.applicationId, location.realm, location.account});
    const QByteArray hash = QCryptographicHash::hash(identity, QCryptographicHash::Sha256).toHex().first(24);
    return location.folder + u'/' + QString::fromLatin1(hash);
}

// The generation stands before the envelope, readable without the key.
Result<quint64> generationOf(QByteArrayView file)
{
    if (file.size() < kHeadSize || !file.startsWith(kMagic))
        return Error(ErrorCode::StoreCorrupt, u"the token file has no valid head"_s);
    return qFromBigEndian<quint64>(file.data() + kMagic.size());
}

} // namespace

class EnvelopeTokenStore::Private
{
public:
    Private(Location l, Secret k, Clock &c)
        : location(std::move(l))
        , key(std::move(k))
        , clock(c)
    {
        base = baseOf(location);
    }

    QByteArray additionalData(quint64 generation) const
    {
        // Text, because a JSON number cannot hold all of 64 bits.
        return toCanonicalJson(QJsonArray{u"watchword.tokens"_s, location.applicationId, location.realm, location.account,
                                          QString::number(generation)});
    }

    QByteArray recordData(const QString &name) const
    {
        return toCanonicalJson(QJsonArray{u"watchword.record"_s, location.applicationId, location.realm, location.account, name});
    }

    Result<void> check() const
    {
        if (key.size() != kContentKeySize)
            return Error(ErrorCode::InvalidArgument, u"the key of the token store must have 32 bytes"_s);
        return makePrivateFolder(location.folder);
    }

    Result<TokenSet> read() const
    {
        const Result<QByteArray> bytes = readBounded(base + u".tokens"_s, kLargestFile);
        if (!bytes)
            return bytes.error();
        const Result<quint64> head = generationOf(*bytes);
        if (!head)
            return head.error();
        const quint64 generation = *head;
        const Result<Secret> plain = openEnvelope(key, QByteArrayView(*bytes).sliced(kHeadSize), additionalData(generation));
        if (!plain)
            return Error(ErrorCode::StoreCorrupt,
                         u"the token file does not decrypt: it was changed, or the key of the "
                         "keychain is another one"_s);
        Result<TokenSet> tokens = decodeTokens(*plain);
        if (tokens && tokens->generation != generation)
            return Error(ErrorCode::StoreCorrupt, u"the token file contradicts its head"_s);
        return tokens;
    }

    Result<void> write(const TokenSet &tokens) const
    {
        const Result<QByteArray> sealed = sealEnvelope(key, encodeTokens(tokens).reveal(), additionalData(tokens.generation));
        if (!sealed)
            return sealed.error();
        QByteArray bytes = kMagic.toByteArray();
        bytes.resize(kHeadSize);
        qToBigEndian<quint64>(tokens.generation, bytes.data() + kMagic.size());
        bytes += *sealed;
        return writeDurably(base + u".tokens"_s, bytes);
    }

    // Zero: the account was not signed out without the key.
    quint64 leftGeneration() const
    {
        const Result<QByteArray> bytes = readBounded(base + u".signedout"_s, 64);
        return bytes ? bytes->trimmed().toULongLong() : 0;
    }

    void quarantine(const QString &suffix) const
    {
        const QString stamp = toDateTime(clock.wallNow()).toString(u"yyyyMMddTHHmmsszzz"_s);
        QString target = base + u".quarantined-"_s + stamp;
        for (int n = 1; QFile::exists(target); ++n)
            target = base + u".quarantined-%1-%2"_s.arg(stamp).arg(n);
        QFile::rename(base + suffix, target);
        qCInfo(logAuth) << "set aside an unreadable file as" << target;
    }

    Location location;
    Secret key;
    Clock &clock;
    QString base;
};

EnvelopeTokenStore::EnvelopeTokenStore(Location location, Secret key, Clock &clock)
    : d(std::make_unique<Private>(std::move(location), std::move(key), clock))
{
}

EnvelopeTokenStore::~EnvelopeTokenStore() = default;

Result<TokenSet> EnvelopeTokenStore::load()
{
    if (const Result<void> usable = d->check(); !usable)
        return usable.error();
    Result<TokenSet> tokens = d->read();
    if (!tokens && tokens.error().code() == ErrorCode::StoreCorrupt)
        d->quarantine(u".tokens"_s);
    if (const quint64 left = d->leftGeneration(); tokens && left > tokens->generation) {
        TokenSet ended = *tokens;
        ended.tombstone = true;
        ended.generation = left;
        return ended;
    }
    return tokens;
}

Result<void> EnvelopeTokenStore::save(const TokenSet &tokens)
{
    if (const Result<void> usable = d->check(); !usable)
        return usable;
    const Result<TokenSet> old = d->read();
    if (!old && old.error().code() == ErrorCode::StoreCorrupt)
        d->quarantine(u".tokens"_s);
    else if (!old && old.error().code() != ErrorCode::NotFound)
        return old.error();
    const quint64 left = d->leftGeneration();
    const quint64 newest = std::max(old ? old->generation : 0, old ? left : 0);
    if (old && tokens.generation <= newest)
        return Error(ErrorCode::WrongState,
                     u"generation %1 is stored already, %2 comes too late"_s.arg(newest).arg(tokens.generation));
    const Result<void> written = d->write(tokens);
    if (written && left > 0 && left <= tokens.generation)
        QFile::remove(d->base + u".signedout"_s);
    return written;
}

Result<void> EnvelopeTokenStore::leaveTombstone(const Location &location)
{
    const QString base = baseOf(location);
    const Result<QByteArray> bytes = readBounded(base + u".tokens"_s, kLargestFile);
    if (!bytes && bytes.error().code() == ErrorCode::NotFound)
        return {};
    if (!bytes)
        return bytes.error();
    const Result<quint64> generation = generationOf(*bytes);
    if (!generation)
        return {}; // unreadable for everybody, so nobody is signed in by it
    return writeDurably(base + u".signedout"_s, QByteArray::number(*generation + 1));
}

Result<void> EnvelopeTokenStore::check()
{
    if (const Result<void> usable = d->check(); !usable)
        return usable;
    const QString probe = d->base + u".probe-%1"_s.arg(QCoreApplication::applicationPid());
    const auto locked = tryFileLock(probe);
    const Result<void> written = locked ? writeDurably(probe, "probe") : Result<void>(locked.error());
    if (!QFile::remove(probe) && written)
        return Error(ErrorCode::StorageFailed, u"cannot remove %1"_s.arg(probe));
    return written;
}

Result<std::optional<RefreshJournal>> EnvelopeTokenStore::readJournal()
{
    if (const Result<void> usable = d->check(); !usable)
        return usable.error();
    const Result<QByteArray> bytes = readBounded(d->base + u".journal"_s, 4096);
    if (!bytes && bytes.error().code() == ErrorCode::NotFound)
        return std::optional<RefreshJournal>();
    if (!bytes && bytes.error().code() != ErrorCode::StoreCorrupt)
        return bytes.error();
    const Result<RefreshJournal> journal = bytes ? decodeJournal(*bytes) : Result<RefreshJournal>(bytes.error());
    if (!journal) {
        d->quarantine(u".journal"_s);
        return std::optional<RefreshJournal>();
    }
    return std::optional<RefreshJournal>(*journal);
}

Result<void> EnvelopeTokenStore::writeJournal(const RefreshJournal &journal)
{
    if (const Result<void> usable = d->check(); !usable)
        return usable;
    return writeDurably(d->base + u".journal"_s, encodeJournal(journal));
}

Result<std::shared_ptr<StoreLock>> EnvelopeTokenStore::tryLock()
{
    if (const Result<void> usable = d->check(); !usable)
        return usable.error();
    return tryFileLock(d->base + u".lock"_s);
}

Result<Secret> EnvelopeTokenStore::loadRecord(const QString &name)
{
    if (const Result<void> usable = d->check(); !usable)
        return usable.error();
    const Result<QByteArray> bytes = readBounded(d->base + u".record-"_s + name, kLargestFile);
    if (!bytes)
        return bytes.error();
    const Result<Secret> plain = openEnvelope(d->key, *bytes, d->recordData(name));
    if (plain)
        return plain;
    d->quarantine(u".record-"_s + name);
    return Error(ErrorCode::StoreCorrupt, u"the record %1 does not decrypt"_s.arg(name));
}

Result<void> EnvelopeTokenStore::saveRecord(const QString &name, const Secret &content)
{
    if (const Result<void> usable = d->check(); !usable)
        return usable;
    const Result<QByteArray> sealed = sealEnvelope(d->key, content.reveal(), d->recordData(name));
    if (!sealed)
        return sealed.error();
    return writeDurably(d->base + u".record-"_s + name, *sealed);
}

QStringList EnvelopeTokenStore::watchedFiles() const
{
    return {d->location.folder, d->base + u".tokens"_s, d->base + u".signedout"_s};
}

QString EnvelopeTokenStore::tokenFile() const
{
    return d->base + u".tokens"_s;
}

} // namespace Watchword
