// SPDX-License-Identifier: Apache-2.0
#include "command.h"
#include "signinarguments.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTimer>

#include <utility>

#ifdef Q_OS_UNIX
#include <unistd.h>
#endif

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

namespace {

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

void printLink(const QUrl &url, bool json, bool hasNoBrowser = false)
{
    const QString text = url.toString(QUrl::FullyEncoded);
    if (json)
        printLine(QJsonDocument(QJsonObject{{"sign_in_url"_L1, text}}).toJson(QJsonDocument::Compact));
    else
        printLine("Open this address in a browser on this machine:\n" + text.toUtf8());
    if (!json && hasNoBrowser)
        printLine("No browser could be started here. If there is none, sign in on another device: the same command with "
                  "--device, where the "
                  "provider has that (RFC 8628).");
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
    // The keychain that fails ends the sign-in and changes the state: it is told once.
    const auto isTold = std::make_shared<bool>(false);
    const auto fail = [isTold, json](const Error &error, Exit atLeast = Done) {
        if (!std::exchange(*isTold, true))
            QCoreApplication::exit(std::max(report(error, json), int(atLeast)));
    };
    QObject::connect(&session, &Session::signInFailed, &session, [fail](const Error &error) { fail(error); });
    QObject::connect(&session, &Session::eventLogged, &session, [json, &session](const SessionEvent &event) {
        if (event.what == "signin.browser"_L1 && event.detail == "could not be opened; show the link"_L1)
            printLink(session.signInUrl(), json, true);
    });
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
    QObject::connect(&session, &Session::storageDegraded, &session, [fail](const Error &error) { fail(error, Storage); });
    QObject::connect(&session, &Session::stateChanged, &session, [fail, &session](Session::State state) {
        if (state == Session::State::KeychainWaiting)
            fail(session.stateReason(), Storage);
    });
}

// Whoever is signed in, or nobody, is asked as a service would ask.
void begin(Session &session, const SignInArguments &arguments)
{
    if (!arguments.asksForStrength())
        return session.signIn();
    const auto signIn = [&session, strength = arguments.strength] {
        static_cast<void>(session.requestToken(strength)); // the next sign-in does it
        session.signIn();
    };
    session.start();
    if (session.state() != Session::State::Restoring)
        return signIn();
    const auto restored = std::make_shared<QMetaObject::Connection>();
    *restored = QObject::connect(&session, &Session::stateChanged, &session, [restored, signIn](Session::State state) {
        if (state == Session::State::Restoring || state == Session::State::KeychainWaiting)
            return;
        QObject::disconnect(*restored);
        signIn();
    });
}

} // namespace

int runSignIn(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(u"Signs a person in by the system browser (authorization code with PKCE, RFC 8252), or "
                                     "by a code for another device where there is no screen (RFC 8628)."_s);
    SignInArguments::addOptions(parser);
    if (const std::optional<int> end = parse(parser, u"sign-in"_s, arguments))
        return *end;
    const bool json = parser.isSet(u"json"_s);
    const Result<SignInArguments> wanted = SignInArguments::read(parser);
    if (!wanted)
        return wanted.error().code() == ErrorCode::ConfigInvalid ? misuse(wanted.error(), json) : report(wanted.error(), json);
    const Result<QList<QSslCertificate>> authorities = certificatesIn(wanted->account.certificateAuthority);
    if (!authorities)
        return report(authorities.error(), json);

    SessionOptions options = sessionOptions(wanted->account, *authorities);
    wanted->applyTo(options);
    if (!wanted->opensBrowser) {
        options.openBrowser = [json](const QUrl &url) {
            printLink(url, json);
            return true;
        };
    }
    Session session(options);
    followTo(session, wanted->account, json);
    interruptOnSignals([&session] { session.cancelSignIn(); });
    QTimer::singleShot(0, &session, [&session, &wanted] { begin(session, *wanted); });
    return QCoreApplication::exec();
}

} // namespace Watchword::Tool
