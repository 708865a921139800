// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/auditevent.h"

#include <QList>
#include <QProcess>
#include <QTemporaryFile>
#include <QtTest>

namespace Support {

/*!
    Fails the test that runs if one of \a events is not as sdk/docs/audit-event.schema.json says. The judge is python3-jsonschema;
   on a machine without it nothing is judged, and that is said.
*/
inline void judgeAuditEvents(const QList<Watchword::AuditEvent> &events)
{
    QTemporaryFile file(QDir::tempPath() + QStringLiteral("/audit-XXXXXX.jsonl"));
    if (events.isEmpty() || !QTest::currentTestFunction() || !file.open())
        return;
    for (const Watchword::AuditEvent &event : events)
        file.write(event.toBytes() + '\n');
    file.close();
    QProcess judge;
    judge.setProcessChannelMode(QProcess::MergedChannels);
    judge.start(QStringLiteral("/usr/bin/python3"),
                {QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/peers/validate-json.py"),
                 QStringLiteral(WATCHWORD_SOURCE_DIR "/sdk/docs/audit-event.schema.json"), file.fileName()});
    judge.waitForFinished(60'000);
    const bool isMissing = judge.exitStatus() == QProcess::NormalExit && judge.exitCode() == 3;
    if (isMissing)
        qInfo("python3-jsonschema is missing: events are not judged by their schema");
    else
        QVERIFY2(judge.exitStatus() == QProcess::NormalExit && judge.exitCode() == 0, judge.readAll().constData());
}

} // namespace Support
