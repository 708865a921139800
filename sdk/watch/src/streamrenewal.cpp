// SPDX-License-Identifier: Apache-2.0
#include "streamrenewal.h"

#include "watchword/core/closepolicy.h"

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kAgain = 15s; // after a failure, while the token still holds
constexpr Duration kSoonest = 500ms;
constexpr Duration kAnswerTimeout = 10s;

} // namespace

StreamRenewal::StreamRenewal(TokenProvider *tokens, Message message, Clock &clock, QObject *parent)
    : QObject(parent)
    , m_tokens(tokens)
    , m_message(std::move(message))
    , m_clock(clock)
    , m_alarm(clock)
{
    connect(&m_alarm, &Alarm::due, this, &StreamRenewal::onAlarm);
    connect(&m_request, &QFutureWatcherBase::finished, this, &StreamRenewal::onAnswer);
    if (tokens)
        connect(tokens, &TokenProvider::tokenChanged, this, &StreamRenewal::onTokenChanged);
}

void StreamRenewal::begin(const QUrl &url, std::optional<WallTime> exp)
{
    m_url = url;
    m_exp = exp;
    m_held.clear();
    plan();
}

void StreamRenewal::end()
{
    m_step = Step::Off;
    m_token = {};
    m_alarm.cancel();
}

void StreamRenewal::rest()
{
    m_step = Step::Waiting;
    m_token = {};
    m_alarm.cancel();
}

void StreamRenewal::plan()
{
    rest();
    if (!m_exp || !m_tokens)
        return;
    const Duration left = *m_exp - m_clock.wallNow();
    if (left > 0ms)
        m_alarm.start(std::max<Duration>(kSoonest, left * 3 / 4));
}

// Soon enough that another try is left before the token ends.
void StreamRenewal::again()
{
    rest();
    Duration wait = kAgain;
    if (m_exp && *m_exp > m_clock.wallNow())
        wait = std::min<Duration>(wait, std::max<Duration>(kSoonest, (*m_exp - m_clock.wallNow()) / 4));
    m_alarm.start(wait);
}

void StreamRenewal::onAlarm()
{
    if (m_step == Step::Waiting) {
        ask();
    } else if (m_step == Step::Sent) {
        again();
        Q_EMIT failed(Error(ErrorCode::Timeout, u"the gateway did not answer the renewal of the token"_s));
    }
}

// Not while one is under way: what is newer still comes when the end of that one is near.
void StreamRenewal::onTokenChanged()
{
    if (m_step == Step::Waiting)
        ask();
}

void StreamRenewal::ask()
{
    m_alarm.cancel();
    if (!m_tokens)
        return;
    m_step = Step::Asked;
    TokenRequest request;
    request.reason = TokenRequest::Reason::Renew;
    if (m_exp) {
        // Longer than the token at the gateway lives, so that the provider does not answer with the same one.
        request.minimumValidity = std::max<Duration>(*m_exp - m_clock.wallNow(), 0ms) + 1s;
    }
    m_request.setFuture(m_tokens->requestToken(request));
}

void StreamRenewal::onAnswer()
{
    if (m_step != Step::Asked)
        return;
    rest();
    if (m_request.future().resultCount() == 0)
        return;
    const Result<AccessToken> token = m_request.result();
    if (!token) {
        if (token.error().isRetryable())
            again();
        return;
    }
    if (token->value.fingerprint() == m_held) {
        plan();
        return;
    }
    m_token = *token;
    m_nonceTaken = false;
    send();
}

void StreamRenewal::send()
{
    QJsonObject fields{{u"token"_s, QString::fromUtf8(m_token.value.reveal())}};
    if (m_token.isBound()) {
        const Result<RequestHeaders> headers = m_token.headersFor("GET", m_url);
        if (!headers) {
            again();
            Q_EMIT failed(headers.error());
            return;
        }
        fields.insert("dpop"_L1, QString::fromLatin1(headers->proof));
    }
    m_step = Step::Sent;
    m_alarm.start(kAnswerTimeout);
    Q_EMIT toBeSent(m_message(fields));
}

bool StreamRenewal::rememberNonce(const QByteArray &nonce)
{
    if (!m_token.proof || nonce.isEmpty())
        return false;
    m_token.proof->rememberNonce(m_url, nonce);
    return true; // known or not: the other stream may have learned it while this proof was on its way
}

void StreamRenewal::accepted(std::optional<WallTime> exp, const QByteArray &nonce)
{
    if (m_step == Step::Off)
        return;
    m_exp = exp;
    if (m_step == Step::Asked)
        return;
    if (m_step == Step::Sent) {
        rememberNonce(nonce);
        m_held = m_token.value.fingerprint();
    }
    plan();
}

void StreamRenewal::refused(const RenewalRefusal &refusal)
{
    if (m_step != Step::Sent)
        return;
    const bool hasNonce = rememberNonce(refusal.nonce);
    const bool isNonce = refusal.reason == "use_dpop_nonce"_L1;
    if (isNonce && hasNonce && !std::exchange(m_nonceTaken, true)) {
        send();
        return;
    }
    const bool isProof = isNonce || refusal.reason == "invalid_dpop_proof"_L1;
    if (isProof || refusal.code != int(CloseCode::TokenInvalid))
        again();
    else
        rest();
    if (refusal.reason == "key_changed"_L1) {
        Q_EMIT keyChanged();
    } else if (isProof) {
        Q_EMIT failed(Error(ErrorCode::WrongNonce, u"the gateway did not accept the proof of the renewed token"_s)
                          .withCloseCode(refusal.code));
    } else {
        Q_EMIT failed(
            Error(ErrorCode::Unauthorized, u"the gateway did not accept the renewed token"_s).withCloseCode(refusal.code));
    }
}

} // namespace Watchword
