// SPDX-License-Identifier: Apache-2.0
#include "qmlclient.h"

#include "outcome.h"
#include "watchword/auth/sessiontext.h"

#include <QQmlInfo>

static_assert(int(QmlClient::State::Failed) == int(Watchword::Client::State::Failed));
static_assert(int(QmlClient::Delivery::AtLeastOnce) == int(Watchword::Connection::Delivery::AtLeastOnce));

using namespace Qt::StringLiterals;
using Watchword::Client;
using Watchword::Connection;
using Watchword::Error;
using Watchword::ErrorCode;

QmlClient::QmlClient(QObject *parent)
    : QmlClientOptions(parent)
{
}

QmlClient::~QmlClient()
{
    m_client.reset(); // while this is still whole: its session tells when it goes
}

bool QmlClient::mayChange(const char *property)
{
    if (!m_client || m_client->state() == Client::State::Stopped)
        return true;
    qmlWarning(this) << property << " cannot change while the client runs; call stop() first";
    return false;
}

void QmlClient::changed()
{
    const bool hadClient = m_client != nullptr;
    m_client.reset();
    Q_EMIT optionsChanged();
    if (hadClient)
        Q_EMIT startedChanged();
    Q_EMIT accountsChanged();
}

void QmlClient::setAccount(const QString &account)
{
    if (m_options.account == account)
        return;
    if (account.isEmpty()) {
        qmlWarning(this) << "an account needs a name";
        return;
    }
    m_options.account = account;
    if (!m_client) {
        Q_EMIT accountChanged();
    } else if (const Watchword::Result<void> done = m_client->setAccount(account); !done) { // else it tells
        qmlWarning(this) << done.error().toString();
    }
}

QVariantList QmlClient::accounts() const
{
    const auto all = m_client ? m_client->accounts() : QList<Watchword::StoredAccount>();
    QVariantList list;
    for (const Watchword::StoredAccount &one : all)
        list += QVariant::fromValue(one);
    return list;
}

void QmlClient::setAutoStart(bool on)
{
    if (m_autoStart == on)
        return;
    m_autoStart = on;
    Q_EMIT autoStartChanged();
}

QmlClient::State QmlClient::state() const
{
    return m_client ? State(m_client->state()) : State::Stopped;
}

QString QmlClient::stateText() const
{
    return m_client ? m_client->stateText() : Client::tr("Not connected");
}

QString QmlClient::suggestedAction() const
{
    return m_client ? m_client->suggestedAction() : QString();
}

int QmlClient::secondsToRetry() const
{
    return m_client ? m_client->secondsToRetry() : 0;
}

QString QmlClient::errorText() const
{
    if (!m_client || m_client->lastError().code() == ErrorCode::Cancelled)
        return {};
    return m_client->lastError().remedy();
}

QString QmlClient::accountName() const
{
    return m_client ? m_client->accountName() : QString();
}

QDateTime QmlClient::nextRetryAt() const
{
    return m_client ? m_client->nextRetryAt() : QDateTime();
}

bool QmlClient::isSignedIn() const
{
    return m_client && m_client->isSignedIn();
}

QString QmlClient::sessionReason() const
{
    if (!m_client)
        return {};
    const Error reason = m_client->session().stateReason();
    const bool isEmpty = reason.code() == ErrorCode::Internal && reason.detail().isEmpty();
    if (isEmpty && state() != State::SignInNeeded)
        return {};
    return Watchword::SessionText::ofReason(isEmpty ? m_client->lastError().code() : reason.code());
}

LinkMetrics QmlClient::metrics() const
{
    return m_client ? m_client->connection().metrics() : LinkMetrics();
}

QObject *QmlClient::session() const
{
    return m_client ? &m_client->session() : nullptr;
}

QObject *QmlClient::connection() const
{
    return link();
}

Connection *QmlClient::link() const
{
    return m_client ? &m_client->connection() : nullptr;
}

void QmlClient::componentComplete()
{
    m_complete = true;
    if (m_autoStart)
        start();
}

void QmlClient::makeClient()
{
    m_client = std::make_unique<Client>(readOptions());
    Client *client = m_client.get();
    connect(client, &Client::stateChanged, this, [this] {
        Q_EMIT stateChanged();
        Q_EMIT sessionReasonChanged();
    });
    connect(client, &Client::stateTextChanged, this, &QmlClient::stateTextChanged);
    connect(client, &Client::accountsChanged, this, &QmlClient::accountsChanged);
    connect(client, &Client::accountChanged, this, [this] {
        setSignInProblem({});
        watchSession();
        watchLink();
        Q_EMIT accountChanged();
        Q_EMIT startedChanged();
        Q_EMIT sessionReasonChanged();
    });
    connect(client, &Client::lastErrorChanged, this, &QmlClient::errorTextChanged);
    connect(client, &Client::accountNameChanged, this, &QmlClient::accountNameChanged);
    connect(client, &Client::signedInChanged, this, &QmlClient::signedInChanged);
    connect(client, &Client::nextRetryAtChanged, this, &QmlClient::nextRetryAtChanged);
    connect(client, &Client::secondsToRetryChanged, this, &QmlClient::secondsToRetryChanged);
    connect(client, &Client::signInNeeded, this, [this](const Error &reason) { Q_EMIT signInNeeded(reason.remedy()); });
    watchSession();
    watchLink();
    Q_EMIT startedChanged();
    Q_EMIT sessionReasonChanged();
}

void QmlClient::watchSession()
{
    using Watchword::Session;
    Session *session = &m_client->session();
    connect(session, &Session::stateChanged, this, [this](Session::State state) {
        if (state == Session::State::SigningIn)
            setSignInProblem({});
        Q_EMIT sessionReasonChanged();
    });
    connect(session, &Session::signedIn, this, [this] { setSignInProblem({}); });
    connect(session, &Session::signInFailed, this, [this](const Error &error) {
        const bool wanted = error.code() == ErrorCode::Cancelled;
        setSignInProblem(wanted ? QString() : Watchword::SessionText::ofReason(error.code()));
    });
}

void QmlClient::watchLink()
{
    Connection *connection = link();
    connect(connection, &Connection::textReceived, this, &QmlClient::messageReceived);
    connect(connection, &Connection::metricsChanged, this, &QmlClient::metricsChanged);
}

void QmlClient::setSignInProblem(const QString &text)
{
    if (std::exchange(m_signInProblem, text) != text)
        Q_EMIT signInProblemChanged();
}

void QmlClient::start()
{
    if (!m_complete)
        return;
    if (!m_client)
        makeClient();
    m_client->start();
}

void QmlClient::stop()
{
    if (m_client)
        m_client->stop();
}

void QmlClient::signIn()
{
    start();
    if (m_client)
        m_client->signIn();
}

void QmlClient::cancelSignIn()
{
    if (m_client)
        m_client->cancelSignIn();
}

void QmlClient::signOut()
{
    if (m_client)
        m_client->signOut();
}

void QmlClient::retryNow()
{
    if (m_client)
        m_client->retryNow();
}

bool QmlClient::send(const QString &message)
{
    return m_client && m_client->send(message.toUtf8()).isOk();
}

void QmlClient::deliver(const QString &message, const QJSValue &options, const QJSValue &callback)
{
    const bool isShort = options.isCallable();
    const Watchword::Result<Watchword::DeliveryOptions> read = readDeliveryOptions(isShort ? QJSValue() : options);
    QFuture<Watchword::Result<void>> done;
    if (!m_client)
        done = Outcome::failed<void>(Error(ErrorCode::WrongState, u"deliver() before start()"_s));
    else if (!read)
        done = Outcome::failed<void>(read.error());
    else
        done = m_client->deliver(message.toUtf8(), *read);
    Outcome::tell(this, done, isShort ? options : callback);
}

void QmlClient::request(const QString &operation, const QJSValue &payload, int timeoutMs, const QJSValue &callback)
{
    const QFuture<Watchword::Result<QByteArray>> done = m_client
        ? m_client->connection().request(operation, readPayload(payload), Watchword::Duration(timeoutMs))
        : Outcome::failed<QByteArray>(Error(ErrorCode::WrongState, u"request() before start()"_s));
    Outcome::tell(this, done, callback);
}

bool QmlClient::handleRedirect(const QUrl &url)
{
    return m_client && m_client->session().handleRedirect(url);
}

QString QmlClient::explain() const
{
    return m_client ? m_client->session().explain() + u'\n' + m_client->connection().explain() : QString();
}
