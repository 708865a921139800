// SPDX-License-Identifier: Apache-2.0
#include "fleetmember.h"

#include "watchword/auth/session.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr int kBurst = 400; // far above what an endpoint allows in a second

ClientOptions optionsOf(int number, bool inRoom, FleetMember::Manner manner, const FleetPlan &plan)
{
    ClientOptions options;
    options.issuer = plan.issuer;
    options.clientId = plan.clientId;
    options.scopes = plan.scopes;
    options.resource = QUrl(plan.audience);
    options.server = plan.gateway;
    options.server.setPath(inRoom ? plan.roomPath : plan.echoPath);
    options.origin = manner == FleetMember::Manner::WrongOrigin ? QByteArray("https://evil.example") : plan.origin;
    options.account = u"fleet-%1"_s.arg(number);
    options.applicationId = u"watchword-fleet"_s;
    options.storage = StoragePolicy::MemoryOnly;
    options.additionalCertificateAuthorities = plan.authorities;
    // Each stands for a program on a machine of its own.
    options.connection.budget = std::make_shared<ConnectBudget>();
    return options;
}

} // namespace

Result<FleetPlan> FleetPlan::fromJson(const QByteArray &line)
{
    const QJsonObject json = QJsonDocument::fromJson(line).object();
    FleetPlan plan;
    plan.gateway = QUrl(json.value("gateway"_L1).toString());
    plan.issuer = QUrl(json.value("issuer"_L1).toString());
    plan.clientId = json.value("client_id"_L1).toString();
    plan.audience = json.value("audience"_L1).toString();
    plan.origin = json.value("origin"_L1).toString().toUtf8();
    const QJsonArray scopes = json.value("scopes"_L1).toArray();
    for (const QJsonValue &scope : scopes)
        plan.scopes.append(scope.toString());
    const QJsonArray users = json.value("users"_L1).toArray();
    for (const QJsonValue &user : users) {
        if (user.toObject().value("operator"_L1).toBool())
            continue; // is for the person at the Monitor
        plan.users.append({user.toObject().value("name"_L1).toString(),
                           Secret::take(user.toObject().value("password"_L1).toString().toUtf8())});
    }
    const QJsonObject endpoints = json.value("endpoints"_L1).toObject();
    plan.echoPath = endpoints.value("echo"_L1).toString();
    plan.roomPath = endpoints.value("room"_L1).toString(plan.echoPath);
    if (plan.gateway.host().isEmpty() || plan.issuer.host().isEmpty() || plan.users.isEmpty() || plan.echoPath.isEmpty()) {
        return Error(ErrorCode::ConfigInvalid, u"this is not the line that \"watchword-gateway --demo\" prints"_s);
    }
    return plan;
}

FleetMember::FleetMember(int number, Manner manner, const FleetPlan &plan, FleetCounts &counts, RandomSource &random,
                         QObject *parent)
    : QObject(parent)
    , m_number(number)
    , m_manner(manner)
    , m_plan(plan)
    , m_counts(counts)
    , m_random(random)
    , m_inRoom(number % 3 == 0)
    , m_browser(plan.users.at(number % plan.users.size()).first,
                manner == Manner::WrongPassword ? Secret::copy("not the password")
                                                : plan.users.at(number % plan.users.size()).second,
                plan.authorities)
{
    ClientOptions options = optionsOf(number, m_inRoom, manner, plan);
    options.openBrowser = [this](const QUrl &url) {
        m_browser.open(url);
        return true;
    };
    m_client = std::make_unique<Client>(options);
    m_next.setSingleShot(true);
    connect(&m_next, &QTimer::timeout, this, &FleetMember::act);
    connect(m_client.get(), &Client::signInNeeded, this, [this] {
        if (!m_ended)
            m_client->signIn();
    });
    connect(m_client.get(), &Client::signedInChanged, this, [this] { m_counts.signIns += isSignedIn() ? 1 : 0; });
    connect(m_client.get(), &Client::ready, this, &FleetMember::onReady);
    connect(m_client.get(), &Client::messageReceived, this, [this] { ++m_counts.received; });
    connect(&m_client->connection(), &Connection::frameReceived, this, [this] { ++m_counts.received; });
    connect(m_client.get(), &Client::errorOccurred, this, &FleetMember::onError);
    connect(&m_browser, &LoginBrowser::refused, this, [this] {
        ++m_counts.signInsRefused;
        m_client->cancelSignIn();
        m_next.start(between(30s, 90s));
    });
    connect(&m_browser, &LoginBrowser::failed, this, [this] {
        ++m_counts.errors[u"BrowserFailed"_s];
        m_client->cancelSignIn();
        m_next.start(between(10s, 30s));
    });
}

void FleetMember::begin()
{
    m_client->start();
}

void FleetMember::end()
{
    m_ended = true;
    m_next.stop();
    m_client->stop();
    if (m_stale)
        m_stale->close();
}

std::chrono::milliseconds FleetMember::between(std::chrono::milliseconds from, std::chrono::milliseconds to)
{
    return from + std::chrono::milliseconds(qint64(m_random.nextUnit() * double((to - from).count())));
}

void FleetMember::onReady()
{
    if (m_inRoom)
        (void)m_client->connection().sendFrame(Frame(QString::fromLatin1(FrameType::Subscribe), {{"room"_L1, u"lobby"_s}}));
    if (m_manner == Manner::ExpiredToken && !m_expired)
        keepForLater();
    m_next.start(between(500ms, 5s));
}

void FleetMember::onError(const Error &error)
{
    ++m_counts.errors[error.codeName()];
    // What a real application leaves to a person, the fleet tries again after a while.
    if (!m_ended && !m_next.isActive())
        m_next.start(between(20s, 60s));
}

void FleetMember::act()
{
    if (m_ended)
        return;
    const Client::State state = m_client->state();
    if (state == Client::State::Stopped || state == Client::State::Failed) {
        m_counts.returns += state == Client::State::Stopped ? 1 : 0;
        m_client->start();
        m_next.start(between(20s, 60s));
    } else if (state == Client::State::SignInNeeded) {
        m_client->signIn();
        m_next.start(between(30s, 60s));
    } else if (state != Client::State::Ready) {
        m_next.start(between(5s, 15s));
    } else if (m_random.nextUnit() < 0.02) {
        drop();
    } else {
        talk();
        // A third of the pauses are long: idle connections are part of the picture.
        m_next.start(m_random.nextUnit() < 0.3 ? between(5s, 30s) : between(300ms, 3s));
    }
}

void FleetMember::talk()
{
    const int count = m_manner == Manner::Talkative && m_random.nextUnit() < 0.05 ? kBurst : 1;
    for (int i = 0; i < count; ++i) {
        const QByteArray text = "hello " + QByteArray::number(qulonglong(++m_counts.sent));
        if (m_inRoom) {
            (void)m_client->connection().sendFrame(
                Frame(QString::fromLatin1(FrameType::Publish), {{"room"_L1, u"lobby"_s}}, text));
        } else {
            (void)m_client->send(text);
        }
    }
}

void FleetMember::drop()
{
    ++m_counts.drops;
    m_client->stop();
    m_next.start(between(5s, 20s));
}

void FleetMember::keepForLater()
{
    const Result<AccessToken> token = m_client->session().currentToken();
    if (!token || !token->expiresAt)
        return;
    m_expired = std::make_unique<FixedTokenProvider>(*token);
    const Duration until = *token->expiresAt - Clock::system().wallNow() + 15s;
    QTimer::singleShot(std::max<Duration>(until, 1s), this, &FleetMember::useExpired);
}

void FleetMember::useExpired()
{
    if (m_ended)
        return;
    ConnectionOptions options;
    options.url = m_client->options().server;
    options.origin = m_plan.origin;
    options.additionalCertificateAuthorities = m_plan.authorities;
    options.budget = m_client->options().connection.budget;
    m_stale = std::make_unique<Connection>(m_expired.get(), options);
    connect(m_stale.get(), &Connection::closed, this, [this](const Error &error) { ++m_counts.errors[error.codeName()]; });
    m_stale->open();
    QTimer::singleShot(between(30s, 90s), this, &FleetMember::useExpired);
}

} // namespace Watchword::Tool
