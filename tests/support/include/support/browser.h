// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QUrl>

#include <functional>
#include <memory>

class QNetworkAccessManager;
class QNetworkReply;

namespace Support {

/*!
    A browser without a person: cookies, and redirects wherever they lead, also from https to an application's http on this
    machine. It follows them by one request after the other, because QNetworkAccessManager 6.4 now and then repeats a request
    whose redirect it follows itself, which a provider answers with 400.
*/
class Browser
{
public:
    Browser();
    ~Browser();
    Q_DISABLE_COPY_MOVE(Browser)

    void forget(); //!< All cookies; a sign-in that runs is left.
    bool open(const QUrl &url); //!< Always true, as for SessionOptions::openBrowser.
    //! The body of the last page; \a form is posted to \a url. Waits.
    QByteArray visit(const QUrl &url, const QByteArray &form = {});
    QNetworkAccessManager &network() { return *m_network; }

private:
    using Done = std::function<void(QNetworkReply &)>;
    void follow(QNetworkReply *reply, const Done &done);
    QNetworkReply *get(const QUrl &url);

    std::unique_ptr<QNetworkAccessManager> m_network;
};

} // namespace Support
