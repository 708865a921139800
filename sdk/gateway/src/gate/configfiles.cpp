// SPDX-License-Identifier: Apache-2.0
#include "gate/configfiles.h"

#include "gate/securitytext.h"
#include "gate/tlsfiles.h"
#include "watchword/core/clock.h"
#include "watchword/core/log.h"

#include <QFile>
#include <QFileInfo>
#include <QSslCertificate>
#include <QSslConfiguration>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 kLargestFile = 1024 * 1024;

std::optional<Error> readable(const QString &setting, const QString &name, QByteArray *content = nullptr)
{
    QFile file(name);
    if (QFileInfo(name).isDir() || !file.open(QIODevice::ReadOnly)) {
        const QString why = QFileInfo(name).isDir() ? u"it is a folder"_s : file.errorString();
        return Error(ErrorCode::FileUnreadable, u"%1: %2 cannot be read: %3"_s.arg(setting, name, why))
            .withRemedy(u"Check the path, and that the user of the gateway may read the file."_s);
    }
    if (content)
        *content = file.read(kLargestFile);
    return {};
}

std::optional<Error> authorities(const QString &setting, const QString &name)
{
    if (name.isEmpty())
        return {};
    QByteArray pem;
    if (const auto problem = readable(setting, name, &pem))
        return problem;
    if (QSslCertificate::fromData(pem, QSsl::Pem).isEmpty())
        return Error(ErrorCode::ConfigInvalid, u"%1: %2 holds no PEM certificate"_s.arg(setting, name));
    return {};
}

std::optional<Error> secret(const QString &setting, const QString &name)
{
    if (name.isEmpty())
        return {};
    QByteArray content;
    if (const auto problem = readable(setting, name, &content))
        return problem;
    if (content.trimmed().isEmpty())
        return Error(ErrorCode::ConfigInvalid, u"%1: %2 is empty"_s.arg(setting, name));
    return {};
}

// The database and its folder may not be there yet; whoever makes them needs a folder that exists and can be written.
std::optional<Error> writable(const QString &setting, const QString &name)
{
    QFileInfo place(name);
    while (!place.exists() && !place.isRoot())
        place.setFile(place.absolutePath());
    if (place.isWritable() && (place.isDir() || place.absoluteFilePath() == QFileInfo(name).absoluteFilePath()))
        return {};
    return Error(ErrorCode::PermissionDenied, u"%1: this user cannot write in %2"_s.arg(setting, place.absoluteFilePath()))
        .withRemedy(u"Check the path, and that the user of the gateway may write there."_s);
}

} // namespace

Result<Secret> readSecretFile(const QString &name)
{
    QFile file(name);
    if (!file.open(QIODevice::ReadOnly))
        return Error(ErrorCode::FileUnreadable, u"%1: %2"_s.arg(name, file.errorString()));
    QByteArray bytes = file.read(4096);
    const Secret secret = Secret::copy(bytes.trimmed());
    wipe(bytes.data(), bytes.size());
    return secret;
}

Result<QByteArray> readSecurityText(const QString &name)
{
    QByteArray content;
    if (name.isEmpty())
        return content;
    if (const auto problem = readable(u"security_txt of [listen]"_s, name, &content))
        return *problem;
    const Result<QDateTime> end = securityTextEnd(content);
    if (!end)
        return Error(ErrorCode::ConfigInvalid, u"security_txt of [listen]: %1: %2"_s.arg(name, end.error().detail()));
    // That it is old is no reason not to start.
    if (*end < toDateTime(Clock::system().wallNow()))
        qCWarning(logGateway).noquote() << "security_txt of [listen]:" << name << "ended at" << end->toString(Qt::ISODate)
                                        << "- write a new Expires into it";
    return content;
}

Result<void> checkFiles(const GatewayConfig &config)
{
    QList<Error> problems;
    const auto note = [&problems](const std::optional<Error> &problem) {
        if (problem)
            problems.append(*problem);
    };
    if (!config.listen.plain) {
        if (const Result<QSslConfiguration> tls = readTlsConfiguration(config.listen); !tls)
            problems.append(tls.error());
    }
    if (const Result<QByteArray> text = readSecurityText(config.listen.securityTextFile); !text)
        problems.append(text.error());
    for (const IssuerConfig &issuer : config.issuers) {
        note(authorities(u"ca of [[issuer]] %1"_s.arg(issuer.issuer()), issuer.caFile));
        if (issuer.events)
            note(secret(u"push_token_file of [[issuer]] %1"_s.arg(issuer.issuer()), issuer.events->pushTokenFile));
        if (issuer.events && issuer.events->poll)
            note(secret(u"token_file of events_poll of [[issuer]] %1"_s.arg(issuer.issuer()), issuer.events->poll->tokenFile));
        note(secret(u"client_secret_file of [[issuer]] %1"_s.arg(issuer.issuer()), issuer.introspection.clientSecretFile));
    }
    const EmbeddedIssuerConfig embedded = config.embeddedIssuer.value_or(EmbeddedIssuerConfig());
    for (const EmbeddedIssuerConfig::ResourceServer &server : embedded.resourceServers)
        note(secret(u"secret_file of [[issuer_embedded.resource_server]] %1"_s.arg(server.id), server.secretFile));
    for (const EndpointConfig &endpoint : config.endpoints) {
        note(authorities(u"upstream_ca of [[endpoint]] %1"_s.arg(endpoint.path), endpoint.upstreamCaFile));
        if (endpoint.roomWebhook) {
            note(authorities(u"ca of room_webhook of %1"_s.arg(endpoint.path), endpoint.roomWebhook->caFile));
            note(secret(u"secret_file of room_webhook of %1"_s.arg(endpoint.path), endpoint.roomWebhook->secretFile));
        }
        if (endpoint.upstreamCertificateFile.isEmpty())
            continue;
        const QString place = u"[[endpoint]] %1"_s.arg(endpoint.path);
        const auto own = readCertifiedKey(endpoint.upstreamCertificateFile, endpoint.upstreamKeyFile, place);
        note(own ? std::nullopt : std::optional(own.error()));
    }
    if (!config.audit.database.isEmpty() && config.audit.database != ":memory:"_L1)
        note(writable(u"database of [audit]"_s, config.audit.database));
    if (!config.locks.database.isEmpty() && config.locks.database != ":memory:"_L1)
        note(writable(u"database of [locks]"_s, config.locks.database));
    if (problems.isEmpty())
        return {};
    if (problems.size() == 1)
        return problems.constFirst();
    QStringList lines;
    for (const Error &problem : std::as_const(problems))
        lines.append(problem.detail());
    return Error(problems.constFirst().code(), lines.join(u'\n'));
}

} // namespace Watchword::Gateway
