// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QCoreApplication>
#include <QLoggingCategory>
#include <QRegularExpression>
#include <QTest>

#ifdef Q_OS_LINUX
#include <openssl/crypto.h>
#endif

/*!
    Base of every test class: a warning that the test did not announce with QTest::ignoreMessage() fails it.
    Call init() of this class from an own init().
*/
class WatchwordTest : public QObject
{
    Q_OBJECT

public Q_SLOTS:
    // Public and virtual so that QTest finds it in every derived class.
    virtual void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".?"))); }
};

#ifdef Q_OS_LINUX
// Where a test has OpenSSL: a thread of QNetworkAccessManager may still end while the process does, and needs it until then.
#pragma weak OPENSSL_init_crypto
inline const bool opensslStays =
    static_cast<bool>(&OPENSSL_init_crypto) && OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr) == 1;
#endif

#define WATCHWORD_TEST_MAIN(TestClass) QTEST_GUILESS_MAIN(TestClass)
#define WATCHWORD_GUI_TEST_MAIN(TestClass) QTEST_MAIN(TestClass)
