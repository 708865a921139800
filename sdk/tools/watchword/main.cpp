// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include "watchword/core/memorydump.h"

#include <QCoreApplication>

#include <openssl/crypto.h>

using namespace Qt::StringLiterals;
using namespace Watchword::Tool;

namespace {

struct Entry
{
    const char *name;
    const char *summary;
    int (*run)(const QStringList &arguments);
};

constexpr Entry kCommands[] = {
    {"sign-in", "Signs a person in by the browser and keeps the tokens in the keychain", runSignIn},
    {"sign-out", "Revokes and forgets the tokens of an account", runSignOut},
    {"accounts", "Lists the accounts that were signed in here", runAccounts},
    {"token", "Prints a valid access token, refreshed if needed", runToken},
    {"explain", "Says how an account stands and why, or writes a support bundle", runExplain},
    {"connect", "Holds a connection: standard input to messages, messages to standard output", runConnect},
    {"tail", "Follows the audit log of a gateway and verifies its chain", runTail},
    {"audit", "Verifies, searches and exports an audit log: a file, a database", runAudit},
    {"sessions", "Lists and ends sessions at a gateway, your own or those of a user", runSessions},
    {"locks", "Lists who is kept out of a gateway, keeps somebody out, lets in again", runLocks},
    {"kick", "Ends connections at a gateway", runKick},
    {"doctor", "Examines how a WSS endpoint handles TLS, tokens, Origin and limits", runDoctor},
    {"learn", "Teaches the practices of the guide at servers with one flaw each", runLearn},
    {"fleet", "Runs many clients against a demo gateway", runFleet},
};

void printHelp()
{
    printLine("Usage: watchword COMMAND [options]\n\nCommands:");
    for (const Entry &command : kCommands)
        printLine(QByteArray("  ") + QByteArray(command.name).leftJustified(10) + command.summary);
    printLine("\nEvery command explains itself by --help.\n\nExit codes:\n"
              "  0  done\n  1  failed\n  2  wrong usage or configuration\n  3  a person has to sign in\n"
              "  4  network: not reachable, timed out, TLS\n  5  keychain or file\n"
              "  6  refused: not allowed, or a limit\n  7  the audit chain does not verify\n"
              "  128 and the number of the signal that ended it: 130 after Ctrl+C");
}

} // namespace

int main(int argc, char **argv)
{
    Watchword::forbidMemoryDumps();
    // A thread of QNetworkAccessManager may still end while the process does: OpenSSL has to be there until then.
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
    QCoreApplication app(argc, argv);
    QCoreApplication::setOrganizationName(u"Watchword"_s);
    QCoreApplication::setApplicationName(u"watchword"_s);
    QCoreApplication::setApplicationVersion(QStringLiteral(WATCHWORD_VERSION));
    const QStringList arguments = QCoreApplication::arguments().mid(1);
    if (arguments.isEmpty()) {
        printHelp();
        return Usage;
    }
    const QString name = arguments.constFirst();
    if (name == "--help"_L1 || name == "-h"_L1 || name == "help"_L1) {
        printHelp();
        return Done;
    }
    if (name == "--version"_L1 || name == "-v"_L1) {
        printLine("watchword " WATCHWORD_VERSION);
        return Done;
    }
    for (const Entry &command : kCommands) {
        if (name == QLatin1StringView(command.name))
            return command.run(arguments.mid(1));
    }
    return usage(u"there is no command \"%1\"; see watchword --help"_s.arg(name));
}
