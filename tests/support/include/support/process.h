// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QProcess>
#include <QProcessEnvironment>
#include <QString>
#include <QStringList>

#include <memory>
#include <optional>

namespace Support {

/*!
    A child process that says in one line when it is ready. It is stopped, by its pid, when the object goes.
    Its standard error is passed through to the test's, and kept in log().
*/
class ReadyProcess
{
public:
    ReadyProcess();
    ~ReadyProcess();

    void setEnvironment(const QString &name, const QString &value);
    void setWorkingDirectory(const QString &folder);
    //! Starts and waits for the first standard-output line that starts with \a prefix; returns the rest of that line.
    std::optional<QString> start(const QString &program, const QStringList &arguments, const QString &prefix,
                                 int timeoutMs = 20'000);
    QProcess &process() { return m_process; }
    QByteArray log() const { return m_log; } //!< Both channels, from the start.
    void terminate(int timeoutMs = 5'000); //!< SIGTERM, then SIGKILL.
    void kill();

private:
    QProcess m_process;
    QProcessEnvironment m_environment;
    QByteArray m_log;
    QByteArray m_pending;
};

//! Folder with the npm packages of tests/peers; empty, with an explanation on stderr, when they are not installed.
QString peersFolder();

//! True when CI is set, where a missing component is a failure and not a skip.
bool onCi();

/*!
    Makes a throw-away authority and certificates in \a folder by the openssl program:
    ca.pem, server.pem/.key (localhost, 127.0.0.1, ::1), wronghost.pem/.key, expired.pem/.key, selfsigned.pem/.key; for clients
   client.pem/.key, client2.pem/.key.
*/
bool makeCertificates(const QString &folder);

} // namespace Support

//! Skips on a person's machine and fails in CI: for components that ./dev installs.
#define REQUIRE_COMPONENT(condition, what)                                                                                       \
    do {                                                                                                                         \
        if (!(condition)) {                                                                                                      \
            if (Support::onCi())                                                                                                 \
                QFAIL("missing: " what);                                                                                         \
            QSKIP("missing: " what);                                                                                             \
        }                                                                                                                        \
    } while (false)
