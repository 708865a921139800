// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/filestrip.h"

#include "monitor/models/logfile.h"
#include "monitor/models/text.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/painting.h"
#include "monitor/widgets/runlabel.h"
#include "monitor/widgets/workspace.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QPainter>
#include <QPointer>
#include <QSaveFile>
#include <QThread>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

quint64 firstWrongRow(const ChainFindings &found)
{
    using Kind = ChainFindings::Finding::Kind;
    if (const ChainFindings::Finding *broken = found.firstBreak())
        return broken->row + 1;
    for (const ChainFindings::Finding &finding : found.findings) {
        if (finding.kind == Kind::Missing || finding.kind == Kind::Unreadable)
            return finding.row + 1;
    }
    return 0;
}

} // namespace

FileStrip::FileStrip(Workspace &workspace, QWidget *parent)
    : QWidget(parent)
    , m_workspace(workspace)
    , m_words(new RunLabel(this))
    , m_notes(new RunLabel(this))
    , m_show(new Button(Button::Kind::Outlined, tr("Show"), this))
    , m_save(new Button(Button::Kind::Outlined, tr("Save report…"), this))
{
    setFixedHeight(px(Metric::LayoutBanner));
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(12, 0, 12, 0);
    layout->setSpacing(8);
    layout->addWidget(m_words);
    layout->addWidget(m_show);
    layout->addWidget(m_notes, 1);
    layout->addWidget(m_save);
    m_words->setObjectName(u"fileVerification"_s);
    m_notes->setObjectName(u"fileNotes"_s);
    m_show->setObjectName(u"showFinding"_s);
    m_save->setObjectName(u"saveReport"_s);
    m_show->setAccessibleName(tr("Show the first event that is wrong"));
    connect(m_show, &QAbstractButton::clicked, this, [this] {
        if (m_row != 0)
            Q_EMIT rowRequested(m_row);
    });
    connect(m_save, &QAbstractButton::clicked, this, &FileStrip::chooseReport);
    refresh();
}

bool FileStrip::isAlarm() const
{
    const LogFile *file = m_workspace.logFile();
    return file && file->findings().broken > 0;
}

QString FileStrip::text() const
{
    return m_words->plainText() + u' ' + m_notes->plainText();
}

void FileStrip::refresh()
{
    const LogFile *file = m_workspace.logFile();
    setVisible(file != nullptr);
    if (!file)
        return;
    const ChainFindings found = file->findings();
    m_row = firstWrongRow(found);
    const bool proved = found.events > 0 && found.isSound();
    m_words->setGlyph(found.broken > 0       ? u"sev-critical"_s
                          : !found.isSound() ? u"sev-warning"_s
                          : proved           ? u"sev-ok"_s
                                             : u"sev-info"_s,
                      found.broken > 0       ? Ink::SeverityCritical
                          : !found.isSound() ? Ink::SeverityWarning
                          : proved           ? Ink::SeverityOk
                                             : Ink::TextMuted);
    m_words->setRuns({TextRun{found.summary(), Face::BodyStrong, isAlarm() ? Ink::SeverityError : Ink::TextPrimary, false}});
    m_show->setVisible(m_row != 0);
    QStringList notes{file->errorText(), file->restartText(), file->formatText()};
    if (!file->isFinished())
        notes.prepend(tr("Reading %1").arg(Text::percent(file->progress())));
    notes.removeAll(QString());
    const QString all = notes.join(u" · "_s);
    m_notes->setRuns(all.isEmpty() ? QList<TextRun>() : QList{TextRun{all, Face::Table, Ink::TextSecondary}});
    m_notes->setToolTip(plainToolTip(all));
    m_save->setEnabled(found.isCaughtUp);
    update();
}

void FileStrip::chooseReport()
{
    const LogFile *file = m_workspace.logFile();
    if (!file)
        return;
    const QString proposal = QFileInfo(file->title()).completeBaseName() + u"-verification.md"_s;
    const QString path =
        QFileDialog::getSaveFileName(this, tr("Save the report"), proposal, tr("Markdown (*.md);;All files (*)"));
    if (!path.isEmpty())
        saveReport(path);
}

void FileStrip::saveReport(const QString &path)
{
    const LogFile *file = m_workspace.logFile();
    if (!file)
        return;
    // A file of gigabytes takes seconds; the window goes on meanwhile.
    auto hash = std::make_shared<QString>();
    QThread *reader = QThread::create([hash, source = file->path()] { *hash = sha256OfFile(source); });
    connect(reader, &QThread::finished, reader, &QObject::deleteLater);
    connect(reader, &QThread::finished, this, [this, hash, path] {
        const LogFile *open = m_workspace.logFile();
        if (!open)
            return;
        QSaveFile out(path);
        const QByteArray text = open->report(*hash).toUtf8();
        const bool written = out.open(QIODevice::WriteOnly) && out.write(text) == text.size() && out.commit();
        Q_EMIT noticed(written ? tr("The report is in %1.").arg(path)
                               : tr("%1 cannot be written: %2. Choose another place.").arg(path, out.errorString()),
                       written);
    });
    reader->start();
}

void FileStrip::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(isAlarm() ? Ink::BannerFill : Ink::SurfaceSunk));
    drawHairline(painter, {0, height() - 1.0}, {qreal(width()), height() - 1.0},
                 ink(isAlarm() ? Ink::BannerLine : Ink::LineDivider));
}

} // namespace Monitor
