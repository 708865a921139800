// SPDX-License-Identifier: Apache-2.0
#include "qmlclient.h"

#include "outcome.h"
#include "watchword/auth/sessiontext.h"

#include <QQmlFile>
#include <QQmlInfo>
#include <QSslCertificate>

static_assert(int(QmlClient::State::Failed) == int(Watchword::Client::State::Failed));
static_assert(int(QmlClient::Storage::MemoryOnly) == int(Watchword::StoragePolicy::MemoryOnly));

static_assert(int(QmlClient::Delivery::AtLeastOnce) == int(Watchword::Connection::Delivery::AtLeastOnce));

using namespace Qt::StringLiterals;
using Watchword::Client;
using Watchword::Connection;
using Watchword::Error;
using Watchword::ErrorCode;

QmlClient::QmlClient(QObject *parent)
    : QObject(parent)
{
    m_nextSecond.setSingleShot(true);
    connect(&m_nextSecond, &QTimer::timeout, this, &QmlClient::countDown);
}

QmlClient::~QmlClient()
{
    m_client.reset(); // while this is still whole: its session tells when it goes
}

template <typename T>
void QmlClient::assign(T &member, const T &value, const char *property)
{
    if (member == value)
        return;
    if (m_client && m_client->state() != Watchword::Client::State::Stopped) {
        qmlWarning(this) << property << " cannot change while the client runs; call stop() first";
        return;
    }
    const bool hadClient = m_client != nullptr;
    m_client.reset();
    member = value;
    Q_EMIT optionsChanged();
    if (hadClient)
        Q_EMIT startedChanged();
}

void QmlClient::setIssuer(const QUrl &issuer)
{
    assign(m_options.issuer, issuer, "issuer");
}

void QmlClient::setClientId(const QString &id)
{
    assign(m_options.clientId, id, "clientId");
}

void QmlClient::setScopes(const QStringList &scopes)
{
    assign(m_options.scopes, scopes, "scopes");
}

void QmlClient::setServer(const QUrl &server)
{
    assign(m_options.server, server, "server");
}

QString QmlClient::origin() const
{
    return QString::fromLatin1(m_options.origin);
}

void QmlClient::setOrigin(const QString &origin)
{
    assign(m_options.origin, origin.toLatin1(), "origin");
}

void QmlClient::setAccount(const QString &account)
{
    assign(m_options.account, account, "account");
}

void QmlClient::setResource(const QUrl &resource)
{
    assign(m_options.resource, resource, "resource");
}

void QmlClient::setRoute(Route route)
{
    assign(m_options.route, Watchword::SignInRoute(route), "route");
}

void QmlClient::setStorage(Storage storage)
{
    assign(m_options.storage, Watchword::StoragePolicy(storage), "storage");
}

void QmlClient::setAdditionalCertificateAuthorities(const QUrl &file)
{
    assign(m_authorities, file, "additionalCertificateAuthorities");
}

void QmlClient::setAutoStart(bool on)
{
    if (m_autoStart == on)
        return;
    m_autoStart = on;
    Q_EMIT optionsChanged();
}

QmlClient::State QmlClient::state() const
{
    return m_client ? State(m_client->state()) : State::Stopped;
}

QString QmlClient::stateText() const
{
    switch (state()) {
    case State::Stopped:
        return tr("Not connected");
    case State::Starting:
        return tr("Restoring your sign-in…");
    case State::SignInNeeded:
        return tr("Please sign in");
    case State::SigningIn:
        return m_client->session().deviceSignIn().isValid() ? tr("Finish signing in on your other device")
                                                            : tr("Finish signing in in your browser");
    case State::Connecting:
        return tr("Connecting…");
    case State::Ready:
        return tr("Connected");
    case State::Waiting:
        return tr("Connection lost");
    case State::Failed:
        return tr("Cannot connect");
    }
    return {};
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
    if (!m_authorities.isEmpty()) {
        const QString file = QQmlFile::urlToLocalFileOrQrc(m_authorities);
        m_options.additionalCertificateAuthorities = QSslCertificate::fromPath(file);
        if (m_options.additionalCertificateAuthorities.isEmpty())
            qmlWarning(this) << "there is no certificate in " << file;
    }
    m_client = std::make_unique<Client>(m_options);
    Client *client = m_client.get();
    connect(client, &Client::stateChanged, this, [this] {
        Q_EMIT stateChanged();
        Q_EMIT sessionReasonChanged();
    });
    connect(client, &Client::lastErrorChanged, this, &QmlClient::errorTextChanged);
    connect(client, &Client::accountNameChanged, this, &QmlClient::accountNameChanged);
    connect(client, &Client::signedInChanged, this, &QmlClient::signedInChanged);
    connect(client, &Client::nextRetryAtChanged, this, &QmlClient::nextRetryAtChanged);
    connect(client, &Client::nextRetryAtChanged, this, &QmlClient::countDown);
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
    connect(session, &Session::deviceSignInChanged, this, &QmlClient::stateChanged); // the text says where
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

// Rounded up, so that it says 1 until the try begins.
void QmlClient::countDown()
{
    const QDateTime at = nextRetryAt();
    const qint64 left = at.isValid() ? std::max<qint64>(0, QDateTime::currentDateTimeUtc().msecsTo(at)) : 0;
    const int seconds = int(std::min<qint64>((left + 999) / 1000, 1'000'000));
    if (seconds > 0)
        m_nextSecond.start(int(left - (seconds - 1) * 1000LL) + 1);
    else
        m_nextSecond.stop();
    if (std::exchange(m_secondsToRetry, seconds) != seconds)
        Q_EMIT secondsToRetryChanged();
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

QString QmlClient::explain() const
{
    return m_client ? m_client->session().explain() + u'\n' + m_client->connection().explain() : QString();
}
