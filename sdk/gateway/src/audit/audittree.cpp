// SPDX-License-Identifier: Apache-2.0
#include "audit/audittree.h"

#include "watchword/core/internal/durablefile.h"

#include <QFile>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr int kTreePage = 1000;
constexpr quint64 kMostAtFirst = 100'000; // events of a file without a tree that get into its first one
constexpr QFile::Permissions kForOthers = QFile::ReadGroup | QFile::WriteGroup | QFile::ReadOther | QFile::WriteOther;
constexpr qsizetype kLargestKeys = 64 * 1024;
const QByteArray kPemEnd = QByteArrayLiteral("-----END PRIVATE KEY-----\n");

} // namespace

AuditTree::AuditTree(AuditDatabase &database, const QString &path)
    : m_database(database)
    , m_path(path)
    , m_tiles([this](int level, quint64 index) { return m_database.tile(level, index); })
{
}

Result<void> AuditTree::openKeys()
{
    const QString file = m_path + u"-key"_s;
    if (m_path.isEmpty() || !QFile::exists(file)) {
        const Result<SigningKey> key = SigningKey::generate(u"EdDSA"_s);
        if (!key)
            return key.error();
        m_keys = {*key};
        return m_path.isEmpty() ? Result<void>() : writeDurably(file, key->toPem().reveal());
    }
    if (QFile::permissions(file) & kForOthers) {
        return Error(ErrorCode::PermissionDenied, u"others can read the key of the audit's checkpoints, %1"_s.arg(file))
            .withRemedy(u"Run: chmod 600 %1"_s.arg(file));
    }
    Result<QByteArray> read = readBounded(file, kLargestKeys);
    if (!read)
        return read.error();
    const Secret all = Secret::copy(*read);
    read.value().fill('\0');
    const QByteArrayView text = all.reveal();
    m_keys.clear();
    for (qsizetype from = 0, end = 0; (end = text.indexOf(kPemEnd, from)) >= 0; from = end + kPemEnd.size()) {
        const Result<SigningKey> key =
            SigningKey::fromPem(Secret::copy(text.sliced(from, end + kPemEnd.size() - from)), u"EdDSA"_s);
        if (!key)
            return key.error().withDetail(u"%1: %2"_s.arg(file, key.error().detail()));
        m_keys.append(*key);
    }
    if (m_keys.isEmpty())
        return Error(ErrorCode::UnusableKey, u"%1 has no Ed25519 key in PEM"_s.arg(file));
    return {};
}

Result<void> AuditTree::open(const QByteArray &origin, quint64 oldest, quint64 newest)
{
    m_origin = origin;
    if (const Result<void> done = openKeys(); !done)
        return done;
    const Result<QString> base = m_database.meta(u"tree_base"_s);
    const Result<QString> size = m_database.meta(u"tree_size"_s);
    const Result<std::pair<quint64, QByteArray>> last = m_database.lastCheckpoint();
    if (!base || !size || !last)
        return Error(ErrorCode::StorageFailed, u"the audit file's own data cannot be read"_s);
    m_note = last->second;
    if (!m_note.isEmpty()) {
        const Result<SignedNote> note = SignedNote::fromBytes(m_note);
        const Result<Checkpoint> checkpoint = note ? Checkpoint::fromText(note->text()) : Result<Checkpoint>(note.error());
        if (!checkpoint)
            return Error(ErrorCode::StoreCorrupt, u"the audit's newest checkpoint cannot be read"_s);
        m_checkpoint = *checkpoint;
    }
    if (base->isEmpty()) {
        const quint64 late = newest > kMostAtFirst ? newest - kMostAtFirst + 1 : 1;
        m_base = std::max({oldest, late, quint64(1)});
        if (const Result<void> done = m_database.setMeta(u"tree_base"_s, QString::number(m_base)); !done)
            return done;
    } else {
        m_base = base->toULongLong();
    }
    if (const Result<void> done = m_tiles.open(size->toULongLong()); !done)
        return done;
    return catchUp(oldest, newest);
}

Result<void> AuditTree::catchUp(quint64 oldest, quint64 newest)
{
    quint64 last = m_base + m_tiles.size() - 1;
    if (newest < last || (newest > last && oldest > last + 1)) {
        return Error(
            ErrorCode::StoreCorrupt,
            u"the audit file has events %1 to %2, and a Merkle tree that ends at %3"_s.arg(oldest).arg(newest).arg(last));
    }
    while (last < newest) {
        const Result<QList<AuditDatabase::Row>> rows = m_database.read(last, kTreePage);
        if (!rows || rows->isEmpty())
            return rows ? Error(ErrorCode::StoreCorrupt, u"events are missing"_s) : rows.error();
        for (const AuditDatabase::Row &row : *rows)
            m_tiles.add(MerkleTree::leafHash(row.body));
        last = rows->last().sequence;
    }
    // Who cut the end off and wrote something else cannot have signed it.
    if (m_checkpoint.size > m_tiles.size())
        return Error(ErrorCode::StoreCorrupt, u"events that the newest checkpoint has are missing"_s);
    const Result<QByteArray> root = m_tiles.rootOf(m_checkpoint.size);
    if (!m_note.isEmpty() && (!root || *root != m_checkpoint.root))
        return Error(ErrorCode::StoreCorrupt, u"the events are not those of the newest checkpoint"_s);
    return {};
}

void AuditTree::add(const AuditRecord &record)
{
    m_tiles.add(MerkleTree::leafHash(record.text));
}

Result<void> AuditTree::writeTiles()
{
    const std::vector<TreeTiles::Tile> tiles = m_tiles.changed();
    for (const TreeTiles::Tile &tile : tiles) {
        if (const Result<void> done = m_database.setTile(tile.level, tile.index, tile.hashes); !done)
            return done;
    }
    return m_database.setMeta(u"tree_size"_s, QString::number(m_tiles.size()));
}

Result<void> AuditTree::store(const Checkpoint &checkpoint, WallTime now, const QByteArray &note)
{
    const auto attempt = [&]() -> Result<void> {
        if (const Result<void> begun = m_database.begin(); !begun)
            return begun;
        Result<void> done = writeTiles();
        if (done)
            done = m_database.insertCheckpoint(checkpoint.size, now, note);
        return done ? m_database.commit() : done;
    };
    const Result<void> done = attempt();
    if (done)
        m_tiles.setStored();
    else
        m_database.rollback();
    return done;
}

Result<void> AuditTree::checkpoint(WallTime now)
{
    if (m_tiles.size() == m_checkpoint.size)
        return {};
    const Result<QByteArray> root = m_tiles.root();
    if (!root)
        return root.error();
    const Checkpoint next{m_origin, m_tiles.size(), *root};
    SignedNote note(next.toText());
    for (const SigningKey &key : std::as_const(m_keys)) {
        if (const Result<void> done = note.sign(m_origin, key); !done)
            return done;
    }
    const QByteArray bytes = note.toBytes();
    if (const Result<void> done = store(next, now, bytes); !done)
        return done;
    m_checkpoint = next;
    m_note = bytes;
    return {};
}

Result<AuditProof> AuditTree::prove(quint64 oldSize, quint64 sequence) const
{
    AuditProof proof;
    proof.note = m_note;
    proof.base = m_base;
    for (const SigningKey &key : m_keys) {
        if (const Result<NoteVerifier> verifier = NoteVerifier::fromKey(m_origin, key.publicKey()); verifier)
            proof.keys.append(verifier->toText());
    }
    if (oldSize > 0) {
        const Result<QList<QByteArray>> hashes = MerkleTree::consistencyProof(oldSize, m_checkpoint.size, m_tiles.subtree());
        if (!hashes)
            return hashes.error();
        proof.consistency = *hashes;
    }
    if (sequence > 0) {
        if (sequence < m_base)
            return Error(ErrorCode::InvalidArgument, u"event %1 is older than the tree"_s.arg(sequence));
        const Result<QList<QByteArray>> hashes =
            MerkleTree::inclusionProof(sequence - m_base, m_checkpoint.size, m_tiles.subtree());
        if (!hashes)
            return hashes.error();
        proof.inclusion = *hashes;
    }
    return proof;
}

} // namespace Watchword::Gateway
