// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/core/secret.h"
#include "watchword/gateway/gatewayconfig.h"

#include <QJsonArray>
#include <QJsonObject>
#include <QNetworkAccessManager>
#include <QObject>

#include <functional>

namespace Watchword::Gateway {

/*!
    Fetches the security event tokens of one provider (RFC 8936), and acknowledges each when it was taken, or says why not.

        Discovering --> Setting up --> Polling        with IssuerConfig::Events::Poll::transmitter
        Polling                                       with url

    Discovering reads the transmitter's metadata (Shared Signals Framework 1.0 section 7), setting up takes the stream by poll
   that is there, or makes one (section 8.1.1), and asks for a verification event (section 8.1.4). Each failure begins the step
   again after Poll::every. What was taken and could not be acknowledged comes again, and does nothing then (ProviderWord).

    Bounds: 100 tokens an answer, 256 KiB of body, 30 s for an answer.
    Life cycle: start() once. Threads: one. Ownership: borrows the clock.
*/
class ProviderPoll : public QObject
{
    Q_OBJECT

public:
    //! Why a token was not taken, as RFC 8936 section 2.4 has it: a word and a description; or that it was.
    struct Verdict
    {
        bool isTaken = true;
        bool comesAgain = false; //!< Neither: it could not be looked at now.
        QString error{};
        QString description{};
    };
    using Take = std::function<void(const Secret &token, std::function<void(const Verdict &)> answer)>;

    ProviderPoll(const IssuerConfig &issuer, Clock &clock, Take take);
    ~ProviderPoll() override;

    void start();
    void verified(const QString &state); //!< The verification event has come.

private:
    enum class State { Discovering, SettingUp, Polling };
    using Answer = std::function<void(const Result<QJsonObject> &)>;

    void step();
    void discover();
    void setUp();
    void streamFound(const QJsonObject &stream);
    void askForVerification(const QString &streamId);
    void poll();
    void take(const QJsonObject &answer);
    void taken(const QString &id, const Verdict &verdict);
    void decided(); //!< One more token of the last answer; after the last one it goes on.
    void failed(const Error &error);
    void send(const QByteArray &method, const QUrl &url, const QJsonObject &body, Answer answer);

    const IssuerConfig m_issuer;
    Clock &m_clock;
    const Take m_take;
    Secret m_token;
    QNetworkAccessManager m_network;
    Alarm m_pause;
    State m_state = State::Polling;
    QUrl m_configurationUrl;
    QUrl m_verificationUrl;
    QUrl m_pollUrl;
    QString m_wantedState; // of the verification event; empty: none is waited for
    QJsonArray m_acks;
    QJsonObject m_errors;
    int m_open = 0; // tokens of the last answer that are not decided
    bool m_isFailing = false; // as far as the log says
};

} // namespace Watchword::Gateway
