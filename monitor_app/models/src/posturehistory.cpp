// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/posturehistory.h"

#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QSaveFile>
#include <QStandardPaths>

#include <algorithm>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr qint64 largestReport = qint64(4) << 20;

//! Host, port and path as one name that every file system takes.
QString folderName(const QUrl &endpoint)
{
    QString name = endpoint.host() + u'-' + QString::number(endpoint.port(443)) + endpoint.path();
    for (QChar &letter : name) {
        const bool isPlain = letter.unicode() < 128 && (letter.isLetterOrNumber() || letter == u'-' || letter == u'.');
        letter = isPlain ? letter : u'_';
    }
    return name.left(120);
}

} // namespace

PostureHistory::PostureHistory(QString folder)
    : m_folder(std::move(folder))
{
    if (m_folder.isEmpty())
        m_folder = QStandardPaths::writableLocation(QStandardPaths::AppLocalDataLocation) + u"/posture"_s;
}

void PostureHistory::open(const QUrl &endpoint, bool kept)
{
    m_isKept = kept;
    m_runs.clear();
    m_unreadable = 0;
    m_endpointFolder = m_folder + u'/' + folderName(endpoint);
    if (!m_isKept)
        return;
    const QDir folder(m_endpointFolder);
    for (const QString &name : folder.entryList({u"*.json"_s}, QDir::Files, QDir::Name)) {
        QFile file(folder.filePath(name));
        if (file.size() > largestReport || !file.open(QIODevice::ReadOnly)) {
            ++m_unreadable;
            continue;
        }
        auto report = Watchword::Report::fromJson(file.readAll());
        if (report)
            m_runs.append(*report);
        else
            ++m_unreadable;
    }
    std::stable_sort(m_runs.begin(), m_runs.end(), [](const auto &a, const auto &b) { return a.startedAt < b.startedAt; });
    if (m_runs.size() > Kept)
        m_runs = m_runs.last(Kept);
}

void PostureHistory::close()
{
    m_runs.clear();
    m_unreadable = 0;
    m_endpointFolder.clear();
}

bool PostureHistory::add(const Watchword::Report &report)
{
    m_runs.append(report);
    if (m_runs.size() > Kept)
        m_runs.removeFirst();
    if (!m_isKept)
        return true;
    QDir folder(m_endpointFolder);
    if (!folder.mkpath(u"."_s))
        return false;
    QSaveFile file(folder.filePath(report.startedAt.toUTC().toString(u"yyyyMMdd'T'HHmmss.zzz'Z.json'"_s)));
    if (!file.open(QIODevice::WriteOnly))
        return false;
    file.write(QJsonDocument(report.toJson()).toJson());
    if (!file.commit())
        return false;
    const QStringList names = folder.entryList({u"*.json"_s}, QDir::Files, QDir::Name);
    for (qsizetype at = 0; at + Kept < names.size(); ++at)
        folder.remove(names.at(at));
    return true;
}

} // namespace Monitor
