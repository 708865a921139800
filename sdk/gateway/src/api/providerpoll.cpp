// SPDX-License-Identifier: Apache-2.0
#include "api/providerpoll.h"

#include "gate/configfiles.h"
#include "gate/jsonfetch.h"
#include "watchword/core/log.h"
#include "watchword/jose/base64url.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QNetworkReply>
#include <QTimer>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr char kByPoll[] = "urn:ietf:rfc:8936";
constexpr int kMostAtOnce = 100;
constexpr Duration kPollPatience = std::chrono::seconds(30);
constexpr char kCaepEvents[] = "https://schemas.openid.net/secevent/caep/event-type/";

bool isByPoll(const QJsonObject &stream)
{
    return stream.value("delivery"_L1).toObject().value("method"_L1).toString() == QLatin1StringView(kByPoll);
}

} // namespace

ProviderPoll::ProviderPoll(const IssuerConfig &issuer, Clock &clock, Take take)
    : m_issuer(issuer)
    , m_clock(clock)
    , m_take(std::move(take))
    , m_pause(clock)
{
    const IssuerConfig::Events::Poll &poll = *issuer.events->poll;
    m_token = readSecretFile(poll.tokenFile).valueOr({}); // checkFiles() has read it
    m_pollUrl = poll.url;
    m_state = poll.transmitter.isEmpty() ? State::Polling : State::Discovering;
    connect(&m_pause, &Alarm::due, this, &ProviderPoll::step);
}

ProviderPoll::~ProviderPoll() = default;

void ProviderPoll::start()
{
    step();
}

void ProviderPoll::step()
{
    switch (m_state) {
    case State::Discovering:
        return discover();
    case State::SettingUp:
        return setUp();
    case State::Polling:
        return poll();
    }
}

void ProviderPoll::send(const QByteArray &method, const QUrl &url, const QJsonObject &body, Answer answer)
{
    QNetworkRequest request = fetchRequest(url, m_issuer.caFile, kPollPatience);
    QByteArray field = "Bearer ";
    field += m_token.reveal();
    request.setRawHeader("Authorization", field);
    request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/json"_s);
    const QByteArray text = method == "GET" ? QByteArray() : QJsonDocument(body).toJson(QJsonDocument::Compact);
    QNetworkReply *reply = m_network.sendCustomRequest(request, method, text);
    QTimer::singleShot(kPollPatience + std::chrono::seconds(5), reply, [reply] { reply->abort(); });
    awaitBody(reply, this, [reply, answer = std::move(answer)](const Result<FetchedBody> &fetched) {
        const int status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
        const bool isDone = fetched || (status > 200 && status < 300);
        if (!isDone)
            return answer(fetched.error());
        // Several streams come as an array; the first by poll is ours.
        const QJsonDocument json = QJsonDocument::fromJson(fetched ? fetched->body : reply->readAll());
        QJsonObject object = json.object();
        const QJsonArray entries = json.array();
        for (const QJsonValue &entry : entries) {
            if (isByPoll(entry.toObject()) && !isByPoll(object))
                object = entry.toObject();
        }
        answer(object);
    });
}

void ProviderPoll::failed(const Error &error)
{
    if (!std::exchange(m_isFailing, true))
        qCWarning(logGateway).noquote() << "events of" << m_issuer.issuer() << "cannot be fetched:" << error.toString();
    m_pause.start(m_issuer.events->poll->every);
}

void ProviderPoll::discover()
{
    send("GET", m_issuer.events->poll->transmitter, {}, [this](const Result<QJsonObject> &metadata) {
        if (!metadata)
            return failed(metadata.error());
        m_configurationUrl = QUrl(metadata->value("configuration_endpoint"_L1).toString());
        m_verificationUrl = QUrl(metadata->value("verification_endpoint"_L1).toString());
        if (metadata->value("issuer"_L1).toString() != m_issuer.issuer())
            return failed(Error(ErrorCode::WrongIssuer, u"the transmitter is another one's"_s));
        if (!isSafeUrl(m_configurationUrl))
            return failed(Error(ErrorCode::InvalidResponse, u"the transmitter has no safe configuration_endpoint"_s));
        m_state = State::SettingUp;
        step();
    });
}

void ProviderPoll::setUp()
{
    send("GET", m_configurationUrl, {}, [this](const Result<QJsonObject> &streams) {
        if (streams && isByPoll(*streams))
            return streamFound(*streams);
        if (!streams && streams.error().httpStatus() != 404)
            return failed(streams.error());
        const QJsonArray wanted{QLatin1StringView(kCaepEvents) + u"session-revoked"_s,
                                QLatin1StringView(kCaepEvents) + u"credential-change"_s,
                                QLatin1StringView(kCaepEvents) + u"token-claims-change"_s};
        const QJsonObject order{{"delivery"_L1, QJsonObject{{"method"_L1, QLatin1StringView(kByPoll)}}},
                                {"events_requested"_L1, wanted},
                                {"description"_L1, u"Watchword Gateway"_s}};
        send("POST", m_configurationUrl, order, [this](const Result<QJsonObject> &made) {
            if (made)
                streamFound(*made);
            else
                failed(made.error());
        });
    });
}

void ProviderPoll::streamFound(const QJsonObject &stream)
{
    const QUrl url(stream.value("delivery"_L1).toObject().value("endpoint_url"_L1).toString());
    if (!isSafeUrl(url))
        return failed(Error(ErrorCode::InvalidResponse, u"the stream has no safe endpoint_url"_s));
    qCInfo(logGateway).noquote() << "events of" << m_issuer.issuer() << "are fetched from" << url.toString();
    m_pollUrl = url;
    m_state = State::Polling;
    askForVerification(stream.value("stream_id"_L1).toString());
    step();
}

void ProviderPoll::askForVerification(const QString &streamId)
{
    if (!isSafeUrl(m_verificationUrl))
        return;
    m_wantedState = QString::fromLatin1(toBase64Url(Secret::random(16).reveal()));
    send("POST", m_verificationUrl, {{"stream_id"_L1, streamId}, {"state"_L1, m_wantedState}},
         [this](const Result<QJsonObject> &asked) {
             if (!asked)
                 qCWarning(logGateway).noquote() << m_issuer.issuer() << "verifies no stream:" << asked.error().toString();
         });
}

void ProviderPoll::verified(const QString &state)
{
    if (!m_wantedState.isEmpty() && state == m_wantedState) {
        m_wantedState.clear();
        qCInfo(logGateway).noquote() << "the stream of" << m_issuer.issuer() << "is verified";
    }
}

void ProviderPoll::poll()
{
    QJsonObject question{{"maxEvents"_L1, kMostAtOnce}, {"returnImmediately"_L1, true}};
    if (!m_acks.isEmpty())
        question.insert("ack"_L1, m_acks);
    if (!m_errors.isEmpty())
        question.insert("setErrs"_L1, m_errors);
    send("POST", m_pollUrl, question, [this](const Result<QJsonObject> &answer) {
        if (!answer)
            return failed(answer.error()); // what was to be acknowledged is said again
        if (std::exchange(m_isFailing, false))
            qCInfo(logGateway).noquote() << "events of" << m_issuer.issuer() << "can be fetched again";
        m_acks = {};
        m_errors = {};
        take(*answer);
    });
}

void ProviderPoll::take(const QJsonObject &answer)
{
    const QJsonObject sets = answer.value("sets"_L1).toObject();
    m_open = 1; // this loop
    int count = 0;
    for (auto it = sets.begin(); it != sets.end() && count < kMostAtOnce; ++it, ++count) {
        ++m_open;
        m_take(Secret::take(it.value().toString().toLatin1()),
               [this, id = it.key()](const Verdict &verdict) { taken(id, verdict); });
    }
    decided();
}

void ProviderPoll::taken(const QString &id, const Verdict &verdict)
{
    if (verdict.isTaken)
        m_acks.append(id);
    else if (!verdict.comesAgain)
        m_errors.insert(id, QJsonObject{{"err"_L1, verdict.error}, {"description"_L1, verdict.description}});
    decided();
}

void ProviderPoll::decided()
{
    if (--m_open > 0)
        return;
    // What is to be acknowledged does not wait, and brings what else there is.
    const bool isAtOnce = !m_acks.isEmpty() || !m_errors.isEmpty();
    m_pause.start(isAtOnce ? Duration(0) : m_issuer.events->poll->every);
}

} // namespace Watchword::Gateway
