// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "learn/lesson.h"
#include "watchword/core/result.h"
#include "watchword/core/secret.h"
#include "watchword/jose/jwkset.h"
#include "watchword/jose/signingkey.h"

#include <QSslConfiguration>
#include <QTcpServer>
#include <QTemporaryDir>
#include <QUrl>

#include <optional>

namespace Watchword::Tool {

/*!
    A small WebSocket server behind TLS on a free port of this machine, with one flaw or none. It is there to be examined, and
    stands in the place of whatever a team has; it answers at one path, and what is sent to it goes nowhere.

    Life: one for a lesson. open(), then mend() when the flaw is to go; what is connected then stays so. Its certificate is by an
    authority of its own, in a folder that goes with the object.
    Threads: that of its creator, with an event loop. Destruction ends all connections.
*/
class LessonServer : public QTcpServer
{
    Q_OBJECT

public:
    static constexpr int kMostConnections = 64;

    explicit LessonServer(Setting flaw, QObject *parent = nullptr);

    Result<void> open(); //!< StorageFailed, or what listening fails with.
    void mend(); //!< The flaw goes; for connections from now on.

    QUrl url() const;
    QString authorityFile() const { return m_authorityFile; } //!< PEM
    Secret token() const; //!< One that is let in, for five minutes.
    const SigningKey &signingKey() const { return m_key; } //!< Of its issuer, which exists for the lesson only.
    static QString allowedOrigin();

    bool has(Setting setting) const { return m_flaw == setting; } //!< Whether it has that flaw.
    const JwkSet &keys() const { return m_keys; }
    const QSslConfiguration &tls() const { return m_tls; }

protected:
    void incomingConnection(qintptr descriptor) override;

private:
    std::optional<Setting> m_flaw;
    QTemporaryDir m_folder;
    QString m_authorityFile;
    QSslConfiguration m_tls;
    SigningKey m_key;
    JwkSet m_keys;
    int m_connections = 0;
};

} // namespace Watchword::Tool
