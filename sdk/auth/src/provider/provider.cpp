// SPDX-License-Identifier: Apache-2.0
#include "provider/provider.h"

#include "watchword/core/log.h"

#include <QJsonDocument>
#include <QJsonObject>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

bool demandsNonce(const HttpOutcome &outcome)
{
    return (outcome.status == 400 || outcome.status == 401)
        && QJsonDocument::fromJson(outcome.body).object().value("error"_L1).toString() == "use_dpop_nonce"_L1;
}

} // namespace

Provider::Provider(const SessionOptions &options, Clock &clock, QObject *parent)
    : QObject(parent)
    , m_issuer(options.issuer)
    , m_clientId(options.clientId)
    , m_resource(options.resource)
    , m_allowLoopbackHttp(options.allowLoopbackHttp)
    , m_http(options.certificateAuthorities, clock)
{
}

Provider::~Provider() = default;

void Provider::metadata(std::function<void(const Result<ProviderMetadata> &)> callback)
{
    if (m_metadata) {
        QMetaObject::invokeMethod(
            this, [callback = std::move(callback), metadata = *m_metadata] { callback(metadata); }, Qt::QueuedConnection);
        return;
    }
    m_waiting += std::move(callback);
    if (m_waiting.size() > 1)
        return;
    m_metadataError.reset();
    if (const Result<void> usable = checkIssuer(m_issuer, m_allowLoopbackHttp); !usable) {
        QMetaObject::invokeMethod(
            this, [this, error = usable.error()] { settleMetadata(error); }, Qt::QueuedConnection);
        return;
    }
    fetchMetadata(0);
}

void Provider::fetchMetadata(qsizetype candidate)
{
    const QUrl url = discoveryUrls(m_issuer).at(candidate);
    m_http.get(url, kLargestDiscoveryDocument, [this, candidate, url](const HttpOutcome &outcome) {
        if (outcome.failure)
            return settleMetadata(*outcome.failure);
        const bool isJson = outcome.contentType.endsWith("json") || outcome.body.trimmed().startsWith('{');
        if (outcome.status == 200 && isJson) {
            const auto parsed = parseDiscovery(outcome.body, issuerText(m_issuer), m_allowLoopbackHttp);
            if (parsed || parsed.error().code() == ErrorCode::IssuerMismatch)
                return settleMetadata(parsed);
            m_metadataError = parsed.error();
        } else if (outcome.status == 429 || outcome.status >= 500) {
            return settleMetadata(Error(ErrorCode::TemporarilyUnavailable, redactedUrl(url))
                                      .withHttpStatus(outcome.status)
                                      .withRetryAfter(outcome.retryAfter));
        } else if (outcome.status == 200 && !m_metadataError) {
            m_metadataError = Error(ErrorCode::CaptivePortal, u"%1 answered with a page"_s.arg(redactedUrl(url)));
        }
        if (candidate + 1 < discoveryUrls(m_issuer).size())
            return fetchMetadata(candidate + 1);
        settleMetadata(m_metadataError.value_or(
            Error(ErrorCode::HttpStatus, u"%1 has no discovery document"_s.arg(redactedUrl(m_issuer)))
                .withHttpStatus(outcome.status)
                .withRemedy(u"Check the issuer URL; the provider must support OpenID Connect Discovery or RFC 8414."_s)));
    });
}

void Provider::settleMetadata(const Result<ProviderMetadata> &result)
{
    if (result)
        m_metadata = *result;
    const auto waiting = std::exchange(m_waiting, {});
    for (const auto &callback : waiting)
        callback(result);
}

void Provider::keys(std::function<void(const Result<JwkSet> &)> callback)
{
    metadata([this, callback = std::move(callback)](const Result<ProviderMetadata> &metadata) {
        if (!metadata)
            return callback(metadata.error());
        m_http.get(metadata->jwksUri, JwkSet::kLargestSize, [callback](const HttpOutcome &outcome) {
            if (outcome.failure)
                return callback(*outcome.failure);
            if (outcome.status != 200)
                return callback(Error(ErrorCode::HttpStatus, u"the provider's keys"_s).withHttpStatus(outcome.status));
            callback(JwkSet::fromBytes(outcome.body));
        });
    });
}

void Provider::probe(std::function<void(const Result<void> &)> callback)
{
    metadata([this, callback = std::move(callback)](const Result<ProviderMetadata> &metadata) {
        if (!metadata)
            return callback(metadata.error());
        m_http.probe(metadata->tokenEndpoint, callback);
    });
}

void Provider::postToken(FormBody &form, const Signer &signer, TokenCallback callback)
{
    form.add("client_id", m_clientId);
    if (!m_resource.isEmpty())
        form.add("resource", m_resource.toString(QUrl::FullyEncoded));
    metadata([this, body = form.take(), signer, callback = std::move(callback)](const Result<ProviderMetadata> &metadata) {
        if (!metadata)
            return callback(TokenAnswer{TokenAnswerClass::NotSent, {}, metadata.error(), false});
        sendToken(metadata->tokenEndpoint, body, signer, callback, true);
    });
}

// RFC 9449 section 8: a demand for a nonce is answered once, at once. Nothing was spent by the first request.
void Provider::sendToken(const QUrl &endpoint, const Secret &body, const Signer &signer, TokenCallback callback, bool mayRepeat)
{
    QByteArray proof;
    if (signer) {
        const Result<QByteArray> made = signer->headerFor("POST", endpoint, {});
        if (!made)
            return callback(TokenAnswer{TokenAnswerClass::NotSent, {}, made.error(), false});
        proof = *made;
    }
    const auto onAnswer = [=, this](const HttpOutcome &outcome) {
        const bool isNew = signer && signer->rememberNonce(endpoint, outcome.dpopNonce);
        if (isNew && mayRepeat && demandsNonce(outcome))
            return sendToken(endpoint, body, signer, callback, false);
        callback(classifyTokenAnswer(outcome));
    };
    m_http.postForm(endpoint, body, kLargestTokenResponse, onAnswer, proof);
}

void Provider::exchangeCode(const Secret &code, const Secret &verifier, const QUrl &redirect, const Signer &signer,
                            TokenCallback callback)
{
    FormBody form;
    form.add("grant_type", QByteArrayView("authorization_code"))
        .add("code", code)
        .add("redirect_uri", redirect.toString(QUrl::FullyEncoded))
        .add("code_verifier", verifier);
    postToken(form, signer, std::move(callback));
}

void Provider::exchangeDeviceCode(const Secret &deviceCode, const Signer &signer, TokenCallback callback)
{
    FormBody form;
    form.add("grant_type", QByteArrayView("urn:ietf:params:oauth:grant-type:device_code")).add("device_code", deviceCode);
    postToken(form, signer, std::move(callback));
}

void Provider::refresh(const Secret &refreshToken, const Signer &signer, TokenCallback callback)
{
    FormBody form;
    form.add("grant_type", QByteArrayView("refresh_token")).add("refresh_token", refreshToken);
    postToken(form, signer, std::move(callback));
}

void Provider::pushAuthorization(const Parameters &parameters, std::function<void(const Result<PushedRequest> &)> callback)
{
    metadata([this, parameters, callback = std::move(callback)](const Result<ProviderMetadata> &metadata) {
        if (!metadata)
            return callback(metadata.error());
        FormBody form;
        for (const auto &[name, value] : parameters)
            form.add(name.toUtf8(), value);
        m_http.postForm(metadata->pushedAuthorizationRequestEndpoint, form.take(), kLargestPushedAnswer,
                        [callback](const HttpOutcome &outcome) { callback(readPushedRequest(outcome)); });
    });
}

void Provider::authorizeDevice(const Parameters &parameters, std::function<void(const Result<DeviceAuthorization> &)> callback)
{
    metadata([this, parameters, callback = std::move(callback)](const Result<ProviderMetadata> &metadata) {
        if (!metadata)
            return callback(metadata.error());
        FormBody form;
        for (const auto &[name, value] : parameters)
            form.add(name.toUtf8(), value);
        m_http.postForm(
            metadata->deviceAuthorizationEndpoint, form.take(), kLargestDeviceAuthorization,
            [this, callback](const HttpOutcome &outcome) { callback(readDeviceAuthorization(outcome, m_allowLoopbackHttp)); });
    });
}

void Provider::revoke(const Secret &refreshToken, std::function<void(const Result<void> &)> callback)
{
    FormBody form;
    form.add("token", refreshToken).add("token_type_hint", QByteArrayView("refresh_token")).add("client_id", m_clientId);
    metadata([this, body = form.take(), callback = std::move(callback)](const Result<ProviderMetadata> &metadata) {
        if (!metadata)
            return callback(metadata.error());
        if (metadata->revocationEndpoint.isEmpty())
            return callback({});
        m_http.postForm(metadata->revocationEndpoint, body, 64 * 1024, [callback](const HttpOutcome &outcome) {
            if (outcome.failure)
                return callback(*outcome.failure);
            if (outcome.status != 200)
                return callback(Error(ErrorCode::HttpStatus, u"revocation"_s)
                                    .withHttpStatus(outcome.status)
                                    .withRetryAfter(outcome.retryAfter));
            callback({});
        });
    });
}

} // namespace Watchword
