// SPDX-License-Identifier: Apache-2.0
#include "session/sessionreport.h"

#include "watchword/core/version.h"

#include <QDir>
#include <QJsonArray>
#include <QMetaEnum>
#include <QSslSocket>
#include <QSysInfo>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

// Who it is can matter to nobody but the person: that it is the same one can be seen by the fingerprint.
QString fingerprintOf(const QString &text)
{
    return Secret::copy(text.toUtf8()).fingerprint();
}

QString shownFolder(const QString &folder)
{
    const QString home = QDir::homePath();
    return folder.startsWith(home + u'/') ? u'~' + folder.mid(home.size()) : folder;
}

QJsonObject reasonOf(const Error &error)
{
    return {{"code"_L1, error.codeName()},
            {"detail"_L1, error.detail()},
            {"remedy"_L1, error.remedy()},
            {"retryable"_L1, error.isRetryable()}};
}

template <typename Enum>
QString nameOf(Enum value)
{
    return QString::fromLatin1(QMetaEnum::fromType<Enum>().valueToKey(int(value)));
}

qint64 inSeconds(Duration duration)
{
    return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

} // namespace

QJsonObject SessionReport::options() const
{
    const SessionOptions &options = m_session.options();
    return {{"issuer"_L1, options.issuer.toString()},
            {"client_id"_L1, options.clientId},
            {"scopes"_L1, QJsonArray::fromStringList(options.scopes)},
            {"resource"_L1, options.resource.toString()},
            {"account"_L1, options.account},
            {"application_id"_L1, options.applicationId},
            {"storage"_L1, m_inside.store == Inside::Store::Memory ? u"memory"_s : u"encrypted file"_s},
            {"storage_folder"_L1, shownFolder(options.storageFolder)},
            {"own_browser"_L1, bool(options.openBrowser)},
            {"own_certificate_authorities"_L1, options.certificateAuthorities.size()},
            {"additional_certificate_authorities"_L1, options.additionalCertificateAuthorities.size()},
            {"loopback_http"_L1, options.allowLoopbackHttp},
            {"sign_in_timeout_s"_L1, qint64(options.signInTimeout.count())}};
}

QJsonObject SessionReport::tokens() const
{
    const TokenSet &tokens = m_inside.tokens;
    QJsonObject json{{"generation"_L1, qint64(tokens.generation)},
                     {"access_token"_L1, tokens.accessToken.fingerprint()},
                     {"refresh_token"_L1, tokens.refreshToken.fingerprint()},
                     {"scopes"_L1, QJsonArray::fromStringList(tokens.scopes)}};
    if (tokens.expiresAt)
        json.insert("expires_at"_L1, toRfc3339(*tokens.expiresAt));
    return json;
}

QJsonObject SessionReport::json() const
{
    const Error reason = m_session.stateReason();
    const CorrectedClock &clock = m_inside.clock;
    QJsonArray events;
    for (const SessionEvent &event : m_session.timeline())
        events.append(event.toString());
    const auto &keyStore = m_session.options().keyStore;
    QString keychain = keyStore ? keyStore->backendName() : u"none"_s;
    if (m_inside.store == Inside::Store::Memory)
        keychain = u"none, the tokens are in memory"_s;
    QJsonObject json{
        {"state"_L1, nameOf(m_session.state())},
        {"state_text"_L1, m_session.stateText()},
        {"suggested_action"_L1, m_session.suggestedAction()},
        {"person"_L1, m_session.subject().isEmpty() ? u"-"_s : fingerprintOf(m_session.subject())},
        {"tokens"_L1, tokens()},
        {"options"_L1, options()},
        {"keychain"_L1, keychain},
        {"clock"_L1,
         QJsonObject{{"measured"_L1, clock.isMeasured()},
                     {"error_s"_L1, -inSeconds(clock.offset())},
                     {"uncertainty_s"_L1, inSeconds(clock.uncertainty())}}},
        {"lock"_L1, QJsonObject{{"waits"_L1, m_inside.lockWaits}, {"longest_ms"_L1, qint64(m_inside.longestLockWait.count())}}},
        {"versions"_L1,
         QJsonObject{{"watchword"_L1, versionText()},
                     {"qt"_L1, QString::fromLatin1(qVersion())},
                     {"qt_built_with"_L1, QStringLiteral(QT_VERSION_STR)},
                     {"tls"_L1, QSslSocket::sslLibraryVersionString()},
                     {"system"_L1, QSysInfo::prettyProductName()}}},
        {"timeline"_L1, events}};
    if (reason != Error())
        json.insert("reason"_L1, reasonOf(reason));
    if (m_session.nextAttempt().isValid())
        json.insert("next_attempt"_L1, m_session.nextAttempt().toString(Qt::ISODate));
    return json;
}

QStringList SessionReport::summary(const QJsonObject &json) const
{
    const SessionOptions &all = m_session.options();
    const QJsonObject versions = json.value("versions"_L1).toObject();
    const QJsonObject tokens = json.value("tokens"_L1).toObject();
    const QJsonObject clock = json.value("clock"_L1).toObject();
    const Error reason = m_session.stateReason();
    QStringList lines;
    const auto line = [&lines](const QString &name, const QString &value) {
        if (!value.isEmpty())
            lines += name + u": "_s + value;
    };
    line(u"state"_s, json.value("state"_L1).toString() + u" - "_s + json.value("state_text"_L1).toString());
    line(u"what to do"_s, json.value("suggested_action"_L1).toString());
    if (reason != Error()) {
        line(u"reason"_s, reason.toString());
        line(u"remedy"_s, reason.remedy());
    }
    line(u"next attempt"_s, json.value("next_attempt"_L1).toString());
    line(u"account"_s,
         u"%1, client %2 at %3, person %4"_s.arg(all.account, all.clientId, all.issuer.toString(),
                                                 json.value("person"_L1).toString()));
    line(u"tokens"_s,
         u"generation %1, access token %2, refresh token %3, expires %4"_s.arg(m_inside.tokens.generation)
             .arg(tokens.value("access_token"_L1).toString(), tokens.value("refresh_token"_L1).toString(),
                  tokens.value("expires_at"_L1).toString(u"unknown"_s)));
    line(u"keychain"_s, json.value("keychain"_L1).toString());
    line(u"clock"_s,
         clock.value("measured"_L1).toBool()
             ? u"%1 s ahead of the provider, known to %2 s"_s.arg(clock.value("error_s"_L1).toInteger())
                   .arg(clock.value("uncertainty_s"_L1).toInteger())
             : u"not compared with the provider's yet"_s);
    line(u"lock"_s,
         u"waited %1 times for another process, at most %2 ms"_s.arg(m_inside.lockWaits).arg(m_inside.longestLockWait.count()));
    line(u"versions"_s,
         u"Watchword %1, Qt %2, %3, %4"_s.arg(versionText(), versions.value("qt"_L1).toString(),
                                              versions.value("tls"_L1).toString(), versions.value("system"_L1).toString()));
    return lines;
}

QString SessionReport::text() const
{
    const QJsonObject all = json();
    const QJsonArray events = all.value("timeline"_L1).toArray();
    QStringList lines = summary(all);
    lines += u"timeline, %1 events:"_s.arg(events.size());
    for (const QJsonValue &event : events)
        lines += u"  "_s + event.toString();
    return lines.join(u'\n');
}

} // namespace Watchword
