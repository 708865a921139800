// SPDX-License-Identifier: Apache-2.0
#include "audittest.h"

#include "audit/treetiles.h"
#include "support/sanitizer.h"
#include "watchword/jose/signednote.h"

#include <QElapsedTimer>
#include <QFile>
#include <QMap>
#include <QProcess>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

namespace {

//! The tree by its definition (RFC 6962 section 2.1), for comparison.
QByteArray rootByDefinition(const QList<QByteArray> &leaves)
{
    if (leaves.isEmpty())
        return MerkleTree::emptyRoot();
    if (leaves.size() == 1)
        return leaves.first();
    qsizetype left = 1;
    while (left * 2 < leaves.size())
        left *= 2;
    return MerkleTree::nodeHash(rootByDefinition(leaves.first(left)), rootByDefinition(leaves.mid(left)));
}

QByteArray leaf(quint64 number)
{
    return MerkleTree::leafHash(QByteArray::number(number));
}

//! Tiles with what a database would keep.
struct Stored
{
    QMap<std::pair<int, quint64>, QByteArray> kept;
    TreeTiles tiles{[this](int level, quint64 index) { return kept.value({level, index}); }};
    void store()
    {
        for (const TreeTiles::Tile &tile : tiles.changed())
            kept.insert({tile.level, tile.index}, tile.hashes);
        tiles.setStored();
    }
};

} // namespace

/*! The Merkle tree over the log, its proofs and its signed checkpoints. */
class TestAuditTree : public AuditTest
{
    Q_OBJECT

private Q_SLOTS:
    void knownRoots();
    void everySizeHasItsRoot();
    void everyProofHolds();
    void forgedProofsAreRefused();
    void tilesGoOnAfterARestart();
    void oneOfTenMillion();
    void logGoesOnFromItsCheckpoint();
    void purgedEventsStayProven();
    void rewrittenLogIsFound();
    void keysRotate();
    void goAccepts();
};

void TestAuditTree::knownRoots()
{
    // RFC 6962 has no vectors; these are those of Google's certificate-transparency sources.
    QCOMPARE(MerkleTree::emptyRoot().toHex(), QByteArray("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    QCOMPARE(MerkleTree::leafHash({}).toHex(), QByteArray("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"));
    const QList<QByteArray> entries{"",
                                    QByteArray("\0", 1),
                                    "\x10",
                                    "\x20\x21",
                                    "\x30\x31",
                                    "\x40\x41\x42\x43",
                                    "\x50\x51\x52\x53\x54\x55\x56\x57",
                                    "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"};
    Stored stored;
    for (const QByteArray &entry : entries)
        stored.tiles.add(MerkleTree::leafHash(entry));
    QCOMPARE(stored.tiles.rootOf(7)->toHex(), QByteArray("ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"));
    QCOMPARE(stored.tiles.root()->toHex(), QByteArray("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"));
}

void TestAuditTree::everySizeHasItsRoot()
{
    Stored stored;
    QList<QByteArray> leaves;
    for (quint64 size = 0; size <= 1100; ++size) {
        if (size < 20 || size % 97 == 0 || (size & 255) < 2)
            QCOMPARE(stored.tiles.root().value(), rootByDefinition(leaves));
        if (size % 300 == 0)
            stored.store();
        leaves.append(leaf(size));
        stored.tiles.add(leaves.last());
    }
}

void TestAuditTree::everyProofHolds()
{
    Stored stored;
    constexpr quint64 kSize = 70;
    QList<QByteArray> roots{MerkleTree::emptyRoot()};
    for (quint64 i = 0; i < kSize; ++i) {
        stored.tiles.add(leaf(i));
        roots.append(stored.tiles.root().value());
    }
    const MerkleTree::Subtree subtree = stored.tiles.subtree();
    for (quint64 size = 0; size <= kSize; ++size) {
        for (quint64 index = 0; index < size; ++index) {
            const auto proof = MerkleTree::inclusionProof(index, size, subtree);
            QVERIFY(proof && MerkleTree::verifyInclusion(leaf(index), index, size, roots.at(qsizetype(size)), *proof));
        }
        for (quint64 old = 0; old <= size; ++old) {
            const auto proof = MerkleTree::consistencyProof(old, size, subtree);
            QVERIFY(proof);
            QVERIFY(MerkleTree::verifyConsistency(old, roots.at(qsizetype(old)), size, roots.at(qsizetype(size)), *proof));
        }
    }
    QVERIFY(!MerkleTree::inclusionProof(kSize, kSize, subtree));
    QVERIFY(!MerkleTree::consistencyProof(kSize, kSize - 1, subtree));
    QVERIFY(!MerkleTree::inclusionProof(0, kSize + 1, subtree)); // hashes that nobody has
}

void TestAuditTree::forgedProofsAreRefused()
{
    Stored stored;
    QList<QByteArray> roots{MerkleTree::emptyRoot()};
    for (quint64 i = 0; i < 40; ++i) {
        stored.tiles.add(leaf(i));
        roots.append(stored.tiles.root().value());
    }
    const QList<QByteArray> in = MerkleTree::inclusionProof(13, 40, stored.tiles.subtree()).value();
    const QList<QByteArray> on = MerkleTree::consistencyProof(13, 40, stored.tiles.subtree()).value();
    QVERIFY(!MerkleTree::verifyInclusion(leaf(12), 13, 40, roots.at(40), in));
    QVERIFY(!MerkleTree::verifyInclusion(leaf(13), 12, 40, roots.at(40), in));
    QVERIFY(!MerkleTree::verifyInclusion(leaf(13), 13, 40, roots.at(39), in));
    QVERIFY(!MerkleTree::verifyInclusion(leaf(13), 40, 40, roots.at(40), in));
    QVERIFY(!MerkleTree::verifyInclusion(leaf(13), 13, 40, roots.at(40), in + in));
    QVERIFY(!MerkleTree::verifyInclusion(leaf(13), 13, 40, roots.at(40), {}));
    QVERIFY(!MerkleTree::verifyInclusion(leaf(13), 13, 40, roots.at(40), {"short"}));
    QVERIFY(!MerkleTree::verifyConsistency(13, roots.at(12), 40, roots.at(40), on));
    QVERIFY(!MerkleTree::verifyConsistency(13, roots.at(13), 40, roots.at(39), on));
    QVERIFY(!MerkleTree::verifyConsistency(12, roots.at(12), 40, roots.at(40), on));
    QVERIFY(!MerkleTree::verifyConsistency(40, roots.at(40), 13, roots.at(13), on));
    QVERIFY(!MerkleTree::verifyConsistency(13, roots.at(13), 40, roots.at(40), on.first(on.size() - 1)));
    QVERIFY(!MerkleTree::verifyConsistency(13, roots.at(13), 13, roots.at(14), {}));
    for (qsizetype i = 0; i < on.size(); ++i) {
        QList<QByteArray> changed = on;
        changed[i][0] = char(changed.at(i).at(0) ^ 1);
        QVERIFY(!MerkleTree::verifyConsistency(13, roots.at(13), 40, roots.at(40), changed));
    }
}

void TestAuditTree::tilesGoOnAfterARestart()
{
    Stored stored;
    for (quint64 i = 0; i < 700; ++i)
        stored.tiles.add(leaf(i));
    stored.store();
    const QByteArray root = stored.tiles.root().value();
    TreeTiles again([&stored](int level, quint64 index) { return stored.kept.value({level, index}); });
    QVERIFY(again.open(700));
    QCOMPARE(again.root().value(), root);
    again.add(leaf(700));
    stored.tiles.add(leaf(700));
    QCOMPARE(again.root().value(), stored.tiles.root().value());
    stored.kept.remove({0, 2});
    QCOMPARE(again.open(700).error().code(), ErrorCode::StoreCorrupt);
}

void TestAuditTree::oneOfTenMillion()
{
    constexpr quint64 kSize = Support::kMemoryIsOdd ? 1'000'000 : 10'000'000; // sanitizers take their time
    Stored stored;
    for (quint64 i = 0; i < kSize; ++i) {
        stored.tiles.add(leaf(i));
        if (i % 100'000 == 0)
            stored.store();
    }
    stored.store();
    const QByteArray root = stored.tiles.root().value();
    QElapsedTimer timer;
    timer.start();
    const QList<QByteArray> proof = MerkleTree::inclusionProof(471'100, kSize, stored.tiles.subtree()).value();
    const QList<QByteArray> on = MerkleTree::consistencyProof(900'001, kSize, stored.tiles.subtree()).value();
    const qint64 made = timer.nsecsElapsed();
    QVERIFY(MerkleTree::verifyInclusion(leaf(471'100), 471'100, kSize, root, proof));
    qInfo().noquote() << u"inclusion %1 bytes, consistency %2 bytes, both made in %3 us, verified in %4 us"_s
                             .arg(proof.size() * 32)
                             .arg(on.size() * 32)
                             .arg(made / 1000)
                             .arg((timer.nsecsElapsed() - made) / 1000);
    QVERIFY(proof.size() * 32 <= 2048 && on.size() * 32 <= 2048);
}

void TestAuditTree::logGoesOnFromItsCheckpoint()
{
    AuditProof first;
    {
        const std::unique_ptr<AuditLog> log = opened(m_options);
        QVERIFY(log);
        for (int i = 0; i < 300; ++i)
            log->post(entry(i));
        QVERIFY(log->checkpoint());
        first = log->prove(0, 0).value();
        QVERIFY(log->append(entry(300)));
    }
    const NoteVerifier key = NoteVerifier::fromText(first.keys.first()).value();
    const SignedNote note = SignedNote::fromBytes(first.note).value();
    QVERIFY(note.verify(key));
    const Checkpoint old = Checkpoint::fromText(note.text()).value();
    QCOMPARE(old.size, 300u);
    QVERIFY(old.origin.startsWith("watchword-audit/local/n1/"));

    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    const AuditProof proof = log->prove(300, 77).value();
    QCOMPARE(proof.keys, first.keys); // over the restart
    const SignedNote next = SignedNote::fromBytes(proof.note).value();
    QVERIFY(next.verify(key));
    const Checkpoint now = Checkpoint::fromText(next.text()).value();
    QCOMPARE(now.size, 301u); // the end of the gateway before signed what was left
    QVERIFY(MerkleTree::verifyConsistency(old.size, old.root, now.size, now.root, proof.consistency));
    QVERIFY(
        MerkleTree::verifyInclusion(MerkleTree::leafHash(bodyOf(m_options.path, 77)), 76, now.size, now.root, proof.inclusion));
    QVERIFY(!log->prove(302, 0));
    QVERIFY(!log->prove(0, 302));
}

void TestAuditTree::purgedEventsStayProven()
{
    m_options.maxEvents = 100;
    QByteArray body;
    {
        const std::unique_ptr<AuditLog> log = opened(m_options);
        QVERIFY(log);
        for (int i = 0; i < 700; ++i)
            log->post(entry(i));
        QVERIFY(log->flush());
        body = bodyOf(m_options.path, 5);
        QVERIFY(log->applyRetention() > 500);
        QVERIFY(log->append(entry(700)));
    }
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    QVERIFY(log->oldest() > 5);
    const AuditProof proof = log->prove(0, 5).value();
    const Checkpoint now = Checkpoint::fromText(SignedNote::fromBytes(proof.note)->text()).value();
    QCOMPARE(now.size, log->newest());
    QVERIFY(MerkleTree::verifyInclusion(MerkleTree::leafHash(body), 4, now.size, now.root, proof.inclusion));
}

// Everything recomputed by who can write the file and knows how: only the key is missing.
void TestAuditTree::rewrittenLogIsFound()
{
    fill(20);
    const QString uid =
        AuditEvent::fromBytes(bodyOf(m_options.path, 1))->data.value("chain"_L1).toObject().value("uid"_L1).toString();
    QVERIFY(tamper(m_options.path, {u"DROP TRIGGER event_no_update"_s}));
    QString previous;
    for (int i = 1; i <= 20; ++i) {
        AuditEvent event = AuditEvent::fromBytes(bodyOf(m_options.path, i)).value();
        if (i == 7)
            event.data.insert("message"_L1, u"nothing happened"_s);
        previous = event.seal(uid, previous);
        QVERIFY(tamper(m_options.path, {u"UPDATE event SET body = ? WHERE seq = %1"_s.arg(i)}, {event.toBytes()}));
    }
    // The tiles, too: the tree is read from the events anew.
    QVERIFY(tamper(m_options.path, {u"DELETE FROM tile"_s, u"UPDATE meta SET value = '0' WHERE name = 'tree_size'"_s}));
    const Result<std::unique_ptr<AuditLog>> log = AuditLog::open(m_options, *m_clock);
    QVERIFY(!log);
    QCOMPARE(log.error().code(), ErrorCode::StoreCorrupt);
    QVERIFY2(log.error().detail().contains(u"newest checkpoint"_s), qPrintable(log.error().detail()));
}

void TestAuditTree::keysRotate()
{
    fill(3);
    const QString file = m_options.path + u"-key"_s;
    QFile keys(file);
    QVERIFY(!(keys.permissions() & (QFile::ReadGroup | QFile::ReadOther)));
    QVERIFY(keys.open(QIODevice::ReadOnly));
    const QByteArray old = keys.readAll();
    keys.close();
    QByteArray before;
    {
        const std::unique_ptr<AuditLog> log = opened(m_options);
        QVERIFY(log);
        before = log->prove(0, 0)->keys.first();
        QVERIFY(log->append(entry(4)));
    }
    const QByteArray pem = SigningKey::generate(u"EdDSA"_s)->toPem().reveal().toByteArray();
    QVERIFY(keys.open(QIODevice::WriteOnly | QIODevice::Truncate) && keys.write(pem + old) > 0);
    keys.close();
    std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log && log->append(entry(5)) && log->checkpoint());
    const AuditProof proof = log->prove(0, 0).value();
    QCOMPARE(proof.keys.size(), 2);
    QCOMPARE(proof.keys.last(), before);
    const SignedNote note = SignedNote::fromBytes(proof.note).value();
    for (const QByteArray &key : proof.keys)
        QVERIFY(note.verify(NoteVerifier::fromText(key).value()));
    log.reset();
    QVERIFY(keys.setPermissions(QFile::ReadOwner | QFile::ReadOther));
    QCOMPARE(AuditLog::open(m_options, *m_clock).error().code(), ErrorCode::PermissionDenied);
}

// golang.org/x/mod/sumdb: what the module proxies of Go verify their log with.
void TestAuditTree::goAccepts()
{
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    for (int i = 0; i < 333; ++i)
        log->post(entry(i));
    QVERIFY(log->checkpoint());
    const AuditProof old = log->prove(0, 0).value();
    for (int i = 0; i < 444; ++i)
        log->post(entry(i));
    QVERIFY(log->checkpoint());
    const AuditProof proof = log->prove(333, 100).value();
    const auto hex = [](const QList<QByteArray> &hashes) {
        QStringList texts;
        for (const QByteArray &hash : hashes)
            texts.append(QString::fromLatin1(hash.toHex()));
        return texts.join(u',');
    };
    const auto write = [this](const QString &name, const QByteArray &bytes) {
        QFile file(m_folder->filePath(name));
        return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size();
    };
    QVERIFY(write(u"old"_s, old.note) && write(u"new"_s, proof.note) && write(u"event"_s, bodyOf(m_options.path, 100)));
    QProcess go;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(u"GO111MODULE"_s, u"off"_s); // Debian's packages, not the network
    environment.insert(u"GOPATH"_s, u"/usr/share/gocode"_s);
    environment.insert(u"GOCACHE"_s, QStringLiteral(WATCHWORD_BINARY_DIR "/go-cache"));
    go.setProcessEnvironment(environment);
    go.setProcessChannelMode(QProcess::MergedChannels);
    go.start(u"go"_s,
             {u"run"_s, QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/peers/checkpoint.go"),
              QString::fromLatin1(proof.keys.first()), m_folder->filePath(u"old"_s), m_folder->filePath(u"new"_s),
              hex(proof.consistency), m_folder->filePath(u"event"_s), u"99"_s, hex(proof.inclusion)});
    if (!go.waitForStarted())
        QSKIP("go is missing");
    QVERIFY(go.waitForFinished(240'000));
    const QByteArray said = go.readAll();
    if (said.contains("cannot find package"))
        QSKIP("golang-golang-x-mod-dev is missing");
    QVERIFY2(go.exitCode() == 0, said.constData());
    QCOMPARE(said, QByteArray("333 is the beginning of 777, which has the event\n"));
}

WATCHWORD_TEST_MAIN(TestAuditTree)
#include "tst_audittree.moc"
