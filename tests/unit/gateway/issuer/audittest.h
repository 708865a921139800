// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/auditlog.h"
#include "support/testmain.h"
#include "watchword/testing/manualclock.h"

#include <QTemporaryDir>
#include <QVariantList>

//! A connection event; every seventh is of the same person.
Watchword::Gateway::AuditEntry entry(int number);
//! Runs statements on a closed audit file, as an intruder with the right to write it could.
bool tamper(const QString &path, const QStringList &statements, const QVariantList &values = {});
QByteArray bodyOf(const QString &path, int sequence);

/*! Base of the tests of the audit log: a folder, a manual clock and options for a file in a folder to be made. */
class AuditTest : public WatchwordTest
{
public:
    void init() override;

protected:
    std::unique_ptr<Watchword::Gateway::AuditLog> opened(const Watchword::Gateway::AuditOptions &options);
    void fill(int count);

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Watchword::ManualClock> m_clock;
    Watchword::Gateway::AuditOptions m_options;
};
