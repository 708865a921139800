// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTimer>

#ifdef Q_OS_UNIX
#include <unistd.h>
#endif

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

namespace {

Result<Account> accountOf(const QCommandLineParser &parser)
{
    Account account;
    account.issuer = QUrl(parser.value(u"issuer"_s), QUrl::StrictMode);
    account.clientId = parser.value(u"client-id"_s);
    account.name = parser.value(u"account"_s);
    account.scopes = parser.value(u"scope"_s).split(u' ', Qt::SkipEmptyParts);
    account.bound = parser.isSet(u"dpop"_s);
    account.resource = QUrl(parser.value(u"resource"_s));
    if (parser.isSet(u"ca"_s))
        account.certificateAuthority = QFileInfo(parser.value(u"ca"_s)).absoluteFilePath();
    if (account.issuer.scheme() != "https"_L1 || account.issuer.host().isEmpty())
        return Error(ErrorCode::ConfigInvalid, u"--issuer needs an https URL"_s);
    if (account.clientId.isEmpty())
        return Error(ErrorCode::ConfigInvalid, u"--client-id is needed"_s);
    return account;
}

int finish(Account account, const Session &session, bool json)
{
    account.person = session.accountName();
    Result<Accounts> accounts = Accounts::load();
    if (!accounts)
        return report(accounts.error(), json);
    accounts.value().put(account);
    if (const Result<void> saved = accounts->save(); !saved)
        return report(saved.error(), json);
    if (json) {
        const QJsonObject object{{"account"_L1, account.name},
                                 {"person"_L1, account.person},
                                 {"subject"_L1, session.subject()},
                                 {"expires_at"_L1, session.expiresAt().toString(Qt::ISODate)}};
        printLine(QJsonDocument(object).toJson(QJsonDocument::Compact));
    } else {
        printLine(u"Signed in as %1 (account \"%2\")."_s.arg(account.person, account.name).toUtf8());
    }
    return Done;
}

bool onTerminal()
{
#ifdef Q_OS_UNIX
    return isatty(STDOUT_FILENO) == 1;
#else
    return false;
#endif
}

void printLink(const QUrl &url, bool json)
{
    const QString text = url.toString(QUrl::FullyEncoded);
    if (json)
        printLine(QJsonDocument(QJsonObject{{"sign_in_url"_L1, text}}).toJson(QJsonDocument::Compact));
    else
        printLine("Open this address in a browser on this machine:\n" + text.toUtf8());
}

void printDevice(const DeviceSignIn &device, bool json)
{
    if (json) {
        const QJsonObject object{{"user_code"_L1, device.userCode},
                                 {"verification_uri"_L1, device.verificationUri.toString(QUrl::FullyEncoded)},
                                 {"verification_uri_complete"_L1, device.verificationUriComplete.toString(QUrl::FullyEncoded)},
                                 {"expires_at"_L1, device.expiresAt.toString(Qt::ISODate)}};
        printLine(QJsonDocument(object).toJson(QJsonDocument::Compact));
        return;
    }
    printLine(
        u"On any device open %1 and enter the code %2"_s.arg(device.verificationUri.toString(QUrl::FullyEncoded), device.userCode)
            .toUtf8());
    if (onTerminal())
        printLine(device.qrCode().toTerminalText().toUtf8());
}

// Leaves the event loop with the exit code when the sign-in has ended, however it did.
void followTo(Session &session, const Account &account, bool json)
{
    QObject::connect(&session, &Session::signInFailed, &session,
                     [json](const Error &error) { QCoreApplication::exit(report(error, json)); });
    // With somebody signed in already signedIn() comes from the restore: the one that counts follows a
    // person.
    const auto asked = std::make_shared<bool>(false);
    QObject::connect(&session, &Session::browserRequested, &session, [asked] { *asked = true; });
    QObject::connect(&session, &Session::deviceSignInChanged, &session, [asked, json, &session] {
        const DeviceSignIn device = session.deviceSignIn();
        if (!device.isValid())
            return;
        *asked = true;
        printDevice(device, json);
    });
    QObject::connect(&session, &Session::signedIn, &session, [asked, account, json, &session] {
        if (*asked)
            QCoreApplication::exit(finish(account, session, json));
    });
    QObject::connect(&session, &Session::storageDegraded, &session, [json](const Error &error) {
        report(error, json);
        QCoreApplication::exit(Storage);
    });
    QObject::connect(&session, &Session::stateChanged, &session, [json, &session](Session::State state) {
        if (state == Session::State::KeychainWaiting)
            QCoreApplication::exit(std::max(report(session.stateReason(), json), int(Storage)));
    });
}

} // namespace

int runSignIn(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(u"Signs a person in by the system browser (authorization code with "
                                     u"PKCE, RFC 8252), or by a code for another "
                                     "device where there is no screen (RFC 8628)."_s);
    parser.addOption({u"issuer"_s, u"The OpenID provider, as it names itself."_s, u"url"_s});
    parser.addOption({u"client-id"_s, u"The public client registered there."_s, u"id"_s});
    parser.addOption({u"account"_s, u"A name for this sign-in."_s, u"name"_s, u"default"_s});
    parser.addOption({u"scope"_s, u"Scopes, separated by spaces."_s, u"scopes"_s, u"openid offline_access"_s});
    parser.addOption({u"resource"_s, u"The service the token is for (RFC 8707)."_s, u"url"_s});
    parser.addOption({u"ca"_s, u"Trusts the certificate authorities in this PEM file only."_s, u"file"_s});
    parser.addOption({u"device"_s, u"Signs in with another device, by a link and a code (RFC 8628)."_s});
    parser.addOption({u"dpop"_s, u"Binds the tokens to a key of this account (RFC 9449); see \"watchword token --headers\"."_s});
    parser.addOption({u"no-browser"_s, u"Prints the URL instead of opening a browser, and waits for the redirect."_s});
    if (const std::optional<int> end = parse(parser, u"sign-in"_s, arguments))
        return *end;
    const bool json = parser.isSet(u"json"_s);
    if (parser.isSet(u"device"_s) && parser.isSet(u"no-browser"_s))
        return usage(u"--device needs no browser here; leave --no-browser out"_s);
    const Result<Account> account = accountOf(parser);
    if (!account)
        return report(account.error(), json);
    const Result<QList<QSslCertificate>> authorities = certificatesIn(account->certificateAuthority);
    if (!authorities)
        return report(authorities.error(), json);

    SessionOptions options = sessionOptions(*account, *authorities);
    if (parser.isSet(u"device"_s)) {
        options.route = SignInRoute::Device;
    } else if (parser.isSet(u"no-browser"_s)) {
        options.route = SignInRoute::Browser;
        options.openBrowser = [json](const QUrl &url) {
            printLink(url, json);
            return true;
        };
    }
    Session session(options);
    followTo(session, *account, json);
    quitOnSignals();
    QTimer::singleShot(0, &session, [&session] { session.signIn(); });
    return QCoreApplication::exec();
}

} // namespace Watchword::Tool
