// SPDX-License-Identifier: Apache-2.0
#include "watchword/client/supportbundle.h"

#include "watchword/auth/session.h"
#include "watchword/client/client.h"
#include "watchword/core/clock.h"
#include "watchword/core/internal/durablefile.h"
#include "watchword/core/version.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QMetaEnum>
#include <QRegularExpression>
#include <QSslSocket>
#include <QSysInfo>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

QJsonValue scrubbedValue(const QJsonValue &value)
{
    if (value.isString())
        return SupportBundle::scrubbed(value.toString());
    if (value.isArray()) {
        QJsonArray array;
        const QJsonArray from = value.toArray();
        for (const QJsonValue element : from)
            array.append(scrubbedValue(element));
        return array;
    }
    if (value.isObject()) {
        QJsonObject object;
        const QJsonObject from = value.toObject();
        for (auto it = from.begin(); it != from.end(); ++it)
            object.insert(it.key(), scrubbedValue(it.value()));
        return object;
    }
    return value;
}

QString urlWithoutQuery(const QUrl &url)
{
    return url.toString(QUrl::RemoveQuery | QUrl::RemoveFragment | QUrl::RemoveUserInfo);
}

void render(const QJsonValue &value, const QString &indent, QStringList *lines)
{
    if (value.isArray()) {
        const QJsonArray array = value.toArray();
        for (const QJsonValue element : array)
            *lines += indent + element.toVariant().toString();
        return;
    }
    const QJsonObject object = value.toObject();
    for (auto it = object.begin(); it != object.end(); ++it) {
        if (it->isObject() || it->isArray()) {
            *lines += indent + it.key() + u':';
            render(it.value(), indent + u"  "_s, lines);
        } else {
            *lines += indent + it.key() + u": "_s + it->toVariant().toString();
        }
    }
}

} // namespace

SupportBundle::SupportBundle()
    : m_facts{{"made_at"_L1, toRfc3339(Clock::system().wallNow())},
              {"versions"_L1,
               QJsonObject{{"watchword"_L1, versionText()},
                           {"qt"_L1, QString::fromLatin1(qVersion())},
                           {"qt_built_with"_L1, QStringLiteral(QT_VERSION_STR)},
                           {"tls"_L1, QSslSocket::sslLibraryVersionString()},
                           {"system"_L1, QSysInfo::prettyProductName()},
                           {"kernel"_L1, QString(QSysInfo::kernelType() + u' ' + QSysInfo::kernelVersion())},
                           {"cpu"_L1, QSysInfo::currentCpuArchitecture()}}}}
{
}

void SupportBundle::add(const Session &session)
{
    QJsonObject sessions = m_facts.value("sessions"_L1).toObject();
    sessions.insert(session.options().account, scrubbedValue(session.explainJson()));
    m_facts.insert("sessions"_L1, sessions);
}

void SupportBundle::add(const Connection &connection)
{
    QJsonArray attempts;
    const QList<AttemptRecord> records = connection.attempts();
    for (const AttemptRecord &record : records)
        attempts.append(scrubbed(record.toString()));
    const Connection::State state = connection.state();
    QJsonArray connections = m_facts.value("connections"_L1).toArray();
    connections.append(
        QJsonObject{{"url"_L1, urlWithoutQuery(connection.options().url)},
                    {"state"_L1, QString::fromLatin1(QMetaEnum::fromType<Connection::State>().valueToKey(int(state)))},
                    {"summary"_L1, scrubbed(connection.explain().section(u'\n', 0, 0))},
                    {"attempts"_L1, attempts}});
    m_facts.insert("connections"_L1, connections);
}

void SupportBundle::add(Client &client)
{
    const Client::State state = client.state();
    QJsonObject facts{{"state"_L1, QString::fromLatin1(QMetaEnum::fromType<Client::State>().valueToKey(int(state)))}};
    if (client.lastError().code() != ErrorCode::Cancelled)
        facts.insert("last_error"_L1, scrubbed(client.lastError().toString()));
    m_facts.insert("client"_L1, facts);
    add(client.session());
    add(client.connection());
}

void SupportBundle::addNote(const QString &title, const QString &text)
{
    QJsonObject notes = m_facts.value("notes"_L1).toObject();
    notes.insert(scrubbed(title), scrubbed(text));
    m_facts.insert("notes"_L1, notes);
}

QJsonObject SupportBundle::toJson() const
{
    return m_facts;
}

QString SupportBundle::toText() const
{
    QStringList lines;
    QJsonObject facts = m_facts;
    facts.remove("connections"_L1);
    render(facts, {}, &lines);
    const QJsonArray connections = m_facts.value("connections"_L1).toArray();
    for (const QJsonValue connection : connections) {
        lines += u"connection:"_s;
        render(connection, u"  "_s, &lines);
    }
    return lines.join(u'\n') + u'\n';
}

Result<void> SupportBundle::writeTo(const QString &path) const
{
    return writeDurably(path, path.endsWith(u".json"_s) ? QJsonDocument(m_facts).toJson() : toText().toUtf8());
}

QString SupportBundle::scrubbed(QString text)
{
    static const QRegularExpression tokens(u"\\beyJ[A-Za-z0-9_-]{8,}(\\.[A-Za-z0-9_-]*){1,4}"_s); // JWS and JWE in compact form
    static const QRegularExpression schemes(u"\\b(Bearer|DPoP|Basic)\\s+[A-Za-z0-9._~+/=-]{8,}"_s,
                                            QRegularExpression::CaseInsensitiveOption);
    static const QRegularExpression parameters(u"\\b((?:access_|refresh_|id_|device_)?(?:token|code)|code_"
                                               u"verifier|client_secret|password|assertion|state|nonce)"
                                               "([\"']?\\s*[=:]\\s*[\"']?)[A-Za-z0-9._~+/%=-]{8,}"_s,
                                               QRegularExpression::CaseInsensitiveOption);
    static const QRegularExpression pem(u"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)"_s,
                                        QRegularExpression::DotMatchesEverythingOption);
    text.replace(pem, u"[removed]"_s);
    text.replace(tokens, u"[removed]"_s);
    text.replace(schemes, u"\\1 [removed]"_s);
    text.replace(parameters, u"\\1\\2[removed]"_s);
    return text;
}

} // namespace Watchword
