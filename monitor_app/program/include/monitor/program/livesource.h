// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/session.h"
#include "watchword/watch/watchclient.h"

#include <QObject>

#include <memory>

namespace Monitor {

class WatchFeed;
class Workspace;

/*!
    A gateway as the source of a workspace: the session that signs the operator in, the client that watches, and the feed
    into the stores. It starts by itself with what is stored; when a person is needed it opens the browser.

    Ownership: borrows the workspace, which must outlive it. Destruction ends both links.
*/
class LiveSource : public QObject
{
    Q_OBJECT

public:
    LiveSource(Workspace &workspace, Watchword::SessionOptions session, Watchword::WatchOptions watch, QObject *parent = nullptr);
    ~LiveSource() override;

    void start();
    Watchword::Session &session();
    Watchword::WatchClient &client();

Q_SIGNALS:
    void browserStep(const QUrl &signInUrl);
    void started(); //!< Signed in; rows follow.
    void failed(const QString &reason); //!< Sign-in did not succeed, with what to do.

private:
    void connectSession();
    void connectActions();
    QString blocked() const;
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
