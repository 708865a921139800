// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "provider/httpoutcome.h"
#include "session/correctedclock.h"
#include "watchword/auth/sessionoptions.h"
#include "watchword/core/result.h"
#include "watchword/core/secret.h"

#include <QNetworkAccessManager>
#include <QSslConfiguration>
#include <QUrl>

#include <functional>

class QNetworkReply;
class QNetworkRequest;

namespace Watchword {

/*!
    All HTTP of a session, with one TLS configuration, one deadline and one way to read an answer.

    A posted form leaves at most once: QNetworkAccessManager repeats a request by itself when a server closes the
    connection without an answer, which would spend a single-use token twice, so its body cannot be rewound.
    No cookies, no stored credentials, redirects only of GET, at most three and never to a less safe scheme. They are followed
    here and not by QNetworkAccessManager, which now and then sends the request that was redirected once more and takes its
    answer for that of the next one (seen with Qt 6.4.2). TLS errors are never ignored.
    Callbacks run in this object's thread, never inside the call, and not at all after its destruction.
*/
class HttpClient : public QObject
{
    Q_OBJECT

public:
    using Callback = std::function<void(const HttpOutcome &)>;

    HttpClient(const SessionOptions &options, QByteArray userAgent, Clock &clock, QObject *parent = nullptr);
    ~HttpClient() override;

    void get(const QUrl &url, qsizetype limit, Callback callback);
    //! \a proof is the value of the "DPoP" header; empty: none.
    void postForm(const QUrl &url, const Secret &form, qsizetype limit, Callback callback, const QByteArray &proof = {});
    //! Success if a connection, with TLS, to the host of \a url can be made now.
    void probe(const QUrl &url, std::function<void(const Result<void> &)> callback);
    //! The machine has slept: connections are probably dead. What runs gets 5 s more, then it has failed.
    void onWake();

    //! What the network's own thread has for the requests that run, without any other event: for a caller that has no event
    //! loop any more.
    void deliver();

Q_SIGNALS:
    void timeLearned(const Watchword::ServerTime &time); //!< Of an answer over TLS.
    void wokeUp();

private:
    void follow(const QUrl &url, qsizetype limit, int hopsLeft, Instant end, Callback callback);
    void watch(QNetworkReply *reply, qsizetype limit, Instant end, Callback callback);
    void limitAfterWake(QObject *exchange, Alarm *deadline);

    QNetworkRequest requestTo(const QUrl &url) const;

    QSslConfiguration m_tls;
    QByteArray m_userAgent;
    Clock &m_clock;
};

//! Names and values as application/x-www-form-urlencoded.
class FormBody
{
public:
    FormBody &add(QByteArrayView name, QByteArrayView value);
    FormBody &add(QByteArrayView name, const QString &value) { return add(name, QByteArrayView(value.toUtf8())); }
    FormBody &add(QByteArrayView name, const Secret &value) { return add(name, value.reveal()); }
    Secret take() { return Secret::take(std::move(m_bytes)); }

private:
    QByteArray m_bytes;
};

} // namespace Watchword
