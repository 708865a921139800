// SPDX-License-Identifier: Apache-2.0
#include "endpoint/roomwebhook.h"

#include "gate/configfiles.h"
#include "gate/jsonfetch.h"
#include "gate/metrics.h"
#include "watchword/core/log.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkReply>
#include <QTimer>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr Duration kAfterFailure = std::chrono::seconds(1);

QString wordOf(RoomDeed::Kind kind)
{
    return kind == RoomDeed::Kind::Subscribe ? u"subscribe"_s : u"publish"_s;
}

QByteArray questionOf(const QString &endpoint, const Identity &identity, const RoomDeed &deed)
{
    const QJsonObject question{
        {u"endpoint"_s, endpoint},      {u"op"_s, wordOf(deed.kind)}, {u"room"_s, deed.room},
        {u"iss"_s, identity.issuer},    {u"sub"_s, identity.subject}, {u"client_id"_s, identity.clientId},
        {u"sid"_s, identity.sessionId}, {u"acr"_s, identity.acr},     {u"scope"_s, identity.scopes.join(u' ')}};
    return QJsonDocument(question).toJson(QJsonDocument::Compact);
}

// RFC 9111 section 5.2.2, as far as one reader needs it.
std::optional<Duration> ageIn(const QByteArray &cacheControl)
{
    std::optional<Duration> age;
    const QList<QByteArray> directives = cacheControl.toLower().split(',');
    for (const QByteArray &entry : directives) {
        const QByteArray directive = entry.trimmed();
        if (directive == "no-store" || directive == "no-cache")
            return Duration(0);
        bool isNumber = false;
        const qint64 seconds = directive.startsWith("max-age=") ? directive.mid(8).toLongLong(&isNumber) : 0;
        if (isNumber)
            age = std::chrono::seconds(std::clamp<qint64>(seconds, 0, 86'400));
    }
    return age;
}

} // namespace

RoomWebhookClient::RoomWebhookClient(const RoomWebhook &config, QString endpoint, Clock &clock, Metrics &metrics)
    : m_config(config)
    , m_endpoint(std::move(endpoint))
    , m_clock(clock)
    , m_metrics(metrics)
{
    if (!config.secretFile.isEmpty())
        m_secret = readSecretFile(config.secretFile).valueOr({}); // checkFiles() has read it
}

RoomWebhookClient::~RoomWebhookClient() = default;

QString RoomWebhookClient::keyOf(const Identity &identity, const RoomDeed &deed)
{
    return QStringList{wordOf(deed.kind), deed.room,          identity.issuer, identity.subject,
                       identity.clientId, identity.sessionId, identity.acr,    identity.scopes.join(u' ')}
        .join(u'\n');
}

std::optional<bool> RoomWebhookClient::known(const Identity &identity, const RoomDeed &deed) const
{
    const auto kept = m_kept.constFind(keyOf(identity, deed));
    return kept == m_kept.constEnd() || kept->until <= m_clock.now() ? std::nullopt : std::optional(kept->isAllowed);
}

void RoomWebhookClient::ask(const Identity &identity, const RoomDeed &deed, Answer answer)
{
    const QString key = keyOf(identity, deed);
    Question &question = m_questions[key];
    question.answers.push_back(std::move(answer));
    if (question.answers.size() > 1)
        return;
    question.body = questionOf(m_endpoint, identity, deed);
    m_waiting.push_back({key, identity.issuer + u'\n' + identity.subject, m_clock.now()});
    if (qsizetype(m_waiting.size()) > kMostWaiting)
        makeRoom();
    QMetaObject::invokeMethod(this, &RoomWebhookClient::next, Qt::QueuedConnection);
}

void RoomWebhookClient::next()
{
    refuseStale();
    while (m_underWay.size() < kMostAtOnce && !m_waiting.empty()) {
        const auto chosen = fairest();
        const Waiting waiting = *chosen;
        m_waiting.erase(chosen);
        send(waiting);
    }
    if (m_waiting.empty())
        m_isOverloaded = false;
}

std::vector<RoomWebhookClient::Waiting>::iterator RoomWebhookClient::fairest()
{
    QHash<QString, int> counts;
    for (const QString &person : std::as_const(m_underWay))
        ++counts[person];
    return std::min_element(m_waiting.begin(), m_waiting.end(), [&counts](const Waiting &one, const Waiting &other) {
        return counts.value(one.person) < counts.value(other.person);
    });
}

void RoomWebhookClient::makeRoom()
{
    QHash<QString, int> counts;
    for (const Waiting &waiting : m_waiting)
        ++counts[waiting.person];
    const auto newest =
        std::max_element(m_waiting.rbegin(), m_waiting.rend(), [&counts](const Waiting &one, const Waiting &other) {
            return counts.value(one.person) < counts.value(other.person);
        });
    const QString key = newest->key;
    m_waiting.erase(std::next(newest).base());
    QMetaObject::invokeMethod(
        this, [this, key] { overloaded(key); }, Qt::QueuedConnection);
}

void RoomWebhookClient::refuseStale()
{
    const Instant oldest = m_clock.now() - m_config.timeout;
    const auto fresh =
        std::find_if(m_waiting.begin(), m_waiting.end(), [oldest](const Waiting &waiting) { return waiting.since >= oldest; });
    const std::vector<Waiting> stale(m_waiting.begin(), fresh);
    m_waiting.erase(m_waiting.begin(), fresh);
    for (const Waiting &waiting : stale)
        overloaded(waiting.key);
}

void RoomWebhookClient::overloaded(const QString &key)
{
    if (!std::exchange(m_isOverloaded, true))
        qCWarning(logGateway).noquote() << "room_webhook of" << m_endpoint << "is asked too much: too many questions wait";
    ++m_metrics.roomQuestions["overloaded"];
    tell(key, false, Duration(0));
}

void RoomWebhookClient::send(const Waiting &waiting)
{
    const QString key = waiting.key;
    m_underWay.insert(key, waiting.person);
    QNetworkRequest request = fetchRequest(m_config.url, m_config.caFile, m_config.timeout);
    request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/json"_s);
    if (!m_secret.isEmpty()) {
        QByteArray field = "Bearer ";
        field += m_secret.reveal();
        request.setRawHeader("Authorization", field);
    }
    QNetworkReply *reply = m_network.post(request, m_questions.value(key).body);
    // Of the whole, however slowly it comes.
    QTimer::singleShot(m_config.timeout, reply, [reply] { reply->abort(); });
    awaitBody(reply, this, [this, key](const Result<FetchedBody> &fetched) {
        m_underWay.remove(key);
        const QJsonValue allow =
            fetched ? QJsonDocument::fromJson(fetched->body).object().value("allow"_L1) : QJsonValue(QJsonValue::Undefined);
        if (!fetched)
            failed(key, fetched.error().detail());
        else if (!allow.isBool())
            failed(key, u"the answer has no \"allow\" that is true or false"_s);
        else
            answered(key, allow.toBool(), fetched->cacheControl);
        next();
    });
}

void RoomWebhookClient::failed(const QString &key, const QString &why)
{
    if (std::exchange(m_isReachable, false))
        qCWarning(logGateway).noquote() << "room_webhook of" << m_endpoint << "gives no answer:" << why;
    ++m_metrics.roomQuestions["unreachable"];
    tell(key, m_config.whenUnreachable == RoomWebhook::WhenUnreachable::Allow, kAfterFailure);
}

void RoomWebhookClient::answered(const QString &key, bool isAllowed, const QByteArray &cacheControl)
{
    if (!std::exchange(m_isReachable, true))
        qCInfo(logGateway).noquote() << "room_webhook of" << m_endpoint << "answers again";
    ++m_metrics.roomQuestions[isAllowed ? "allowed" : "refused"];
    tell(key, isAllowed, std::min<Duration>(ageIn(cacheControl).value_or(m_config.cache), m_config.cache * 10));
}

void RoomWebhookClient::tell(const QString &key, bool isAllowed, Duration keep)
{
    if (m_kept.size() >= kMostKept) {
        m_kept.removeIf([now = m_clock.now()](const auto &entry) { return entry.value().until <= now; });
        if (m_kept.size() >= kMostKept)
            m_kept.clear(); // they can be asked again
    }
    if (keep.count() > 0)
        m_kept.insert(key, {isAllowed, m_clock.now() + keep});
    const Question question = m_questions.take(key);
    for (const Answer &answer : question.answers)
        answer(isAllowed);
}

} // namespace Watchword::Gateway
