// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/client/clientoptions.h"

#include <QJSValue>
#include <QList>
#include <QObject>
#include <QStringList>
#include <QUrl>
#include <QVariantMap>
#include <qqmlregistration.h>

#include <optional>

/*!
    The options of a Client in QML. Names and meaning are those of Watchword::ClientOptions; what QML cannot say (pins, timeouts,
    queues, a proxy) is set in C++. They are read when the client is started; a change while it runs is refused with a warning.
*/
class QmlClientOptions : public QObject
{
    Q_OBJECT
    QML_ANONYMOUS
    Q_PROPERTY(QUrl issuer READ issuer WRITE setIssuer NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QString clientId READ clientId WRITE setClientId NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QStringList scopes READ scopes WRITE setScopes NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QUrl server READ server WRITE setServer NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QString origin READ origin WRITE setOrigin NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QUrl resource READ resource WRITE setResource NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QString applicationId READ applicationId WRITE setApplicationId NOTIFY optionsChanged FINAL)
    Q_PROPERTY(Storage storage READ storage WRITE setStorage NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QString storageFolder READ storageFolder WRITE setStorageFolder NOTIFY optionsChanged FINAL)
    Q_PROPERTY(
        QUrl certificateAuthorities READ certificateAuthorities WRITE setCertificateAuthorities NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QUrl additionalCertificateAuthorities READ additionalCertificateAuthorities WRITE
                   setAdditionalCertificateAuthorities NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QJSValue openBrowser READ openBrowser WRITE setOpenBrowser NOTIFY optionsChanged FINAL)
    Q_PROPERTY(Route route READ route WRITE setRoute NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QUrl privateUseRedirect READ privateUseRedirect WRITE setPrivateUseRedirect NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QList<int> redirectPorts READ redirectPorts WRITE setRedirectPorts NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QString redirectPath READ redirectPath WRITE setRedirectPath NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QString loginHint READ loginHint WRITE setLoginHint NOTIFY optionsChanged FINAL)
    Q_PROPERTY(QVariantMap extraParameters READ extraParameters WRITE setExtraParameters NOTIFY optionsChanged FINAL)
    Q_PROPERTY(
        PushedAuthorization pushedAuthorization READ pushedAuthorization WRITE setPushedAuthorization NOTIFY optionsChanged FINAL)
    Q_PROPERTY(int signInTimeout READ signInTimeout WRITE setSignInTimeout NOTIFY optionsChanged FINAL)
    Q_PROPERTY(TokenBinding tokenBinding READ tokenBinding WRITE setTokenBinding NOTIFY optionsChanged FINAL)
    Q_PROPERTY(bool lifetimeFromJwt READ lifetimeFromJwt WRITE setLifetimeFromJwt NOTIFY optionsChanged FINAL)
    Q_PROPERTY(bool allowLoopbackHttp READ allowLoopbackHttp WRITE setAllowLoopbackHttp NOTIFY optionsChanged FINAL)

public:
    enum class Storage { Keychain, KeychainOrMemory, EncryptedFile, MemoryOnly };
    Q_ENUM(Storage) //!< As Watchword::StoragePolicy. EncryptedFile asks by passphraseNeeded().
    enum class Route { Automatic, Browser, PrivateUseScheme, Device };
    Q_ENUM(Route) //!< As Watchword::SignInRoute.
    enum class PushedAuthorization { WhenRequired, WhenOffered, Always };
    Q_ENUM(PushedAuthorization) //!< As Watchword::PushedAuthorization.
    enum class TokenBinding { None, WhenOffered, Required };
    Q_ENUM(TokenBinding) //!< As Watchword::TokenBinding.

    QUrl issuer() const { return m_options.issuer; }
    void setIssuer(const QUrl &issuer) { assign(m_options.issuer, issuer, "issuer"); }
    QString clientId() const { return m_options.clientId; }
    void setClientId(const QString &id) { assign(m_options.clientId, id, "clientId"); }
    QStringList scopes() const { return m_options.scopes; }
    void setScopes(const QStringList &scopes) { assign(m_options.scopes, scopes, "scopes"); }
    QUrl server() const { return m_options.server; }
    void setServer(const QUrl &server) { assign(m_options.server, server, "server"); }
    QString origin() const { return QString::fromLatin1(m_options.origin); }
    void setOrigin(const QString &origin) { assign(m_options.origin, origin.toLatin1(), "origin"); }
    QUrl resource() const { return m_options.resource; } //!< RFC 8707.
    void setResource(const QUrl &resource) { assign(m_options.resource, resource, "resource"); }
    QString applicationId() const { return m_options.applicationId; }
    void setApplicationId(const QString &id) { assign(m_options.applicationId, id, "applicationId"); }
    Storage storage() const { return Storage(m_options.storage); }
    void setStorage(Storage storage) { assign(m_options.storage, Watchword::StoragePolicy(storage), "storage"); }
    QString storageFolder() const { return m_options.storageFolder; }
    void setStorageFolder(const QString &folder) { assign(m_options.storageFolder, folder, "storageFolder"); }
    QUrl certificateAuthorities() const { return m_only; } //!< A PEM file: only these are trusted.
    void setCertificateAuthorities(const QUrl &file) { assign(m_only, file, "certificateAuthorities"); }
    QUrl additionalCertificateAuthorities() const { return m_additional; } //!< A PEM file: trusted beside them or the system's.
    void setAdditionalCertificateAuthorities(const QUrl &file) { assign(m_additional, file, "additionalCertificateAuthorities"); }
    QJSValue openBrowser() const { return m_openBrowser; } //!< function(url): true if the page is shown; undefined: the system's.
    void setOpenBrowser(const QJSValue &function);
    Route route() const { return Route(m_options.route); } //!< How a person signs in.
    void setRoute(Route route) { assign(m_options.route, Watchword::SignInRoute(route), "route"); }
    QUrl privateUseRedirect() const { return m_options.privateUseRedirect; }
    void setPrivateUseRedirect(const QUrl &url) { assign(m_options.privateUseRedirect, url, "privateUseRedirect"); }
    QList<int> redirectPorts() const { return {m_options.redirectPorts.cbegin(), m_options.redirectPorts.cend()}; }
    void setRedirectPorts(const QList<int> &ports);
    QString redirectPath() const { return m_options.redirectPath; }
    void setRedirectPath(const QString &path) { assign(m_options.redirectPath, path, "redirectPath"); }
    QString loginHint() const { return m_options.loginHint; }
    void setLoginHint(const QString &hint) { assign(m_options.loginHint, hint, "loginHint"); }
    QVariantMap extraParameters() const; //!< Of the authorization request, by name.
    void setExtraParameters(const QVariantMap &parameters);
    PushedAuthorization pushedAuthorization() const { return PushedAuthorization(m_options.pushedAuthorization); }
    void setPushedAuthorization(PushedAuthorization when)
    {
        assign(m_options.pushedAuthorization, Watchword::PushedAuthorization(when), "pushedAuthorization");
    }
    int signInTimeout() const { return int(m_options.signInTimeout.count()); } //!< Seconds.
    void setSignInTimeout(int seconds) { assign(m_options.signInTimeout, std::chrono::seconds(seconds), "signInTimeout"); }
    TokenBinding tokenBinding() const { return TokenBinding(m_options.tokenBinding); }
    void setTokenBinding(TokenBinding binding)
    {
        assign(m_options.tokenBinding, Watchword::TokenBinding(binding), "tokenBinding");
    }
    bool lifetimeFromJwt() const { return m_options.lifetimeFromJwt; }
    void setLifetimeFromJwt(bool on) { assign(m_options.lifetimeFromJwt, on, "lifetimeFromJwt"); }
    bool allowLoopbackHttp() const { return m_options.allowLoopbackHttp; }
    void setAllowLoopbackHttp(bool on) { assign(m_options.allowLoopbackHttp, on, "allowLoopbackHttp"); }

public Q_SLOTS:
    void answerPassphrase(const QString &passphrase); //!< After passphraseNeeded(). It is not kept.
    void refusePassphrase(); //!< The person did not give one: the session waits, and asks again by retryKeychain().

Q_SIGNALS:
    void optionsChanged();
    //! With EncryptedFile. \a isNew: the person chooses one, ask twice; \a wasWrong: the last answer did not open the file.
    void passphraseNeeded(bool isNew, bool wasWrong);

protected:
    using QObject::QObject;
    virtual bool mayChange(const char *property) = 0; //!< False, and a warning, while the client runs.
    virtual void changed() = 0;
    Watchword::ClientOptions readOptions(); //!< With the files read and the functions bound.

    template <typename T>
    void assign(T &member, const T &value, const char *property)
    {
        if (member == value || !mayChange(property))
            return;
        member = value;
        changed();
    }

    Watchword::ClientOptions m_options;

private:
    QList<QSslCertificate> readAuthorities(const QUrl &file);
    void answer(const Watchword::Result<Watchword::Secret> &passphrase);

    QUrl m_only;
    QUrl m_additional;
    QJSValue m_openBrowser;
    std::shared_ptr<QPromise<Watchword::Result<Watchword::Secret>>> m_passphrase; // that is waited for
};
