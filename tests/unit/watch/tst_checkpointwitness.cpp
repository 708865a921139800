// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"
#include "watchword/jose/merkletree.h"
#include "watchword/jose/signednote.h"
#include "watchword/watch/checkpointwitness.h"

#include <QFile>
#include <QTemporaryDir>

using namespace Watchword;
using namespace Qt::StringLiterals;

namespace {

//! A log in memory that signs what it is told to.
class Log
{
public:
    explicit Log(const QByteArray &origin = "watchword-audit/orders/n1/1")
        : m_origin(origin)
        , m_keys{SigningKey::generate(u"EdDSA"_s).value()}
    {
    }
    void add(const QByteArray &entry) { m_leaves.append(MerkleTree::leafHash(entry)); }
    void addMany(int count)
    {
        for (int i = 0; i < count; ++i)
            add("event " + QByteArray::number(m_leaves.size()));
    }
    void change(qsizetype at) { m_leaves[at] = MerkleTree::leafHash("nothing happened"); }
    void cut(qsizetype size) { m_leaves.resize(size); }
    void setKeys(const QList<SigningKey> &keys) { m_keys = keys; }
    QList<SigningKey> keys() const { return m_keys; }

    AuditCheckpoint checkpoint(quint64 from) const
    {
        const auto subtree = [this](int level, quint64 index) { return hash(index << level, quint64(1) << level); };
        const quint64 size = quint64(m_leaves.size());
        AuditCheckpoint checkpoint;
        SignedNote note(Checkpoint{m_origin, size, MerkleTree::root(size, subtree).value()}.toText());
        for (const SigningKey &key : m_keys) {
            Q_UNUSED(note.sign(m_origin, key))
            checkpoint.keys.append(NoteVerifier::fromKey(m_origin, key.publicKey())->toText());
        }
        checkpoint.note = note.toBytes();
        if (from > 0)
            checkpoint.consistency = MerkleTree::consistencyProof(from, size, subtree).valueOr({});
        return checkpoint;
    }

private:
    QByteArray hash(quint64 from, quint64 size) const
    {
        return size == 1 ? m_leaves.value(qsizetype(from))
                         : MerkleTree::nodeHash(hash(from, size / 2), hash(from + size / 2, size / 2));
    }

    QByteArray m_origin;
    QList<SigningKey> m_keys;
    QList<QByteArray> m_leaves;
};

} // namespace

/*! Who keeps the newest checkpoint finds out what was done to a log. */
class TestCheckpointWitness : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void goesOnOverRestarts();
    void cosigns();
    void rewritingIsFound_data();
    void rewritingIsFound();
    void keysOfOthersAreRefused();
    void keysRotateWithOverlap();
    void notesOfOthers_data();
    void notesOfOthers();
    void damagedMemoryIsNoFreshStart();

private:
    CheckpointWitness opened() { return CheckpointWitness::open(m_folder->filePath(u"witness"_s)).value(); }
    WallTime m_now{std::chrono::seconds(1'700'000'000)};
    std::unique_ptr<QTemporaryDir> m_folder;
};

void TestCheckpointWitness::init()
{
    WatchwordTest::init();
    m_folder = std::make_unique<QTemporaryDir>();
}

void TestCheckpointWitness::goesOnOverRestarts()
{
    Log log;
    QByteArray key;
    for (int round = 1; round <= 5; ++round) {
        CheckpointWitness witness = opened();
        QVERIFY(key.isEmpty() || key == witness.publicKey());
        key = witness.publicKey();
        log.addMany(round * 3);
        const quint64 seen = witness.seen("watchword-audit/orders/n1/1");
        QCOMPARE(witness.seen(), seen);
        const Result<quint64> taken = witness.take(log.checkpoint(seen), m_now);
        QVERIFY2(taken, taken ? "" : qPrintable(taken.error().toString()));
        QCOMPARE(witness.take(log.checkpoint(0), m_now).value(), *taken); // the same again needs no proof
        QCOMPARE(witness.seen("watchword-audit/orders/n1/1"), *taken);
    }
    const QFile::Permissions others = QFile::ReadGroup | QFile::ReadOther;
    QVERIFY(!(QFile::permissions(m_folder->filePath(u"witness/witness-key"_s)) & others));
}

void TestCheckpointWitness::cosigns()
{
    Log log;
    log.addMany(7);
    CheckpointWitness witness = opened();
    QVERIFY(witness.take(log.checkpoint(0), m_now));
    const SignedNote note = SignedNote::fromBytes(witness.note("watchword-audit/orders/n1/1")).value();
    QCOMPARE(note.signatures().size(), 2);
    const NoteVerifier own = NoteVerifier::fromText(witness.publicKey()).value();
    QCOMPARE(note.verify(own)->value(), m_now);
    QVERIFY(note.verify(NoteVerifier::fromText(log.checkpoint(0).keys.first()).value()));
}

void TestCheckpointWitness::rewritingIsFound_data()
{
    QTest::addColumn<int>("how");
    QTest::addColumn<QString>("said");
    QTest::newRow("rewritten") << 0 << u"was rewritten"_s;
    QTest::newRow("shortened") << 1 << u"its end is gone"_s;
    QTest::newRow("as long as before, rewritten") << 2 << u"was rewritten"_s;
    QTest::newRow("no proof") << 3 << u"was rewritten"_s;
    QTest::newRow("another log in its place") << 4 << u"another log"_s;
}

void TestCheckpointWitness::rewritingIsFound()
{
    QFETCH(int, how);
    QFETCH(QString, said);
    Log log;
    log.addMany(40);
    CheckpointWitness witness = opened();
    QVERIFY(witness.take(log.checkpoint(0), m_now));
    Log other("watchword-audit/orders/n1/2");
    other.addMany(100);
    if (how == 0 || how == 2)
        log.change(13);
    if (how == 1)
        log.cut(39);
    if (how == 0 || how == 3)
        log.addMany(20);
    const Result<quint64> taken = witness.take(how == 4 ? other.checkpoint(0) : log.checkpoint(how == 3 ? 0 : 40), m_now);
    QVERIFY(!taken);
    QCOMPARE(taken.error().code(), ErrorCode::ChainBroken);
    QVERIFY2(taken.error().detail().contains(said), qPrintable(taken.error().detail()));
    QCOMPARE(witness.seen("watchword-audit/orders/n1/1"), 40u); // it stays with what it saw
}

void TestCheckpointWitness::keysOfOthersAreRefused()
{
    Log log;
    log.addMany(10);
    CheckpointWitness witness = opened();
    QVERIFY(witness.take(log.checkpoint(0), m_now));
    log.setKeys({SigningKey::generate(u"EdDSA"_s).value()});
    log.addMany(1);
    QCOMPARE(witness.take(log.checkpoint(10), m_now).error().code(), ErrorCode::UnknownKey);
    AuditCheckpoint forged = log.checkpoint(10);
    forged.note.replace("\n11\n", "\n12\n");
    QVERIFY(!witness.take(forged, m_now));
}

void TestCheckpointWitness::keysRotateWithOverlap()
{
    Log log;
    CheckpointWitness witness = opened();
    const SigningKey old = log.keys().first();
    const SigningKey next = SigningKey::generate(u"EdDSA"_s).value();
    const QList<QList<SigningKey>> states{{old}, {next, old}, {next}};
    quint64 seen = 0;
    for (const QList<SigningKey> &keys : states) {
        log.setKeys(keys);
        log.addMany(3);
        const Result<quint64> taken = witness.take(log.checkpoint(seen), m_now);
        QVERIFY2(taken, taken ? "" : qPrintable(taken.error().toString()));
        seen = *taken;
    }
    log.setKeys({old}); // it is out of use
    log.addMany(1);
    QCOMPARE(witness.take(log.checkpoint(seen), m_now).error().code(), ErrorCode::UnknownKey);
}

void TestCheckpointWitness::notesOfOthers_data()
{
    QTest::addColumn<QByteArray>("note");
    QTest::newRow("nothing") << QByteArray();
    QTest::newRow("no signatures") << QByteArray("origin\n1\nAAAA\n");
    QTest::newRow("a signature of one byte") << QByteArray("origin\n1\nAAAA\n\n\xe2\x80\x94 name AA==\n");
    QTest::newRow("not a checkpoint") << QByteArray("hello\n\n\xe2\x80\x94 name AAAAAAAA\n");
    QTest::newRow("a number with a sign") << QByteArray(
        "o\n+1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\xe2\x80\x94 o AAAAAAAA\n");
    QTest::newRow("control characters") << QByteArray(
        "o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\x1b\n\n\xe2\x80\x94 o AAAAAAAA\n");
    QTest::newRow("huge") << QByteArray(70'000, 'x');
}

void TestCheckpointWitness::notesOfOthers()
{
    QFETCH(QByteArray, note);
    CheckpointWitness witness = opened();
    QVERIFY(!witness.take({note, {}, {}}, m_now));
    QCOMPARE(witness.seen(), 0u);
}

void TestCheckpointWitness::damagedMemoryIsNoFreshStart()
{
    Log log;
    log.addMany(10);
    QVERIFY(opened().take(log.checkpoint(0), m_now));
    const QString folder = m_folder->filePath(u"witness"_s);
    const QStringList files = QDir(folder).entryList({u"*.json"_s});
    QCOMPARE(files.size(), 1);
    QFile file(folder + u'/' + files.first());
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write("{}") == 2);
    file.close();
    QCOMPARE(CheckpointWitness::open(folder).error().code(), ErrorCode::StoreCorrupt);
}

WATCHWORD_TEST_MAIN(TestCheckpointWitness)
#include "tst_checkpointwitness.moc"
