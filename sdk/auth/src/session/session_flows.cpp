// SPDX-License-Identifier: Apache-2.0
#include "session/session_p.h"
#include "watchword/core/internal/futures.h"

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

// A promise that is kept also when whoever would keep it is gone.
struct HeadersPromise
{
    HeadersPromise() { promise.start(); }
    ~HeadersPromise() { settle(Error(ErrorCode::Cancelled, u"the session was destroyed"_s)); }
    Q_DISABLE_COPY_MOVE(HeadersPromise)

    void settle(const Result<RequestHeaders> &result)
    {
        if (std::exchange(settled, true))
            return;
        promise.addResult(result);
        promise.finish();
    }

    QPromise<Result<RequestHeaders>> promise;
    bool settled = false;
};

} // namespace

void Session::Private::setSignInUrl(const QUrl &url)
{
    if (std::exchange(signInUrl, url) != url)
        Q_EMIT q->signInUrlChanged();
}

void Session::Private::showDevice(const DeviceSignIn &code)
{
    if (device == code)
        return;
    device = code;
    if (code.isValid()) {
        log(u"signin.device_code"_s, u"%1 at %2"_s.arg(code.userCode, code.verificationUri.toString(QUrl::RemoveQuery)));
        setSignInUrl(code.link());
    }
    Q_EMIT q->deviceSignInChanged();
}

// The signer of the key that tokens are bound to. One object per key, because it knows the servers' nonces.
std::shared_ptr<DpopSigner> Session::Private::signerFor(const Secret &key)
{
    if (key.isEmpty())
        return nullptr;
    if (!signer || !signer->pem().equals(key)) {
        const auto made = DpopSigner::fromPem(key, clock.source());
        if (!made)
            log(u"dpop.key_unusable"_s, made.error().toString());
        signer = made ? *made : nullptr;
    }
    if (signer)
        signer->setOffset(clock.offset());
    return signer;
}

AccessToken Session::Private::handOut()
{
    AccessToken token = tokens.toAccessToken();
    if (token.type.compare("DPoP"_L1, Qt::CaseInsensitive) == 0)
        token.proof = signerFor(tokens.proofKey);
    return token;
}

QFuture<Result<RequestHeaders>> Session::Private::headers(const QByteArray &method, const QUrl &url, const TokenRequest &wanted)
{
    const auto promise = std::make_shared<HeadersPromise>();
    whenDone(request(wanted), this, [promise, method, url](const Result<AccessToken> &token) {
        promise->settle(token ? token->headersFor(method, url) : Result<RequestHeaders>(token.error()));
    });
    return promise->promise.future();
}

} // namespace Watchword
