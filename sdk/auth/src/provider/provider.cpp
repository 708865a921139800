// SPDX-License-Identifier: Apache-2.0
#include "provider/provider.h"

#include "provider/answer.h"
#include "watchword/core/internal/useragent.h"
#include "watchword/core/log.h"
#include "watchword/jose/jwt.h"

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

// "Watchword/1.2.3 (the application)": which program asks is what an administrator looks for in a log.
QByteArray userAgentOf(const QString &applicationId)
{
    QByteArray comment;
    for (const QChar c : applicationId.left(100)) // RFC 9110 section 5.6.5: no brackets, no backslash
        comment += c.unicode() > 0x20 && c.unicode() < 0x7f && !u"()\\"_s.contains(c) ? c.toLatin1() : '_';
    return comment.isEmpty() ? userAgent() : userAgent() + " (" + comment + ')';
}

bool demandsNonce(const HttpOutcome &outcome)
{
    return (outcome.status == 400 || outcome.status == 401)
        && answerObject(outcome.body).value_or(QJsonObject()).value("error"_L1).toString() == "use_dpop_nonce"_L1;
}

QByteArray nonceOf(const QByteArray &proof)
{
    const Result<Jwt> made = Jwt::parse(proof);
    return made ? made->claim(u"nonce").toString().toLatin1() : QByteArray();
}

// The address is not what it was, or never was it: what the provider says about itself is asked for anew.
bool mayHaveMoved(const HttpOutcome &outcome)
{
    const int status = outcome.status;
    return !outcome.failure && ((status >= 300 && status < 400) || status == 404 || status == 405 || status == 410);
}

} // namespace

Provider::Provider(const SessionOptions &options, Clock &clock, QObject *parent)
    : QObject(parent)
    , m_issuer(options.issuer)
    , m_clientId(options.clientId)
    , m_resource(options.resource)
    , m_allowLoopbackHttp(options.allowLoopbackHttp)
    , m_http(options, userAgentOf(options.applicationId), clock)
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
        if (outcome.status == 200 && !isPage(outcome)) {
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
    if (result && !result->leftOut.isEmpty())
        qCWarning(logAuth).noquote() << "the discovery document of" << redactedUrl(m_issuer)
                                     << "has addresses that cannot be used:" << result->leftOut.join(u", "_s);
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
            if (isPage(outcome))
                return callback(Error(ErrorCode::CaptivePortal, u"the provider's keys: a page came instead"_s));
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

void Provider::postToken(FormBody &form, AnswerTo asked, const Signer &signer, TokenCallback callback)
{
    form.add("client_id", m_clientId);
    if (!m_resource.isEmpty())
        form.add("resource", m_resource.toString(QUrl::FullyEncoded));
    metadata([=, this, body = form.take(), callback = std::move(callback)](const Result<ProviderMetadata> &metadata) {
        if (!metadata)
            return callback(TokenAnswer{TokenAnswerClass::NotSent, {}, metadata.error(), false});
        sendToken({metadata->tokenEndpoint, body, asked, signer, callback}, true);
    });
}

// RFC 9449 section 8: a demand for a nonce is answered once, at once. Nothing was spent by the first request. Another request may
// have brought the same nonce meanwhile, so what counts is that it is not the one that was refused.
void Provider::sendToken(const TokenRequestParts &request, bool mayRepeat)
{
    QByteArray proof;
    if (request.signer) {
        const Result<QByteArray> made = request.signer->headerFor("POST", request.endpoint, {});
        if (!made)
            return request.callback(TokenAnswer{TokenAnswerClass::NotSent, {}, made.error(), false});
        proof = *made;
    }
    const auto onAnswer = [=, this](const HttpOutcome &outcome) {
        if (request.signer)
            request.signer->rememberNonce(request.endpoint, outcome.dpopNonce);
        if (request.signer && mayRepeat && demandsNonce(outcome) && request.signer->nonceFor(request.endpoint) != nonceOf(proof))
            return sendToken(request, false);
        if (mayHaveMoved(outcome))
            m_metadata.reset();
        const TokenAnswer answer = classifyTokenAnswer(outcome, request.asked);
        if (!answer.grant.oddities.isEmpty())
            qCWarning(logAuth).noquote() << "a token response of" << redactedUrl(m_issuer)
                                         << "was not read as a whole:" << answer.grant.oddities.join(u", "_s);
        request.callback(answer);
    };
    m_http.postForm(request.endpoint, request.body, kLargestTokenResponse, onAnswer, proof);
}

void Provider::exchangeCode(const Secret &code, const Secret &verifier, const QUrl &redirect, const Signer &signer,
                            TokenCallback callback)
{
    FormBody form;
    form.add("grant_type", QByteArrayView("authorization_code"))
        .add("code", code)
        .add("redirect_uri", redirect.toString(QUrl::FullyEncoded))
        .add("code_verifier", verifier);
    postToken(form, AnswerTo::Code, signer, std::move(callback));
}

void Provider::exchangeDeviceCode(const Secret &deviceCode, const Signer &signer, TokenCallback callback)
{
    FormBody form;
    form.add("grant_type", QByteArrayView("urn:ietf:params:oauth:grant-type:device_code")).add("device_code", deviceCode);
    postToken(form, AnswerTo::DeviceCode, signer, std::move(callback));
}

void Provider::refresh(const Secret &refreshToken, const Signer &signer, TokenCallback callback)
{
    FormBody form;
    form.add("grant_type", QByteArrayView("refresh_token")).add("refresh_token", refreshToken);
    postToken(form, AnswerTo::Refresh, signer, std::move(callback));
}

// What the authorization endpoint would get in its query, posted to another endpoint.
template <typename Answer, typename Read>
void Provider::postParameters(const FormTarget &target, const Parameters &parameters, Read read,
                              std::function<void(const Result<Answer> &)> callback)
{
    metadata([=, this, callback = std::move(callback)](const Result<ProviderMetadata> &metadata) {
        if (!metadata)
            return callback(metadata.error());
        FormBody form;
        for (const auto &[name, value] : parameters)
            form.add(name.toUtf8(), value);
        m_http.postForm((*metadata).*target.endpoint, form.take(), target.largestAnswer,
                        [read, callback](const HttpOutcome &outcome) { callback(read(outcome)); });
    });
}

void Provider::pushAuthorization(const Parameters &parameters, std::function<void(const Result<PushedRequest> &)> callback)
{
    postParameters<PushedRequest>({&ProviderMetadata::pushedAuthorizationRequestEndpoint, kLargestPushedAnswer}, parameters,
                                  &readPushedRequest, std::move(callback));
}

void Provider::authorizeDevice(const Parameters &parameters, std::function<void(const Result<DeviceAuthorization> &)> callback)
{
    const auto read = [allowHttp = m_allowLoopbackHttp](const HttpOutcome &outcome) {
        return readDeviceAuthorization(outcome, allowHttp);
    };
    postParameters<DeviceAuthorization>({&ProviderMetadata::deviceAuthorizationEndpoint, kLargestDeviceAuthorization}, parameters,
                                        read, std::move(callback));
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
            // Nobody revoked anything by a portal's page; the token is told to the provider later.
            if (isPage(outcome) || (outcome.status >= 300 && outcome.status < 400))
                return callback(Error(ErrorCode::CaptivePortal, u"revocation: a page came instead of an answer"_s));
            if (outcome.status != 200)
                return callback(Error(ErrorCode::HttpStatus, u"revocation"_s)
                                    .withHttpStatus(outcome.status)
                                    .withRetryAfter(outcome.retryAfter));
            callback({});
        });
    });
}

} // namespace Watchword
