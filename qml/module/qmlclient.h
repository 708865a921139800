// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/session.h"
#include "watchword/client/client.h"

#include <QDateTime>
#include <QQmlParserStatus>
#include <QStringList>
#include <QUrl>
#include <qqmlregistration.h>

#include <memory>

/*!
    `Client` in QML: one person signed in and one connection that heals, as a declaration.

        Client { id: orders; issuer: "https://login.example.com"; clientId: "orders-desktop"
                 server: "wss://orders.example.com/v1/stream"; onMessageReceived: (message) => console.log(message.length) }

    The properties that describe the service are read once, when the declaration is complete or start() is called; later
    changes are refused with a warning until stop(). With autoStart, which is the default, it starts by itself. A person
    is only asked to sign in by signInNeeded(); call signIn() there or behind a button.

    Threads: the QML engine's. No property or signal carries a token.
*/
class QmlClient : public QObject, public QQmlParserStatus
{
    Q_OBJECT
    Q_INTERFACES(QQmlParserStatus)
    QML_NAMED_ELEMENT(Client)
    Q_PROPERTY(QUrl issuer READ issuer WRITE setIssuer NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QString clientId READ clientId WRITE setClientId NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QStringList scopes READ scopes WRITE setScopes NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QUrl server READ server WRITE setServer NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QString origin READ origin WRITE setOrigin NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QString account READ account WRITE setAccount NOTIFY optionsChanged FINAL)
    Q_PROPERTY(Storage storage READ storage WRITE setStorage NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QUrl certificateAuthorities READ certificateAuthorities WRITE setCertificateAuthorities NOTIFY optionsChanged
                   FINAL)
    Q_PROPERTY(bool autoStart READ autoStart WRITE setAutoStart NOTIFY optionsChanged FINAL)
    Q_PROPERTY(State state READ state NOTIFY stateChanged FINAL)
    Q_PROPERTY(QString stateText READ stateText NOTIFY stateChanged FINAL)
    Q_PROPERTY(QString errorText READ errorText NOTIFY errorTextChanged FINAL)
    Q_PROPERTY(QString accountName READ accountName NOTIFY accountNameChanged FINAL)
    Q_PROPERTY(QDateTime nextRetryAt READ nextRetryAt NOTIFY nextRetryAtChanged FINAL)
    Q_PROPERTY(QObject *session READ session NOTIFY startedChanged FINAL)
    Q_PROPERTY(QObject *connection READ connection NOTIFY startedChanged FINAL)

public:
    enum class State { Stopped, Starting, SignInNeeded, SigningIn, Connecting, Ready, Waiting, Failed };
    Q_ENUM(State) //!< As Watchword::Client::State.
    enum class Storage { Keychain, KeychainOrMemory, Memory };
    Q_ENUM(Storage) //!< As Watchword::ClientStorage.

    explicit QmlClient(QObject *parent = nullptr);
    ~QmlClient() override;

    QUrl issuer() const { return m_options.issuer; }
    void setIssuer(const QUrl &issuer);
    QString clientId() const { return m_options.clientId; }
    void setClientId(const QString &id);
    QStringList scopes() const { return m_options.scopes; }
    void setScopes(const QStringList &scopes);
    QUrl server() const { return m_options.server; }
    void setServer(const QUrl &server);
    QString origin() const;
    void setOrigin(const QString &origin);
    QString account() const { return m_options.account; }
    void setAccount(const QString &account);
    Storage storage() const { return Storage(m_options.storage); }
    void setStorage(Storage storage);
    QUrl certificateAuthorities() const { return m_authorities; } //!< A PEM file, trusted beside the system's.
    void setCertificateAuthorities(const QUrl &file);
    bool autoStart() const { return m_autoStart; }
    void setAutoStart(bool on);

    State state() const;
    QString stateText() const; //!< One sentence for people, translated.
    QString errorText() const; //!< What went wrong last and what to do, in English; empty while all is well.
    QString accountName() const;
    QDateTime nextRetryAt() const;
    QObject *session() const; //!< The Watchword:: class of that name; null before start().
    QObject *connection() const; //!< The Watchword:: class of that name; null before start().

    void classBegin() override { }
    void componentComplete() override;

public Q_SLOTS:
    void start();
    void stop();
    void signIn();
    void cancelSignIn();
    void signOut();
    void retryNow();
    bool send(const QString &message); //!< False if it could not be sent; errorText says why.

Q_SIGNALS:
    void signInNeeded(const QString &reason);
    void messageReceived(const QString &message); //!< Binary messages are not shown in QML.
    void optionsChanged();
    void startedChanged();
    void stateChanged();
    void errorTextChanged();
    void accountNameChanged();
    void nextRetryAtChanged();

private:
    template <typename T>
    void assign(T &member, const T &value, const char *property);

    Watchword::ClientOptions m_options;
    QUrl m_authorities;
    bool m_autoStart = true;
    bool m_complete = false;
    std::unique_ptr<Watchword::Client> m_client;
};
