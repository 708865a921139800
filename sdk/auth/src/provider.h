// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "discovery.h"
#include "httpclient.h"
#include "tokenresponse.h"
#include "watchword/auth/sessionoptions.h"
#include "watchword/jose/jwkset.h"

namespace Watchword {

/*!
    One OpenID provider over the network. Its metadata is fetched once and kept; a failure is not kept. Callbacks as those
    of HttpClient.
*/
class Provider : public QObject
{
    Q_OBJECT

public:
    Provider(const SessionOptions &options, Clock &clock, QObject *parent = nullptr);
    ~Provider() override;

    void metadata(std::function<void(const Result<ProviderMetadata> &)> callback);
    void keys(std::function<void(const Result<JwkSet> &)> callback);
    //! Is the token endpoint to be had? Fetches the metadata first if needed.
    void probe(std::function<void(const Result<void> &)> callback);
    void exchangeCode(const Secret &code, const Secret &verifier, const QUrl &redirect,
                      std::function<void(const TokenAnswer &)> callback);
    void refresh(const Secret &refreshToken, std::function<void(const TokenAnswer &)> callback);
    //! RFC 7009; success also when the provider has no such endpoint.
    void revoke(const Secret &refreshToken, std::function<void(const Result<void> &)> callback);

private:
    void fetchMetadata(qsizetype candidate);
    void settleMetadata(const Result<ProviderMetadata> &result);
    void postToken(FormBody &form, std::function<void(const TokenAnswer &)> callback);

    QUrl m_issuer;
    QString m_clientId;
    QUrl m_resource;
    bool m_allowLoopbackHttp;
    HttpClient m_http;
    std::optional<ProviderMetadata> m_metadata;
    std::optional<Error> m_metadataError; // the most telling failure of the running round
    QList<std::function<void(const Result<ProviderMetadata> &)>> m_waiting;
};

} // namespace Watchword
