// SPDX-License-Identifier: Apache-2.0
#include "doctorlines.h"

#include "command.h"

#include <algorithm>
#include <utility>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr qsizetype kFewestTogether = 4;
constexpr int kNarrowestLine = 40;
constexpr int kIndent = 5;

} // namespace

DoctorLines::DoctorLines(const ReportStyle &style, bool isReport, QObject *parent)
    : QObject(parent)
    , m_style(style)
    , m_isReport(isReport)
{
    m_running.start();
    connect(&m_tick, &QTimer::timeout, this, &DoctorLines::showProgress);
    if (m_progress.isShown())
        m_tick.start(500ms);
}

DoctorLines::~DoctorLines()
{
    end();
}

void DoctorLines::add(const Finding &finding, int done, int total)
{
    m_done = done;
    m_total = total;
    const bool isSkipped = finding.verdict == Finding::Verdict::Skipped;
    if (!m_skipped.isEmpty() && (!isSkipped || finding.summary != m_skipped.constFirst().summary))
        flush();
    if (isSkipped)
        m_skipped.append(finding);
    else
        print(writeLine(finding, m_style));
    showProgress();
}

void DoctorLines::end()
{
    flush();
    m_tick.stop();
    m_progress.hide();
}

void DoctorLines::flush()
{
    const QList<Finding> skipped = std::exchange(m_skipped, {});
    if (skipped.size() < kFewestTogether) {
        for (const Finding &finding : skipped)
            print(writeLine(finding, m_style));
        return;
    }
    QString text = u"skip"_s;
    for (const Finding &finding : skipped)
        text += u' ' + finding.checkId;
    const QStringList lines =
        wrapped(text + u": "_s + skipped.constFirst().summary, std::max(m_style.width, kNarrowestLine), kIndent);
    for (const QString &line : lines)
        print(emphasized(line, Emphasis::Quiet, m_style.colour).toUtf8());
}

void DoctorLines::print(const QByteArray &line)
{
    m_progress.hide();
    if (m_isReport)
        printLine(line);
    else
        printNote(QString::fromUtf8(line));
}

void DoctorLines::showProgress()
{
    if (m_total > 0)
        m_progress.show(u"     %1 of %2 checks, %3 s"_s.arg(m_done).arg(m_total).arg(m_running.elapsed() / 1000));
}

} // namespace Watchword::Tool
