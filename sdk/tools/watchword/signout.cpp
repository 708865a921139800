// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTimer>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

int finish(Accounts accounts, const Account &account, bool revoked, bool json)
{
    accounts.remove(account.name);
    if (const Result<void> saved = accounts.save(); !saved)
        return report(saved.error(), json);
    if (json) {
        const QJsonObject object{{"account"_L1, account.name}, {"signed_out"_L1, true}, {"revoked"_L1, revoked}};
        printLine(QJsonDocument(object).toJson(QJsonDocument::Compact));
        return Done;
    }
    printLine("Signed out.");
    if (!revoked)
        printNote(u"The provider could not be told yet; the next command with this account tries again."_s);
    return Done;
}

void printSignOutLink(const QUrl &url, bool json)
{
    const QString text = url.toString(QUrl::FullyEncoded);
    if (json)
        printLine(QJsonDocument(QJsonObject{{"sign_out_url"_L1, text}}).toJson(QJsonDocument::Compact));
    else
        printLine("Open this address in the browser that you signed in with:\n" + text.toUtf8());
}

// signedOut() comes before the store and the provider know: the program stays until both do, or one cannot.
void followTo(Session &session, const Accounts &accounts, const Account &account, Session::SignOutScope scope, bool json)
{
    struct Progress
    {
        bool asked = false;
        bool stored = false; // what an earlier sign-out left to be revoked may be told before that
    };
    const auto progress = std::make_shared<Progress>();
    const auto end = [accounts, account, json](bool revoked) {
        QCoreApplication::exit(finish(accounts, account, revoked, json));
    };
    QObject::connect(&session, &Session::eventLogged, &session, [progress, end](const SessionEvent &event) {
        if (event.what == "signout.finished"_L1) {
            progress->stored = true;
            if (event.detail == "nothing to revoke"_L1)
                end(true);
        } else if (progress->stored && event.what == "signout.revoked"_L1) {
            end(true);
        } else if (progress->stored && (event.what == "signout.not_revoked"_L1 || event.what == "signout.revocation_waits"_L1)) {
            end(false);
        }
    });
    QObject::connect(&session, &Session::storageDegraded, &session,
                     [json](const Error &error) { QCoreApplication::exit(std::max(report(error, json), int(Storage))); });
    QObject::connect(&session, &Session::stateChanged, &session, [progress, end, scope, json, &session](Session::State state) {
        if (progress->asked || state == Session::State::Restoring)
            return;
        if (state == Session::State::KeychainWaiting) {
            QCoreApplication::exit(std::max(report(session.stateReason(), json), int(Storage)));
        } else if (state == Session::State::SignedOut) {
            end(true); // nothing was stored any more
        } else {
            progress->asked = true;
            session.signOut(scope);
        }
    });
}

} // namespace

int runSignOut(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(u"Forgets the tokens of an account here, then revokes them at the provider."_s);
    parser.addOption({u"account"_s, u"The account; else the last one used."_s, u"name"_s});
    parser.addOption(
        {u"everywhere"_s, u"Also ends the provider's own session in the browser, so that the next sign-in asks who it is."_s});
    parser.addOption({u"no-browser"_s, u"Prints the address of that page instead of opening a browser."_s});
    if (const std::optional<int> end = parse(parser, u"sign-out"_s, arguments))
        return *end;
    const bool json = parser.isSet(u"json"_s);
    const Result<Accounts> accounts = Accounts::load();
    if (!accounts)
        return report(accounts.error(), json);
    const std::optional<Account> account = accounts->find(parser.value(u"account"_s));
    if (!account)
        return report(Error(ErrorCode::SignedOut, u"there is no such account here"_s), json);
    const Result<QList<QSslCertificate>> authorities = certificatesIn(account->certificateAuthority);
    if (!authorities)
        return report(authorities.error(), json);

    SessionOptions options = sessionOptions(*account, *authorities);
    if (parser.isSet(u"no-browser"_s)) {
        options.openBrowser = [json](const QUrl &url) {
            printSignOutLink(url, json);
            return true;
        };
    }
    const auto scope = parser.isSet(u"everywhere"_s) ? Session::SignOutScope::Everywhere : Session::SignOutScope::Here;
    Session session(options);
    followTo(session, *accounts, *account, scope, json);
    interruptOnSignals();
    QTimer::singleShot(0, &session, [&session] { session.start(); });
    QTimer::singleShot(30s, &session, [json] {
        QCoreApplication::exit(report(Error(ErrorCode::Timeout, u"signing out took too long"_s), json));
    });
    return QCoreApplication::exec();
}

} // namespace Watchword::Tool
