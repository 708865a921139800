// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "accounts.h"
#include "watchword/auth/session.h"
#include "watchword/core/tokenprovider.h"

#include <QCommandLineParser>
#include <QSslCertificate>

#include <functional>
#include <memory>
#include <optional>

namespace Watchword::Tool {

/*! What the program ends with; documented in its --help and relied on by scripts. */
enum Exit { Done = 0, Failed = 1, Usage = 2, SignInNeeded = 3, Network = 4, Storage = 5, Refused = 6, ChainNotVerified = 7 };

int runSignIn(const QStringList &arguments);
int runSignOut(const QStringList &arguments);
int runAccounts(const QStringList &arguments);
int runToken(const QStringList &arguments);
int runExplain(const QStringList &arguments);
int runConnect(const QStringList &arguments);
int runAudit(const QStringList &arguments);
int runSessions(const QStringList &arguments);
int runLocks(const QStringList &arguments);
int runKick(const QStringList &arguments);
int runTail(const QStringList &arguments);
int runFleet(const QStringList &arguments);
int runDoctor(const QStringList &arguments);
int runLearn(const QStringList &arguments);

//! Parses; returns the exit code when the program ends here: after --help, or because of a mistake. \a optional arguments may
//! stand behind the \a positional ones.
std::optional<int> parse(QCommandLineParser &parser, const QString &command, const QStringList &arguments,
                         qsizetype positional = 0, qsizetype optional = 0);

int exitCodeOf(const Error &error);
//! Prints the error and what to do about it on standard error, as JSON if asked; returns its exit code.
int report(const Error &error, bool json);
int usage(const QString &what); //!< Prints it with the usage line of the command, once parse() knows it; returns Usage.
void printLine(const QByteArray &line); //!< To standard output, flushed.
void printNote(const QString &line); //!< To standard error.

//! How a mistake in the command line is told: as usage(), or as report() for a program that asked for JSON.
int misuse(const Error &error, bool json);
//! The first line of a file; PermissionDenied if others may read the file, FileUnreadable, ConfigInvalid.
Result<Secret> secretIn(const QString &path);

//! "30s", "500ms", "5min", or a plain number of seconds.
std::optional<std::chrono::milliseconds> durationOf(const QString &text);
Result<QList<QSslCertificate>> certificatesIn(const QString &path); //!< An empty path is an empty list.

//! The account of that name, or the default; SignInRequired when there is none, and the errors of Accounts::load().
Result<Account> accountNamed(const QString &name);
SessionOptions sessionOptions(const Account &account, const QList<QSslCertificate> &authorities);

/*! The options --account, --token-file and --ca, and the provider they stand for. */
class Credentials
{
public:
    static void addOptions(QCommandLineParser &parser);
    //! NotFound without an account of that name, FileUnreadable, ConfigInvalid.
    Result<void> read(const QCommandLineParser &parser);

    TokenProvider *tokens() const { return m_tokens.get(); }
    const QList<QSslCertificate> &authorities() const { return m_authorities; }

private:
    std::unique_ptr<TokenProvider> m_tokens;
    QList<QSslCertificate> m_authorities;
};

/*!
    On SIGINT and SIGTERM calls \a leave and ends the event loop with 128 and the number of the signal (130, 143), as shells
    say it of a program that a signal ended.
*/
void interruptOnSignals(const std::function<void()> &leave = {});

} // namespace Watchword::Tool
