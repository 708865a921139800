// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/secret.h"
#include "watchword/gateway/gatewayconfig.h"
#include "watchword/jose/jwkset.h"

#include <QNetworkAccessManager>
#include <QObject>

#include <functional>
#include <memory>

QT_FORWARD_DECLARE_CLASS(QNetworkReply)

namespace Watchword::Gateway {

/*!
    What the gateway knows about one configured issuer that runs elsewhere: its discovery document (OpenID Connect
    Discovery section 4), its keys (fetched when KeyCache says so) and its introspection endpoint.

    The only URLs that are ever asked are the configured one and those of its discovery document, and where these two redirect to:
    three times at most, and never to a less safe address.
    Every answer comes asynchronously, once; Offline and its likes when the issuer cannot be reached within
    kPatience. Destruction answers all that wait with Cancelled.

    Threads: one. Ownership: borrows the clock.
*/
class RemoteIssuer : public QObject
{
    Q_OBJECT

public:
    static constexpr Duration kPatience = std::chrono::seconds(5);
    using KeysAnswer = std::function<void(const Result<JwkSet> &)>;
    using JsonAnswer = std::function<void(const Result<QJsonObject> &)>;

    RemoteIssuer(const IssuerConfig &config, Clock &clock, QObject *parent = nullptr);
    ~RemoteIssuer() override;

    const IssuerConfig &config() const;
    void requestKeys(const QString &keyId, KeysAnswer answer);
    //! RFC 7662: asks about \a token; the answer is the JSON object, active or not.
    void introspect(const Secret &token, JsonAnswer answer);
    void warmUp(); //!< Fetches the keys before anybody waits for them.
    bool hasKeys() const;
    quint64
    keyGeneration() const; //!< Another one when a fetch brought other keys: what the old ones proved is not proved any more.

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword::Gateway
