// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/logfile.h"

#include "monitor/models/text.h"

#include <QCryptographicHash>
#include <QDateTime>
#include <QFile>
#include <QFileInfo>

#include <algorithm>
#include <limits>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

int lineCount(quint64 lines)
{
    return int(std::min<quint64>(lines, std::numeric_limits<int>::max()));
}

} // namespace

LogFile::LogFile(const QString &path, AuditTable &table, QObject *parent)
    : QObject(parent)
    , m_table(table)
    , m_file(path, table)
    , m_verifier(table)
{
    m_file.setFollowing(true);
    const auto onRows = [this] {
        m_verifier.noteRows();
        Q_EMIT rowsChanged();
        Q_EMIT changed();
    };
    connect(&m_file, &AuditFile::progressed, this, onRows);
    connect(&m_file, &AuditFile::firstRowsRead, this, onRows);
    connect(&m_file, &AuditFile::finished, this, [this, onRows](bool complete) {
        m_error = m_file.errorText();
        onRows();
        Q_EMIT finished(complete);
    });
    connect(&m_file, &AuditFile::failed, this, [this](const QString &reason) {
        m_error = reason;
        Q_EMIT noticed(reason, false);
        Q_EMIT changed();
    });
    connect(&m_file, &AuditFile::restarted, this, &LogFile::onRestarted);
    connect(&m_verifier, &LogVerifier::changed, this, [this] {
        Q_EMIT rowsChanged();
        Q_EMIT changed();
    });
}

LogFile::~LogFile() = default;

void LogFile::start()
{
    m_file.start();
}

void LogFile::onRestarted(AuditFile::Restart how)
{
    const QString at = Text::clockTime(QDateTime::currentMSecsSinceEpoch());
    m_restart = how == AuditFile::Restart::Cut ? tr("The file was cut at %1 and begins anew").arg(at)
                                               : tr("Another file took its name at %1 and is read now").arg(at);
    Q_EMIT noticed(m_restart + u'.', true);
    Q_EMIT changed();
}

QString LogFile::path() const
{
    return m_file.path();
}

QString LogFile::title() const
{
    return path() == "-"_L1 ? tr("Standard input") : QFileInfo(path()).fileName();
}

bool LogFile::isFinished() const
{
    return m_file.isFinished();
}

double LogFile::progress() const
{
    return m_file.progress();
}

QString LogFile::errorText() const
{
    return m_error;
}

ChainFindings LogFile::findings() const
{
    return m_verifier.findings();
}

QString LogFile::restartText() const
{
    return m_restart;
}

QString LogFile::formatText() const
{
    QStringList parts;
    const QMap<QString, quint64> mapped = m_table.mappedLines();
    for (auto it = mapped.cbegin(); it != mapped.cend(); ++it)
        parts.append(tr("%n line(s) are read as %1", nullptr, lineCount(it.value())).arg(it.key()));
    if (const quint64 plain = m_table.plainLines(); plain > 0) {
        parts.append(
            tr("%n line(s) are of no known format: only time, level and text are shown; --mapping says what their members mean",
               nullptr, lineCount(plain)));
    }
    return parts.join(u"; "_s);
}

QStringList LogFile::reportFindings() const
{
    using Kind = ChainFindings::Finding::Kind;
    QStringList lines;
    const ChainFindings found = findings();
    for (const ChainFindings::Finding &finding : found.findings) {
        QString what;
        switch (finding.kind) {
        case Kind::Broken:
            what = tr("broken");
            break;
        case Kind::Missing:
            what = tr("missing");
            break;
        case Kind::Unreadable:
            what = tr("unreadable");
            break;
        case Kind::Restart:
            what = tr("another log begins");
            break;
        case Kind::NotKept:
            what = tr("not checked");
            break;
        }
        const QString where = finding.from == finding.to || finding.kind == Kind::Restart
            ? QString::number(finding.from)
            : u"%1 to %2"_s.arg(finding.from).arg(finding.to);
        lines.append(u"| %1 | %2 | %3 |"_s.arg(where, what, QString(finding.why).replace(u'|', u' ')));
    }
    if (const quint64 all = found.broken + found.restarts; quint64(lines.size()) < all)
        lines.append(u"| … | | %1 |"_s.arg(tr("more were counted than are listed here")));
    return lines;
}

QString LogFile::report(const QString &sha256) const
{
    const ChainFindings found = findings();
    const QFileInfo file(path());
    QStringList lines;
    lines << u"# "_s + tr("Verification of %1").arg(title()) << QString();
    lines << tr("**%1.**").arg(found.summary()) << QString();
    if (!found.isCaughtUp)
        lines << tr("The check was not finished when this was written.") << QString();
    lines << u"| | |"_s << u"|---|---|"_s;
    const auto fact = [&lines](const QString &name, const QString &value) {
        if (!value.isEmpty())
            lines << u"| %1 | %2 |"_s.arg(name, value);
    };
    fact(tr("File"), path() == "-"_L1 ? title() : u'`' + file.absoluteFilePath() + u'`');
    if (file.exists())
        fact(tr("Size"), tr("%1 bytes").arg(Text::count(file.size())));
    fact(u"SHA-256"_s, sha256);
    fact(tr("Checked"), QDateTime::currentDateTimeUtc().toString(Qt::ISODate));
    fact(tr("Events"),
         tr("%1 with a hash, %2 without").arg(Text::count(qint64(found.events)), Text::count(qint64(found.unchained))));
    if (m_table.firstTime() != 0)
        fact(tr("Time"),
             QDateTime::fromMSecsSinceEpoch(m_table.firstTime(), Qt::UTC).toString(Qt::ISODate) + u" – "_s
                 + QDateTime::fromMSecsSinceEpoch(m_table.lastTime(), Qt::UTC).toString(Qt::ISODate));
    fact(tr("Hash of the last event"), found.head.isEmpty() ? QString() : u'`' + found.head + u'`');
    fact(tr("Lines"), formatText());
    fact(tr("Note"), restartText());
    fact(tr("Error"), errorText());
    lines << QString() << u"## "_s + tr("Verified") << QString();
    for (const ChainFindings::Stretch &stretch : found.stretches) {
        lines << u"- "_s + tr("%1 to %2 of chain %3").arg(stretch.from).arg(stretch.to).arg(stretch.chain)
                + (stretch.startIsProven ? QString() : u' ' + tr("(what is before it is not proved)"));
    }
    if (found.stretches.isEmpty())
        lines << tr("Nothing.");
    if (const QStringList findings = reportFindings(); !findings.isEmpty()) {
        lines << QString() << u"## "_s + tr("Findings") << QString();
        lines << u"| %1 | %2 | %3 |"_s.arg(tr("Event"), tr("What"), tr("Why")) << u"|---|---|---|"_s << findings;
    }
    return lines.join(u'\n') + u'\n';
}

QString sha256OfFile(const QString &path)
{
    QFile file(path);
    QCryptographicHash hash(QCryptographicHash::Sha256);
    if (path == "-"_L1 || !file.open(QIODevice::ReadOnly) || file.isSequential() || !hash.addData(&file))
        return {};
    return QString::fromLatin1(hash.result().toHex());
}

} // namespace Monitor
