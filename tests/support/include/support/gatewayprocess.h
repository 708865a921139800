// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/process.h"
#include "watchword/jose/signingkey.h"

#include <QJsonObject>
#include <QTemporaryDir>
#include <QThread>
#include <QUrl>

#include <memory>
#include <optional>

namespace Support {

/*!
    The gateway as its users run it: the program with a configuration file, certificates of a throw-away authority and an
    audit database on disk, and beside it an issuer of nothing but keys, in a thread of this process.

    Ports are free ones of the loopback address; start() after stop() or kill() uses the same again.
*/
class GatewayProcess
{
public:
    GatewayProcess();
    ~GatewayProcess();

    //! \a endpoints is TOML: the [[endpoint]] tables, and whatever else. False, with a word on stderr: not possible.
    bool prepare(const QByteArray &endpoints);
    bool start();
    //! Another configuration in place of prepare()'s, by SIGHUP; false if the gateway does not take it.
    bool reload(const QByteArray &endpoints);
    void stop(); //!< SIGTERM, and waits for the end.
    void kill(); //!< SIGKILL
    QProcess &process() { return m_gateway->process(); }

    quint16 port() const { return m_port; }
    QByteArray issuerTable() const; //!< TOML, for another gateway that believes the same tokens.
    QUrl url(const QString &path, quint16 port = 0) const; //!< Of the gateway, or of a front before it.
    QString file(const QString &name) const { return m_folder.filePath(name); } //!< ca.pem, server.pem, server.key ...
    //! An access token for an endpoint that wants the scope "use".
    QByteArray token(const QString &subject, int seconds = 6 * 3600, const QJsonObject &more = {}) const;
    const Watchword::SigningKey &signingKey() const { return *m_key; } //!< Of the issuer; once prepared.
    QByteArray strangersToken(const QString &subject) const; //!< Of the issuer, signed by somebody else.

private:
    bool writeConfiguration(const QByteArray &endpoints);
    QByteArray sign(const Watchword::SigningKey &key, const QString &subject, int seconds, const QJsonObject &more) const;

    QTemporaryDir m_folder;
    std::optional<Watchword::SigningKey> m_key;
    std::optional<Watchword::SigningKey> m_stranger;
    QThread m_issuer;
    QString m_issuerUrl;
    std::unique_ptr<ReadyProcess> m_gateway;
    quint16 m_port = 0;
};

} // namespace Support
