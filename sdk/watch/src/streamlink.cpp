// SPDX-License-Identifier: Apache-2.0
#include "streamlink.h"

#include "watchword/core/log.h"

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kHelloTimeout = 10s;

} // namespace

StreamLink::StreamLink(TokenProvider *tokens, Setup setup, QObject *parent)
    : QObject(parent)
    , m_setup(std::move(setup))
    , m_clock(m_setup.options.clock ? *m_setup.options.clock : Clock::system())
    , m_random(m_setup.options.random ? *m_setup.options.random : RandomSource::system())
    , m_renewal(tokens, m_setup.renewal, m_clock)
    , m_helloAlarm(m_clock)
    , m_retryAlarm(m_clock)
{
    ConnectionOptions &options = m_setup.options;
    options.offerWatchword = false;
    options.makeBeforeBreak = false; // the streams take new tokens in messages of their own
    options.subprotocols = QStringList{m_setup.subprotocol};
    options.url = m_setup.url();
    // The query of the audit stream holds the cursor, which moves on while the link is up.
    options.transport = [this](const ConnectionOptions &base) {
        ConnectionOptions attempt = base;
        attempt.url = m_url = m_setup.url();
        return makeWebSocketTransport(attempt);
    };
    m_connection = std::make_unique<Connection>(tokens, options);
    connect(m_connection.get(), &Connection::stateChanged, this, &StreamLink::onState);
    // Not by the state: sending is only possible from ready() on.
    connect(m_connection.get(), &Connection::ready, this, [this] {
        m_up = true;
        m_helloAlarm.start(kHelloTimeout);
        Q_EMIT up();
    });
    connect(m_connection.get(), &Connection::closed, this, &StreamLink::onClosed);
    connect(m_connection.get(), &Connection::nextRetryAtChanged, this, &StreamLink::nextRetryAtChanged);
    connect(m_connection.get(), &Connection::textReceived, this, [this](const QString &text) {
        if (m_up)
            Q_EMIT textReceived(text);
    });
    connect(m_connection.get(), &Connection::binaryReceived, this, [this] {
        if (m_up)
            fail(Error(ErrorCode::ProtocolViolation, u"the gateway sent a binary message"_s));
    });
    connect(&m_helloAlarm, &Alarm::due, this,
            [this] { fail(Error(ErrorCode::ProtocolViolation, u"the gateway accepted and then said nothing"_s)); });
    connect(&m_retryAlarm, &Alarm::due, this, [this] {
        m_retryAt = {};
        Q_EMIT nextRetryAtChanged();
        m_connection->open();
    });
    connect(&m_renewal, &StreamRenewal::toBeSent, this, &StreamLink::send);
    connect(&m_renewal, &StreamRenewal::failed, this, &StreamLink::renewalFailed);
    connect(&m_renewal, &StreamRenewal::keyChanged, this, [this] {
        leave({Error(ErrorCode::ConnectionLost, u"the renewed token is bound to another key; a new stream begins with it"_s),
               true});
    });
}

StreamLink::~StreamLink()
{
    m_connection->disconnect(this);
}

void StreamLink::open()
{
    m_wanted = true;
    m_violations = 0;
    m_connection->open();
}

void StreamLink::close()
{
    m_wanted = false;
    m_up = false;
    m_leaving.reset();
    m_retryAlarm.cancel();
    m_helloAlarm.cancel();
    m_renewal.end();
    m_connection->close();
}

void StreamLink::retryNow()
{
    if (m_retryAlarm.isActive())
        m_retryAlarm.start(0ms);
    else
        m_connection->retryNow();
}

void StreamLink::send(const QString &text)
{
    const Result<void> sent = m_connection->sendText(text);
    if (!sent)
        qCDebug(logWatch) << "not sent:" << sent.error();
}

void StreamLink::established(std::optional<WallTime> exp)
{
    m_helloAlarm.cancel();
    m_violations = 0;
    m_renewal.begin(m_url, exp);
}

void StreamLink::renewed(std::optional<WallTime> exp, const QByteArray &nonce)
{
    m_renewal.accepted(exp, nonce);
}

void StreamLink::renewalRefused(const RenewalRefusal &refusal)
{
    m_renewal.refused(refusal);
}

void StreamLink::fail(const Error &error)
{
    leave({error, false});
}

void StreamLink::leave(const Leaving &why)
{
    if (m_leaving || !m_wanted)
        return;
    m_leaving = why;
    m_up = false;
    m_helloAlarm.cancel();
    m_renewal.end();
    m_connection->close();
}

void StreamLink::onState(Connection::State state)
{
    if (state == Connection::State::Waiting || state == Connection::State::Connecting) {
        const bool wasUp = std::exchange(m_up, false);
        m_helloAlarm.cancel();
        m_renewal.end();
        if (wasUp || state == Connection::State::Waiting)
            Q_EMIT down(m_connection->lastError());
    }
}

void StreamLink::onClosed(const Error &error)
{
    m_up = false;
    m_helloAlarm.cancel();
    m_renewal.end();
    if (m_leaving && m_wanted) {
        const Leaving leaving = *std::exchange(m_leaving, std::nullopt);
        const Duration wait = leaving.comesBackAtOnce ? 0ms : waitAfterViolation();
        m_retryAt = QDateTime::currentDateTimeUtc().addMSecs(wait.count());
        m_retryAlarm.start(wait);
        Q_EMIT down(leaving.error);
        Q_EMIT nextRetryAtChanged();
        return;
    }
    if (std::exchange(m_wanted, false))
        Q_EMIT ended(error);
}

Duration StreamLink::waitAfterViolation()
{
    if (m_violations++ == 0)
        m_failingSince = m_clock.now();
    return m_setup.options.backoff.delay(m_violations, m_clock.now() - m_failingSince, m_random);
}

QDateTime StreamLink::nextRetryAt() const
{
    return m_retryAlarm.isActive() ? m_retryAt : m_connection->nextRetryAt();
}

QString StreamLink::explain() const
{
    return m_connection->explain();
}

} // namespace Watchword
