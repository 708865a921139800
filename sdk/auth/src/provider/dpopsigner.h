// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"
#include "watchword/core/tokenproof.h"
#include "watchword/jose/signingkey.h"

#include <QHash>

#include <atomic>
#include <mutex>

namespace Watchword {

/*!
    The key of one account, and the nonces that servers gave for it. It is shared by the session, which refreshes with it,
    and by every access token that was handed out.
*/
class WATCHWORD_TEST_EXPORT DpopSigner final : public TokenProof
{
public:
    //! \a clock must outlive every copy of the tokens, as the session's does.
    DpopSigner(const SigningKey &key, Clock &clock);
    ~DpopSigner() override;

    static Result<std::shared_ptr<DpopSigner>> create(Clock &clock); //!< With a new key.
    static Result<std::shared_ptr<DpopSigner>> fromPem(const Secret &pem, Clock &clock);

    Result<QByteArray> headerFor(const QByteArray &method, const QUrl &url, const Secret &accessToken) override;
    bool rememberNonce(const QUrl &url, const QByteArray &nonce) override;
    //! What the next proof for \a url will carry; empty: none is known.
    QByteArray nonceFor(const QUrl &url);

    Secret pem() const { return m_key.toPem(); }
    QString thumbprint() const { return m_key.keyId(); }
    //! What the clock is wrong by: "iat" is compared with the server's time.
    void setOffset(Duration offset) { m_offset = offset.count(); }

private:
    const SigningKey m_key;
    Clock &m_clock;
    std::atomic<qint64> m_offset = 0;
    std::mutex m_mutex;
    QHash<QString, QString> m_nonces; // by origin
};

} // namespace Watchword
