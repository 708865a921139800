// SPDX-License-Identifier: Apache-2.0
#include "auditsource.h"
#include "command.h"
#include "exportsink.h"
#include "watchword/core/internal/durablefile.h"
#include "watchword/jose/merkletree.h"
#include "watchword/jose/signednote.h"
#include "watchword/watch/chainverifier.h"
#include "watchword/watch/checkpointwitness.h"

#include <QDateTime>
#include <QFile>
#include <QJsonDocument>

#include <cstdio>
#include <optional>

#include <unistd.h>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

namespace {

//! The root of a tree that only grows, in the memory of its right edge.
class GrowingRoot
{
public:
    void add(QByteArray hash)
    {
        for (quint64 below = m_size++; below & 1; below >>= 1)
            hash = MerkleTree::nodeHash(m_edge.takeLast(), hash);
        m_edge.append(hash);
    }
    quint64 size() const { return m_size; }
    QByteArray root() const
    {
        if (m_edge.isEmpty())
            return MerkleTree::emptyRoot();
        QByteArray hash = m_edge.last();
        for (qsizetype i = m_edge.size() - 2; i >= 0; --i)
            hash = MerkleTree::nodeHash(m_edge.at(i), hash);
        return hash;
    }

private:
    QList<QByteArray> m_edge;
    quint64 m_size = 0;
};

/*! Reads a log from its start to its end; the first thing that is wrong is what counts. */
class Verification
{
public:
    Verification(AuditSource &source, const QList<NoteVerifier> &keys, const QByteArray &witnessed)
        : m_source(source)
        , m_keys(keys)
    {
        if (const Result<SignedNote> note = SignedNote::fromBytes(witnessed); note) {
            if (const Result<Checkpoint> seen = Checkpoint::fromText(note->text()); seen)
                m_states.insert(seen->size, *seen);
            if (const Result<Checkpoint> seen = Checkpoint::fromText(note->text()); seen)
                m_needed = seen->size;
        }
    }

    void run()
    {
        readStates();
        const Result<void> done = m_source.read({}, [this](const AuditEvent &event, const QByteArray &text) {
            take(event, text);
            return !m_problem;
        });
        if (!done && !m_problem)
            m_problem = done.error().detail();
        if (!m_problem && m_chain.last() != 0 && !m_chain.startIsProven())
            m_problem = u"the log starts at event %1, and no purge says why"_s.arg(m_chain.first());
        if (!m_problem && m_base > 0 && m_tree.size() < m_needed)
            m_problem = u"the log ends at event %1, and event %2 was there: its end is gone"_s.arg(m_chain.last())
                            .arg(m_base + m_needed - 1);
    }

    std::optional<QString> problem() const { return m_problem; }
    QString summary() const
    {
        QString text = u"%1 events, %2 to %3, and their chain are sound"_s
                           .arg(m_chain.last() == 0 ? 0 : m_chain.last() - m_chain.first() + 1)
                           .arg(m_chain.first())
                           .arg(m_chain.last());
        if (m_checked > 0)
            text += u"; %1 checkpoints fit"_s.arg(m_checked);
        if (m_checked > 0)
            text += m_signed > 0 ? u", %1 signed by a known key"_s.arg(m_signed) : u"; whose they are was not asked (--key)"_s;
        return text;
    }

private:
    void readStates()
    {
        m_base = m_source.treeBase();
        const QList<AuditSource::SignedState> states = m_source.checkpoints();
        for (const AuditSource::SignedState &state : states) {
            const Result<SignedNote> note = SignedNote::fromBytes(state.note);
            const Result<Checkpoint> checkpoint = note ? Checkpoint::fromText(note->text()) : Result<Checkpoint>(note.error());
            if (!checkpoint || checkpoint->size != state.size) {
                m_problem = u"the checkpoint of %1 events cannot be read"_s.arg(state.size);
                return;
            }
            const bool isSigned = std::any_of(m_keys.cbegin(), m_keys.cend(),
                                              [&note](const NoteVerifier &key) { return note->verify(key).isOk(); });
            if (!m_keys.isEmpty() && !isSigned) {
                m_problem = u"the checkpoint of %1 events is not signed by a known key"_s.arg(state.size);
                return;
            }
            m_signed += isSigned ? 1 : 0;
            if (!m_states.contains(state.size))
                m_states.insert(state.size, *checkpoint);
            else if (m_states.value(state.size).root != checkpoint->root)
                m_problem = u"the checkpoint of %1 events is not the one that was seen before"_s.arg(state.size);
            m_needed = std::max(m_needed, state.size);
        }
    }

    void take(const AuditEvent &event, const QByteArray &text)
    {
        const ChainVerifier::Outcome outcome = m_chain.push(event);
        if (outcome.verdict == ChainVerifier::Verdict::Broken || outcome.verdict == ChainVerifier::Verdict::Gap) {
            m_problem = outcome.verdict == ChainVerifier::Verdict::Gap
                ? u"events %1 to %2 are missing"_s.arg(outcome.missingFrom).arg(outcome.missingTo)
                : outcome.why;
            return;
        }
        if (m_base == 0)
            return;
        // What retention removed is still in the tree.
        while (m_base + m_tree.size() < event.sequence) {
            const QByteArray leaf = m_source.leafHash(m_base + m_tree.size());
            if (leaf.isEmpty()) {
                m_problem = u"the tree has no hash of event %1, which was purged"_s.arg(m_base + m_tree.size());
                return;
            }
            grow(leaf);
        }
        if (event.sequence == m_base + m_tree.size())
            grow(MerkleTree::leafHash(text));
    }

    void grow(const QByteArray &leaf)
    {
        m_tree.add(leaf);
        const auto state = m_states.constFind(m_tree.size());
        if (state == m_states.cend() || m_problem)
            return;
        if (state->root != m_tree.root())
            m_problem =
                u"the events up to %1 are not those of their checkpoint: the log was rewritten"_s.arg(m_base + m_tree.size() - 1);
        ++m_checked;
    }

    AuditSource &m_source;
    const QList<NoteVerifier> m_keys;
    ChainVerifier m_chain;
    GrowingRoot m_tree;
    QMap<quint64, Checkpoint> m_states;
    quint64 m_base = 0;
    quint64 m_needed = 0; //!< So many events were signed or seen.
    quint64 m_checked = 0;
    quint64 m_signed = 0;
    std::optional<QString> m_problem;
};

Result<std::optional<WallTime>> timeOf(const QString &text)
{
    if (text.isEmpty())
        return std::optional<WallTime>();
    const QDateTime time = QDateTime::fromString(text, Qt::ISODateWithMs);
    if (!time.isValid() || time.timeSpec() == Qt::LocalTime)
        return Error(ErrorCode::InvalidArgument, u"\"%1\" is no time; write 2026-01-31T12:00:00Z"_s.arg(text));
    return std::optional<WallTime>(WallTime(Duration(time.toMSecsSinceEpoch())));
}

int runVerify(const QCommandLineParser &parser, AuditSource &source)
{
    QList<NoteVerifier> keys;
    const QStringList texts = parser.values(u"key"_s);
    for (const QString &text : texts) {
        const Result<NoteVerifier> key = NoteVerifier::fromText(text.toUtf8());
        if (!key)
            return report(key.error(), parser.isSet(u"json"_s));
        keys.append(*key);
    }
    QByteArray witnessed;
    if (parser.isSet(u"witness"_s)) {
        const Result<CheckpointWitness> witness = CheckpointWitness::open(parser.value(u"witness"_s));
        if (!witness)
            return report(witness.error(), parser.isSet(u"json"_s));
        const QList<AuditSource::SignedState> states = source.checkpoints();
        const QByteArray origin = states.isEmpty() ? QByteArray() : states.last().note.left(states.last().note.indexOf('\n'));
        witnessed = witness->note(origin);
    }
    Verification verification(source, keys, witnessed);
    verification.run();
    if (verification.problem()) {
        printNote(u"watchword: the log does not verify: "_s + *verification.problem());
        return ChainNotVerified;
    }
    printNote(u"watchword: "_s + verification.summary());
    return Done;
}

int runQuery(const QCommandLineParser &parser, AuditSource &source)
{
    AuditQuery query;
    query.user = parser.value(u"user"_s);
    query.type = parser.value(u"type"_s);
    const Result<std::optional<WallTime>> since = timeOf(parser.value(u"since"_s));
    const Result<std::optional<WallTime>> until = timeOf(parser.value(u"until"_s));
    if (!since || !until)
        return usage((since ? until.error() : since.error()).detail());
    query.since = *since;
    query.until = *until;
    bool isNumber = false;
    const int most = parser.value(u"limit"_s).toInt(&isNumber);
    if (!isNumber || most < 1)
        return usage(u"--limit is a number from 1"_s);
    const bool json = parser.isSet(u"json"_s);
    int count = 0;
    const Result<void> done = source.read(query, [&](const AuditEvent &event, const QByteArray &text) {
        printLine(json ? text : auditSentence(event));
        return ++count < most;
    });
    return done ? int(Done) : report(done.error(), json);
}

/*!
    Appends events to a file, each once, whenever it is run: what was exported is in the cursor, a file of its own, which is
    written when the events are on the disk. What a crash left behind the cursor is taken off and written again.
*/
Result<quint64> exportTo(const QString &path, const QString &cursorPath, AuditSource &source)
{
    QJsonObject cursor;
    if (const Result<QByteArray> read = readBounded(cursorPath, 64 * 1024); read)
        cursor = QJsonDocument::fromJson(*read).object();
    else if (read.error().code() != ErrorCode::NotFound)
        return read.error();
    QFile file(path);
    if (!file.open(QIODevice::ReadWrite))
        return Error(ErrorCode::FileUnreadable, u"%1: %2"_s.arg(path, file.errorString()));
    const qint64 size = cursor.value("size"_L1).toInteger();
    if (file.size() < size)
        return Error(ErrorCode::StoreCorrupt, u"%1 is shorter than what was exported to it"_s.arg(path));
    if (!file.resize(size) || !file.seek(size))
        return Error(ErrorCode::StorageFailed, u"%1: %2"_s.arg(path, file.errorString()));
    AuditQuery query;
    query.after = quint64(cursor.value("sequence"_L1).toInteger());
    quint64 count = 0;
    const Result<void> done = source.read(query, [&](const AuditEvent &event, const QByteArray &text) {
        if (file.write(text + '\n') < 0)
            return false;
        cursor.insert("sequence"_L1, qint64(event.sequence));
        ++count;
        return true;
    });
    if (!done)
        return done.error();
    if (!file.flush() || ::fsync(file.handle()) != 0)
        return Error(ErrorCode::StorageFailed, u"%1: %2"_s.arg(path, file.errorString()));
    cursor.insert("size"_L1, file.size());
    if (const Result<void> saved = writeDurably(cursorPath, QJsonDocument(cursor).toJson()); !saved)
        return saved.error();
    return count;
}

//! The same to a receiver in the network; the cursor moves with each batch that arrived.
Result<quint64> exportTo(ExportSink &sink, const QString &cursorPath, AuditSource &source)
{
    constexpr qsizetype kBatch = 200;
    QJsonObject cursor;
    if (const Result<QByteArray> read = readBounded(cursorPath, 64 * 1024); read)
        cursor = QJsonDocument::fromJson(*read).object();
    else if (read.error().code() != ErrorCode::NotFound)
        return read.error();
    AuditQuery query;
    query.after = quint64(cursor.value("sequence"_L1).toInteger());
    quint64 count = 0;
    QList<ExportSink::Record> batch;
    const auto send = [&]() -> Result<void> {
        Result<void> done = batch.isEmpty() ? Result<void>() : sink.send(batch);
        if (done && !batch.isEmpty()) {
            count += quint64(batch.size());
            cursor.insert("sequence"_L1, qint64(batch.last().event.sequence));
            done = writeDurably(cursorPath, QJsonDocument(cursor).toJson());
        }
        batch.clear();
        return done;
    };
    Result<void> sent;
    const Result<void> done = source.read(query, [&](const AuditEvent &event, const QByteArray &text) {
        batch.append({event, text});
        if (batch.size() == kBatch)
            sent = send();
        return sent.isOk();
    });
    if (done && sent)
        sent = send();
    if (done && sent)
        sent = sink.finish();
    if (!done || !sent)
        return done ? sent.error() : done.error();
    return count;
}

Result<quint64> runExport(const QCommandLineParser &parser, AuditSource &source)
{
    const QString to = parser.value(u"to"_s);
    const bool isFile = !to.contains(u"://"_s);
    if (!isFile && !parser.isSet(u"cursor"_s))
        return Error(ErrorCode::InvalidArgument, u"--cursor is needed: the file that remembers what has arrived there"_s);
    const QString cursor = parser.isSet(u"cursor"_s) ? parser.value(u"cursor"_s) : to + u".cursor"_s;
    if (isFile)
        return exportTo(to, cursor, source);
    const Result<QList<QSslCertificate>> authorities = certificatesIn(parser.value(u"ca"_s));
    if (!authorities)
        return authorities.error();
    const Result<std::unique_ptr<ExportSink>> sink = ExportSink::open(QUrl(to, QUrl::StrictMode), *authorities);
    return sink ? exportTo(**sink, cursor, source) : Result<quint64>(sink.error());
}

} // namespace

int runAudit(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        u"Reads an audit log: the database of a gateway, also while it runs, or a file with an event in each line.\n\n"
        "  verify   checks the chain, the purges, and the signed checkpoints; names the first event that is wrong (exit code 7)\n"
        "  query    prints events\n"
        "  export   sends what was not exported yet: to a file, an OTLP collector or a syslog server\n\n"
        "A running gateway elsewhere is followed and verified by watchword tail."_s);
    parser.addOption({u"key"_s, u"verify: who signs the log, as \"<name>+<id>+<key>\"; more than one may be given."_s, u"key"_s});
    parser.addOption({u"witness"_s, u"verify: the folder that watchword tail --witness keeps."_s, u"folder"_s});
    parser.addOption({u"user"_s, u"query: of this person, by subject."_s, u"sub"_s});
    parser.addOption({u"type"_s, u"query: whose type contains this, as in \"signin\"."_s, u"text"_s});
    parser.addOption({u"since"_s, u"query: from then on, as in 2026-01-31T12:00:00Z."_s, u"time"_s});
    parser.addOption({u"until"_s, u"query: before then."_s, u"time"_s});
    parser.addOption({u"limit"_s, u"query: at most so many."_s, u"count"_s, u"1000"_s});
    parser.addOption(
        {u"to"_s, u"export: a file, https://HOST/v1/logs (OTLP) or tls://HOST:6514 (syslog, RFC 5424)."_s, u"target"_s});
    parser.addOption(
        {u"cursor"_s, u"export: the file that remembers how far it came; for a file it is that with .cursor."_s, u"file"_s});
    parser.addOption({u"ca"_s, u"export: certificates to trust beside the system's, PEM."_s, u"file"_s});
    parser.addPositionalArgument(u"what"_s, u"verify, query or export"_s);
    parser.addPositionalArgument(u"log"_s, u"the database or the file"_s);
    if (const std::optional<int> end = parse(parser, u"audit"_s, arguments, 2))
        return *end;
    const QString what = parser.positionalArguments().constFirst();
    const bool json = parser.isSet(u"json"_s);
    if (what != "verify"_L1 && what != "query"_L1 && what != "export"_L1)
        return usage(u"\"%1\" is none of verify, query and export"_s.arg(what));
    if (what == "export"_L1 && parser.value(u"to"_s).isEmpty())
        return usage(u"export needs --to"_s);
    const Result<std::unique_ptr<AuditSource>> source = AuditSource::open(parser.positionalArguments().at(1));
    if (!source)
        return report(source.error(), json);
    if (what == "verify"_L1)
        return runVerify(parser, **source);
    if (what == "query"_L1)
        return runQuery(parser, **source);
    const Result<quint64> count = runExport(parser, **source);
    if (!count && count.error().code() == ErrorCode::InvalidArgument)
        return usage(count.error().detail());
    if (!count)
        return report(count.error(), json);
    printNote(u"watchword: %1 events exported"_s.arg(*count));
    return Done;
}

} // namespace Watchword::Tool
