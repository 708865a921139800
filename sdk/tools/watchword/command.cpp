// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include "../gateway/unixsignals.h"
#include "watchword/core/internal/futures.h"
#include "watchword/keychain/keychainkeystore.h"
#include "watchword/link/networkhints.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QStandardPaths>

#include <cstdio>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLongestSecret = 1024;

// Of the command that runs; there is one in a process.
QString &usageLine()
{
    static QString line = u"Usage: watchword COMMAND [options]"_s;
    return line;
}

// That of the code speaks to who writes a program.
QString remedyFor(const Error &error)
{
    if (error.code() == ErrorCode::KeychainUnavailable)
        return u"Start a keychain (Secret Service, KWallet), or sign in with --passphrase-file FILE, which needs none."_s;
    return error.remedy();
}

} // namespace

std::optional<int> parse(QCommandLineParser &parser, const QString &command, const QStringList &arguments, qsizetype positional,
                         qsizetype optional)
{
    parser.addOption({{u"h"_s, u"help"_s}, u"Shows this text."_s});
    parser.addOption({u"json"_s, u"Writes results and errors as JSON."_s});
    const bool isRead = parser.parse(QStringList(u"watchword "_s + command) + arguments);
    // The usage line names the command as if it were the program.
    const QString help =
        parser.helpText().replace(QCoreApplication::arguments().constFirst(), u"watchword "_s + command).trimmed();
    usageLine() = help.section(u'\n', 0, 0);
    if (!isRead)
        return usage(parser.errorText());
    if (parser.isSet(u"help"_s)) {
        printLine(help.toUtf8());
        return Done;
    }
    const qsizetype given = parser.positionalArguments().size();
    if (given < positional || given > positional + optional)
        return usage(u"%1 takes %2 argument(s)"_s.arg(command).arg(positional));
    return {};
}

int exitCodeOf(const Error &error)
{
    if (error.code() == ErrorCode::TlsFailed || error.code() == ErrorCode::PinMismatch)
        return Network;
    if (error.code() == ErrorCode::IssuerMismatch) // what --issuer says is not what the provider calls itself
        return Usage;
    switch (error.condition()) {
    case ErrorCondition::Unauthorized:
        return SignInNeeded;
    case ErrorCondition::Offline:
    case ErrorCondition::Timeout:
        return Network;
    case ErrorCondition::Storage:
        return Storage;
    case ErrorCondition::Forbidden:
    case ErrorCondition::Rejected:
        return Refused;
    case ErrorCondition::Configuration:
        return Usage;
    default:
        return Failed;
    }
}

int report(const Error &error, bool json)
{
    if (json) {
        const QJsonObject object{{"error"_L1, error.codeName()},
                                 {"detail"_L1, error.detail()},
                                 {"remedy"_L1, remedyFor(error)},
                                 {"retryable"_L1, error.isRetryable()}};
        printNote(QString::fromUtf8(QJsonDocument(object).toJson(QJsonDocument::Compact)));
    } else {
        printNote(u"watchword: "_s + error.toString());
        if (const QString remedy = remedyFor(error); !remedy.isEmpty())
            printNote(remedy);
    }
    return exitCodeOf(error);
}

int usage(const QString &what)
{
    printNote(u"watchword: "_s + what);
    printNote(usageLine());
    return Usage;
}

int misuse(const Error &error, bool json)
{
    return json ? std::max(report(error, json), int(Usage)) : usage(error.detail());
}

void printLine(const QByteArray &line)
{
    std::fwrite(line.constData(), 1, size_t(line.size()), stdout);
    std::fputc('\n', stdout);
    std::fflush(stdout);
}

void printNote(const QString &line)
{
    const QByteArray bytes = line.toUtf8() + '\n';
    std::fwrite(bytes.constData(), 1, size_t(bytes.size()), stderr);
}

std::optional<std::chrono::milliseconds> durationOf(const QString &text)
{
    qsizetype digits = 0;
    while (digits < text.size() && text.at(digits).isDigit())
        ++digits;
    bool ok = false;
    const qint64 number = text.left(digits).toLongLong(&ok);
    const QString unit = text.mid(digits).trimmed();
    if (!ok || number > 1'000'000'000)
        return {};
    if (unit == "ms"_L1)
        return std::chrono::milliseconds(number);
    if (unit.isEmpty() || unit == "s"_L1)
        return std::chrono::seconds(number);
    if (unit == "min"_L1 || unit == "m"_L1)
        return std::chrono::minutes(number);
    if (unit == "h"_L1)
        return std::chrono::hours(number);
    return {};
}

Result<QList<QSslCertificate>> certificatesIn(const QString &path)
{
    if (path.isEmpty())
        return QList<QSslCertificate>();
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return Error(ErrorCode::FileUnreadable, u"%1: %2"_s.arg(path, file.errorString()));
    const QList<QSslCertificate> certificates = QSslCertificate::fromDevice(&file, QSsl::Pem);
    if (certificates.isEmpty())
        return Error(ErrorCode::ConfigInvalid, u"%1 holds no certificate in PEM format"_s.arg(path));
    return certificates;
}

Result<Secret> secretIn(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return Error(ErrorCode::FileUnreadable, u"%1: %2"_s.arg(path, file.errorString()));
    constexpr QFile::Permissions others = QFile::ReadGroup | QFile::ReadOther | QFile::WriteGroup | QFile::WriteOther;
    if (file.permissions() & others)
        return Error(ErrorCode::PermissionDenied, u"other people can read %1"_s.arg(path))
            .withRemedy(u"Run: chmod 600 "_s + path);
    QByteArray line = file.readLine(kLongestSecret + 2);
    while (line.endsWith('\n') || line.endsWith('\r'))
        line.chop(1);
    if (line.isEmpty() || line.size() > kLongestSecret)
        return Error(ErrorCode::ConfigInvalid, u"%1 has no passphrase of 1 to 1024 bytes in its first line"_s.arg(path));
    return Secret::take(std::move(line));
}

Result<Account> accountNamed(const QString &name)
{
    const Result<Accounts> accounts = Accounts::load();
    if (!accounts)
        return accounts.error();
    const std::optional<Account> account = accounts->find(name);
    if (!account) {
        return Error(ErrorCode::SignInRequired, u"there is no such account here"_s)
            .withRemedy(u"Run: watchword sign-in --issuer URL --client-id ID"_s);
    }
    return *account;
}

SessionOptions sessionOptions(const Account &account, const QList<QSslCertificate> &authorities)
{
    SessionOptions options;
    options.issuer = account.issuer;
    options.clientId = account.clientId;
    if (!account.scopes.isEmpty())
        options.scopes = account.scopes;
    options.resource = account.resource;
    options.account = account.name;
    options.applicationId = u"watchword-cli"_s;
    options.tokenBinding = account.binding;
    options.lifetimeFromJwt = account.lifetimeFromJwt;
    options.additionalCertificateAuthorities = authorities;
    options.networkHints = systemNetworkHints(options.issuer);
    if (account.passphraseFile.isEmpty()) {
        options.keyStore = std::make_shared<KeychainKeyStore>(options.applicationId);
        return options;
    }
    options.storage = StoragePolicy::EncryptedFile;
    // A folder has one key: that of the keychain is in the folder of the other accounts.
    options.storageFolder = QDir(QStandardPaths::writableLocation(QStandardPaths::AppDataLocation)).filePath(u"sealed"_s);
    options.askPassphrase = [path = account.passphraseFile](const PassphraseQuestion &question) {
        if (question.wasWrong)
            return finishedFuture<Secret>(Error(ErrorCode::Cancelled, u"the passphrase in %1 is another one"_s.arg(path)));
        return finishedFuture<Secret>(secretIn(path));
    };
    return options;
}

void Credentials::addOptions(QCommandLineParser &parser)
{
    parser.addOption({u"account"_s, u"The account of \"watchword sign-in\" to use; else the last one."_s, u"name"_s});
    parser.addOption(
        {u"token-file"_s, u"Uses the access token in this file instead of an account; \"-\" is standard input."_s, u"file"_s});
    parser.addOption(
        {u"ca"_s, u"Trusts the certificate authorities in this PEM file too, beside those of the system."_s, u"file"_s});
}

Result<void> Credentials::read(const QCommandLineParser &parser)
{
    QString authority = parser.value(u"ca"_s);
    if (parser.isSet(u"token-file"_s)) {
        QFile file(parser.value(u"token-file"_s));
        const bool open = file.fileName() == "-"_L1 ? file.open(stdin, QIODevice::ReadOnly) : file.open(QIODevice::ReadOnly);
        if (!open)
            return Error(ErrorCode::FileUnreadable, u"%1: %2"_s.arg(file.fileName(), file.errorString()));
        AccessToken token;
        token.value = Secret::take(file.readAll().trimmed());
        if (token.value.isEmpty())
            return Error(ErrorCode::ConfigInvalid, u"%1 holds no token"_s.arg(file.fileName()));
        m_tokens = std::make_unique<FixedTokenProvider>(token);
    }
    std::optional<Account> account;
    if (!m_tokens) {
        const Result<Account> named = accountNamed(parser.value(u"account"_s));
        if (!named)
            return named.error();
        account = *named;
        if (authority.isEmpty())
            authority = account->certificateAuthority;
    }
    const Result<QList<QSslCertificate>> certificates = certificatesIn(authority);
    if (!certificates)
        return certificates.error();
    m_authorities = *certificates;
    if (account) {
        auto session = std::make_unique<Session>(sessionOptions(*account, m_authorities));
        session->start();
        m_tokens = std::move(session);
    }
    return {};
}

void interruptOnSignals(const std::function<void()> &leave)
{
    auto *signals = new Tools::UnixSignals(QCoreApplication::instance());
    QObject::connect(signals, &Tools::UnixSignals::terminated, QCoreApplication::instance(), [leave](int signal) {
        if (leave)
            leave();
        QCoreApplication::exit(128 + signal); // the last word, whatever ended by leave()
    });
}

} // namespace Watchword::Tool
