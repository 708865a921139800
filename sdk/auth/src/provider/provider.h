// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "provider/discovery.h"
#include "provider/dpopsigner.h"
#include "provider/httpclient.h"
#include "provider/tokenresponse.h"
#include "signin/authorizationrequest.h"
#include "signin/deviceauthorization.h"
#include "watchword/auth/sessionoptions.h"
#include "watchword/core/testexport.h"
#include "watchword/jose/jwkset.h"

namespace Watchword {

/*!
    One OpenID provider over the network. Its metadata is fetched once and kept, until the token endpoint turns out to be
    elsewhere; a failure is not kept. Callbacks as those of HttpClient.
*/
class WATCHWORD_TEST_EXPORT Provider : public QObject
{
    Q_OBJECT

public:
    Provider(const SessionOptions &options, Clock &clock, QObject *parent = nullptr);
    ~Provider() override;

    void metadata(std::function<void(const Result<ProviderMetadata> &)> callback);
    void keys(std::function<void(const Result<JwkSet> &)> callback);
    //! Is the token endpoint to be had? Fetches the metadata first if needed.
    void probe(std::function<void(const Result<void> &)> callback);
    //! The HTTP of this provider: its connections, deadlines and what it learns about the time.
    HttpClient &http() { return m_http; }

    using Signer = std::shared_ptr<DpopSigner>; //!< Null: no proof of possession.
    using TokenCallback = std::function<void(const TokenAnswer &)>;
    void exchangeCode(const Secret &code, const Secret &verifier, const QUrl &redirect, const Signer &signer,
                      TokenCallback callback);
    void exchangeDeviceCode(const Secret &deviceCode, const Signer &signer, TokenCallback callback);
    void refresh(const Secret &refreshToken, const Signer &signer, TokenCallback callback);
    //! RFC 9126 section 2.1.
    void pushAuthorization(const Parameters &parameters, std::function<void(const Result<PushedRequest> &)> callback);
    //! RFC 8628 section 3.1.
    void authorizeDevice(const Parameters &parameters, std::function<void(const Result<DeviceAuthorization> &)> callback);
    //! RFC 7009; success also when the provider has no such endpoint.
    void revoke(const Secret &refreshToken, std::function<void(const Result<void> &)> callback);

private:
    void fetchMetadata(qsizetype candidate);
    void settleMetadata(const Result<ProviderMetadata> &result);
    struct TokenRequestParts
    {
        QUrl endpoint;
        Secret body;
        AnswerTo asked;
        Signer signer;
        TokenCallback callback;
    };
    struct FormTarget
    {
        QUrl ProviderMetadata::*endpoint;
        qsizetype largestAnswer;
    };
    template <typename Answer, typename Read>
    void postParameters(const FormTarget &target, const Parameters &parameters, Read read,
                        std::function<void(const Result<Answer> &)> callback);
    void postToken(FormBody &form, AnswerTo asked, const Signer &signer, TokenCallback callback);
    void sendToken(const TokenRequestParts &request, bool mayRepeat);

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
