// SPDX-License-Identifier: Apache-2.0
#include "watchword/watch/checkpointwitness.h"

#include "watchword/core/internal/durablefile.h"
#include "watchword/jose/merkletree.h"
#include "watchword/jose/signednote.h"

#include <QCryptographicHash>
#include <QDir>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QMap>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLargestState = 256 * 1024;
constexpr qsizetype kMostLogs = 1000;
const QByteArray kName = QByteArrayLiteral("watchword-witness");

} // namespace

class CheckpointWitness::Private
{
public:
    struct Log
    {
        QByteArray note;
        QList<NoteVerifier> keys;
        Checkpoint checkpoint;
    };

    Result<void> open();
    Result<void> load(const QString &file);
    QString fileOf(const QByteArray &origin) const
    {
        const QByteArray name = QCryptographicHash::hash(origin, QCryptographicHash::Sha256).toHex().first(32);
        return folder + u'/' + QString::fromLatin1(name) + u".json"_s;
    }
    Result<void> save(const Log &log) const;

    QString folder;
    SigningKey key;
    QMap<QByteArray, Log> logs;
};

Result<void> CheckpointWitness::Private::open()
{
    if (const Result<void> made = makePrivateFolder(folder); !made)
        return made;
    const QString keyFile = folder + u"/witness-key"_s;
    const Result<QByteArray> pem = readBounded(keyFile, kLargestState);
    if (!pem && pem.error().code() != ErrorCode::NotFound)
        return pem.error();
    const Result<SigningKey> found = pem ? SigningKey::fromPem(Secret::copy(*pem), u"EdDSA"_s) : SigningKey::generate(u"EdDSA"_s);
    if (!found)
        return found.error();
    key = *found;
    if (!pem) {
        if (const Result<void> written = writeDurably(keyFile, key.toPem().reveal()); !written)
            return written;
    }
    const QStringList files = QDir(folder).entryList({u"*.json"_s}, QDir::Files, QDir::Name).mid(0, kMostLogs);
    for (const QString &file : files) {
        if (const Result<void> loaded = load(folder + u'/' + file); !loaded)
            return loaded;
    }
    return {};
}

Result<void> CheckpointWitness::Private::load(const QString &file)
{
    // What was seen must not be forgotten silently: a damaged file is an error, and not a log that was never seen.
    const Error damaged(ErrorCode::StoreCorrupt, u"%1, which says what was seen of an audit log, is damaged"_s.arg(file));
    const Result<QByteArray> bytes = readBounded(file, kLargestState);
    if (!bytes)
        return bytes.error();
    const QJsonObject json = QJsonDocument::fromJson(*bytes).object();
    Log log;
    log.note = json.value("note"_L1).toString().toUtf8();
    const Result<SignedNote> note = SignedNote::fromBytes(log.note);
    const Result<Checkpoint> checkpoint = note ? Checkpoint::fromText(note->text()) : Result<Checkpoint>(note.error());
    if (!checkpoint)
        return damaged;
    log.checkpoint = *checkpoint;
    const QJsonArray keys = json.value("keys"_L1).toArray();
    for (const QJsonValue &text : keys) {
        const Result<NoteVerifier> verifier = NoteVerifier::fromText(text.toString().toUtf8());
        if (!verifier)
            return damaged;
        log.keys.append(*verifier);
    }
    if (log.keys.isEmpty())
        return damaged;
    logs.insert(log.checkpoint.origin, log);
    return {};
}

Result<void> CheckpointWitness::Private::save(const Log &log) const
{
    QJsonArray keys;
    for (const NoteVerifier &verifier : log.keys)
        keys.append(QString::fromUtf8(verifier.toText()));
    const QJsonObject json{{"note"_L1, QString::fromUtf8(log.note)}, {"keys"_L1, keys}};
    return writeDurably(fileOf(log.checkpoint.origin), QJsonDocument(json).toJson());
}

CheckpointWitness::CheckpointWitness(std::unique_ptr<Private> priv)
    : d(std::move(priv))
{
}

CheckpointWitness::~CheckpointWitness() = default;
CheckpointWitness::CheckpointWitness(CheckpointWitness &&other) noexcept = default;
CheckpointWitness &CheckpointWitness::operator=(CheckpointWitness &&other) noexcept = default;

Result<CheckpointWitness> CheckpointWitness::open(const QString &folder)
{
    auto priv = std::make_unique<Private>();
    priv->folder = folder;
    if (const Result<void> opened = priv->open(); !opened)
        return opened.error();
    return CheckpointWitness(std::move(priv));
}

quint64 CheckpointWitness::seen(const QByteArray &origin) const
{
    return d->logs.value(origin).checkpoint.size;
}

quint64 CheckpointWitness::seen() const
{
    return d->logs.size() == 1 ? d->logs.first().checkpoint.size : 0;
}

QByteArray CheckpointWitness::note(const QByteArray &origin) const
{
    return d->logs.value(origin).note;
}

QByteArray CheckpointWitness::publicKey() const
{
    const auto verifier = NoteVerifier::fromKey(kName, d->key.publicKey(), NoteVerifier::Type::CosignatureV1);
    return verifier ? verifier->toText() : QByteArray();
}

Result<quint64> CheckpointWitness::take(const AuditCheckpoint &received, WallTime now)
{
    const Result<SignedNote> parsed = SignedNote::fromBytes(received.note);
    const Result<Checkpoint> checkpoint = parsed ? Checkpoint::fromText(parsed->text()) : Result<Checkpoint>(parsed.error());
    if (!checkpoint)
        return checkpoint.error();
    SignedNote note = *parsed;
    QList<NoteVerifier> keys;
    for (const QByteArray &text : received.keys) {
        const Result<NoteVerifier> verifier = NoteVerifier::fromText(text);
        if (verifier && verifier->type() == NoteVerifier::Type::Ed25519 && note.verify(*verifier))
            keys.append(*verifier);
    }
    const auto known = d->logs.constFind(checkpoint->origin);
    if (known == d->logs.cend()) {
        if (keys.isEmpty())
            return Error(ErrorCode::BadSignature, u"the checkpoint is signed by none of the keys that came with it"_s);
        // "watchword-audit/<cluster>/<node>/<chain>": another chain of a node that was seen is another log in its place.
        const QByteArray place = checkpoint->origin.left(checkpoint->origin.lastIndexOf('/') + 1);
        const auto replaced = d->logs.lowerBound(place);
        if (!place.isEmpty() && replaced != d->logs.end() && replaced.key().startsWith(place)) {
            return Error(ErrorCode::ChainBroken,
                         u"%1 has another log than the one that was seen, of %2 events"_s.arg(QString::fromUtf8(place.chopped(1)))
                             .arg(replaced->checkpoint.size))
                .withRemedy(u"If it was begun anew on purpose, remove %1."_s.arg(d->fileOf(replaced.key())));
        }
        if (d->logs.size() >= kMostLogs)
            return Error(ErrorCode::StorageFailed, u"a witness keeps %1 logs"_s.arg(kMostLogs));
    } else {
        const bool isSigned = std::any_of(known->keys.cbegin(), known->keys.cend(),
                                          [&note](const NoteVerifier &verifier) { return note.verify(verifier).isOk(); });
        if (!isSigned) {
            return Error(ErrorCode::UnknownKey, u"none of the keys that signed the log until now has signed this state of it"_s)
                .withRemedy(u"If the key was replaced on purpose, remove %1."_s.arg(d->fileOf(checkpoint->origin)));
        }
        const Checkpoint &old = known->checkpoint;
        if (checkpoint->size < old.size) {
            return Error(ErrorCode::ChainBroken,
                         u"the log has %1 events, and had %2 before: its end is gone"_s.arg(checkpoint->size).arg(old.size));
        }
        const Result<void> goesOn =
            MerkleTree::verifyConsistency(old.size, old.root, checkpoint->size, checkpoint->root,
                                          checkpoint->size == old.size ? QList<QByteArray>() : received.consistency);
        if (!goesOn) {
            return Error(ErrorCode::ChainBroken,
                         u"the first %1 events are not those that were seen here: the log was rewritten"_s.arg(old.size));
        }
        if (keys.isEmpty())
            keys = known->keys;
    }
    if (const Result<void> signedHere = note.cosign(kName, d->key, now); !signedHere)
        return signedHere.error();
    const Private::Log log{note.toBytes(), keys, *checkpoint};
    if (const Result<void> saved = d->save(log); !saved)
        return saved.error();
    d->logs.insert(checkpoint->origin, log);
    return checkpoint->size;
}

} // namespace Watchword
