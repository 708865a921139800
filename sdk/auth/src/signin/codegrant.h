// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "signin/grantsource.h"
#include "signin/loopbacklistener.h"
#include "watchword/jose/pkce.h"

namespace Watchword {

/*!
    Authorization code with PKCE in the system browser (RFC 8252), coming back to a loopback port or by a private-use URI
    scheme, with the request pushed to the provider beforehand where that is asked for (RFC 9126).

    State, nonce and verifier live as long as the object does. A pushed request is good for one visit within its life:
    showing the browser again, or the end of that life, pushes a new one.
*/
class CodeGrant final : public GrantSource
{
    Q_OBJECT

public:
    CodeGrant(const SignInContext &context, SignInRoute route, QObject *parent = nullptr);
    ~CodeGrant() override;

    void start(const ProviderMetadata &metadata) override;
    void showAgain() override;
    bool handleRedirect(const QUrl &url) override;
    QString nonce() const override { return m_request.nonce; }

private:
    Result<QUrl> openRedirect();
    bool usesPushedRequests() const;
    void push(bool showBrowser);
    void onVerdict(const LoopbackVerdict &verdict);
    void exchange(int attempt);
    void onAnswer(const TokenAnswer &answer, int attempt);
    void fail(const Error &error);

    const SignInContext &m_context;
    const SignInRoute m_route;
    ProviderMetadata m_metadata;
    LoopbackListener m_listener;
    ExpectedRedirect m_expected;
    Alarm m_pause;
    Alarm m_pushedEnd;
    Pkce m_pkce;
    AuthorizationRequest m_request;
    Parameters m_parameters;
    QUrl m_url;
    Secret m_code;
    Instant m_sentAt{};
    bool m_pushing = false;
    bool m_decided = false; // a redirect came, or the attempt ended
};

} // namespace Watchword
