// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/result.h"

#include <QNetworkAccessManager>
#include <QNetworkRequest>

#include <functional>

namespace Watchword::Gateway {

struct FetchedBody
{
    QByteArray body;
    QByteArray cacheControl;
};

using FetchAnswer = std::function<void(const Result<FetchedBody> &)>;

/*! A document that anybody may read. */
struct FetchedDocument
{
    QUrl url;
    QString caFile; //!< More authorities than the system's; empty: none.
    Duration patience; //!< For each of its addresses.
    int redirectsLeft = 3;
};

//! A request that follows no redirect, keeps no cookie and gives up after \a patience.
QNetworkRequest fetchRequest(const QUrl &url, const QString &caFile, Duration patience);
/*!
    Answers once with the body of a 200, or with an Error, unless \a context is destroyed before. Bodies over 256 KiB are
    cut off with ResponseTooLarge. Destroying the manager of \a reply ends the request without an answer.
*/
void awaitBody(QNetworkReply *reply, QObject *context, FetchAnswer answer);
//! The same for a GET that follows redirects, as clients of the issuer do: three, and never to a less safe address.
void fetchDocument(QNetworkAccessManager *network, const FetchedDocument &document, QObject *context, FetchAnswer answer);

//! TLS, or plain to this machine only.
bool isSafeUrl(const QUrl &url);

} // namespace Watchword::Gateway
