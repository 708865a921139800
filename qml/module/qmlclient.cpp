// SPDX-License-Identifier: Apache-2.0
#include "qmlclient.h"

#include <QQmlFile>
#include <QQmlInfo>
#include <QSslCertificate>

static_assert(int(QmlClient::State::Failed) == int(Watchword::Client::State::Failed));
static_assert(int(QmlClient::Storage::Memory) == int(Watchword::ClientStorage::Memory));

QmlClient::QmlClient(QObject *parent)
    : QObject(parent)
{
}

QmlClient::~QmlClient() = default;

template <typename T>
void QmlClient::assign(T &member, const T &value, const char *property)
{
    if (member == value)
        return;
    if (m_client && m_client->state() != Watchword::Client::State::Stopped) {
        qmlWarning(this) << property << " cannot change while the client runs; call stop() first";
        return;
    }
    m_client.reset();
    member = value;
    Q_EMIT optionsChanged();
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

void QmlClient::setStorage(Storage storage)
{
    assign(m_options.storage, Watchword::ClientStorage(storage), "storage");
}

void QmlClient::setCertificateAuthorities(const QUrl &file)
{
    assign(m_authorities, file, "certificateAuthorities");
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
        return tr("Finish signing in in your browser");
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
    if (!m_client || m_client->lastError().code() == Watchword::ErrorCode::Cancelled)
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

QObject *QmlClient::session() const
{
    return m_client ? &m_client->session() : nullptr;
}

QObject *QmlClient::connection() const
{
    return m_client ? &m_client->connection() : nullptr;
}

void QmlClient::componentComplete()
{
    m_complete = true;
    if (m_autoStart)
        start();
}

void QmlClient::start()
{
    if (!m_complete)
        return;
    if (!m_client) {
        if (!m_authorities.isEmpty()) {
            const QString file = QQmlFile::urlToLocalFileOrQrc(m_authorities);
            m_options.certificateAuthorities = QSslCertificate::fromPath(file);
            if (m_options.certificateAuthorities.isEmpty())
                qmlWarning(this) << "there is no certificate in " << file;
        }
        using Watchword::Client;
        m_client = std::make_unique<Client>(m_options);
        Client *client = m_client.get();
        connect(client, &Client::stateChanged, this, &QmlClient::stateChanged);
        connect(client, &Client::lastErrorChanged, this, &QmlClient::errorTextChanged);
        connect(client, &Client::accountNameChanged, this, &QmlClient::accountNameChanged);
        connect(client, &Client::nextRetryAtChanged, this, &QmlClient::nextRetryAtChanged);
        connect(client, &Client::signInNeeded, this,
                [this](const Watchword::Error &reason) { Q_EMIT signInNeeded(reason.remedy()); });
        connect(&client->connection(), &Watchword::Connection::textReceived, this, &QmlClient::messageReceived);
        Q_EMIT startedChanged();
    }
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
