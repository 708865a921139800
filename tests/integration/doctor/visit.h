// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/await.h"
#include "support/process.h"
#include "support/testmain.h"
#include "watchword/core/clock.h"
#include "watchword/doctor/doctor.h"
#include "watchword/jose/jwt.h"

#include <QFile>

namespace DoctorTest {

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;
using Verdict = Finding::Verdict;

const QString kOrigin = QStringLiteral("https://app.example.com");

//! Quick, because everything is on this machine; the deadlines are those of the servers of the tests and something on top.
inline DoctorOptions quickOptions(const QUrl &endpoint, const QString &authority)
{
    DoctorOptions options;
    options.endpoint = endpoint;
    options.additionalCertificateAuthorities = QSslCertificate::fromPath(authority);
    options.origin = kOrigin;
    options.pace = 5ms;
    options.patience = 5s;
    options.headDeadline = 6s;
    options.expiryDeadline = 10s;
    options.timeBudget = 60s;
    return options;
}

//! "T1 fail", "H1 warn": all problems of a report, sorted.
inline QStringList problemsOf(const Report &report)
{
    QStringList list;
    for (const Finding &finding : report.findings) {
        if (finding.isProblem())
            list.append(finding.checkId + u' ' + nameOf(finding.verdict));
    }
    list.sort();
    return list;
}

inline QString summaryOf(const Report &report, const QString &id)
{
    for (const Finding &finding : report.findings) {
        if (finding.checkId == id)
            return nameOf(finding.verdict) + u": "_s + finding.summary;
    }
    return u"not in the report"_s;
}

} // namespace DoctorTest
