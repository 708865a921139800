// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "renewalrefusal.h"

#include "watchword/core/testexport.h"
#include "watchword/core/tokenprovider.h"

#include <QFutureWatcher>
#include <QObject>
#include <QUrl>

#include <functional>

namespace Watchword {

/*!
    Keeps the token of one stream fresh by messages of the stream's own (protocol.md sections 5 and 6).

        Off --begin()--> Waiting --due, or the provider has a newer one--> Asked --token--> Sent --accepted()--> Waiting
                            ^                                                |                |
                            +---- failed: again soon, if that can help ------+----------------+     any --end()--> Off

    A token that is bound to a key (RFC 9449) goes with a proof of its own. A proof that was refused for its nonce is
    made anew once with the nonce that came, which is no failure.

    Threads: one. Ownership: borrows \a tokens, which may be null, and \a clock. Emits nothing from its destructor.
*/
class WATCHWORD_TEST_EXPORT StreamRenewal : public QObject
{
    Q_OBJECT

public:
    //! Writes a renewal of \a fields ("token", "dpop") as the stream wants it.
    using Message = std::function<QString(const QJsonObject &fields)>;

    StreamRenewal(TokenProvider *tokens, Message message, Clock &clock, QObject *parent = nullptr);

    //! The gateway at \a url took a token that ends at \a exp.
    void begin(const QUrl &url, std::optional<WallTime> exp);
    void end();
    void accepted(std::optional<WallTime> exp, const QByteArray &nonce);
    void refused(const RenewalRefusal &refusal);

Q_SIGNALS:
    void toBeSent(const QString &text);
    void failed(const Watchword::Error &error); //!< The token of before holds until its end.
    void keyChanged(); //!< The token is bound to another key, which a stream takes only at its beginning.

private:
    enum class Step { Off, Waiting, Asked, Sent };

    void onAlarm();
    void onTokenChanged();
    void ask();
    void onAnswer();
    void send();
    void rest(); //!< Until the provider has another token.
    void plan();
    void again();
    bool rememberNonce(const QByteArray &nonce);

    TokenProvider *m_tokens;
    Message m_message;
    Clock &m_clock;
    Alarm m_alarm;
    QFutureWatcher<Result<AccessToken>> m_request;
    Step m_step = Step::Off;
    QUrl m_url;
    std::optional<WallTime> m_exp;
    AccessToken m_token; // of the last message
    QString m_held; // fingerprint of the token that was accepted last; empty: not known
    bool m_nonceTaken = false; // the proof on its way is the second one
};

} // namespace Watchword
