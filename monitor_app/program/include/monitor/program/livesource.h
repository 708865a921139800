// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/signinpanel.h"

#include "watchword/auth/session.h"
#include "watchword/watch/watchclient.h"

#include <QObject>

#include <memory>

namespace Monitor {

class WatchFeed;
class Workspace;

/*!
    A gateway as the source of a workspace: the session that signs the operator in, the client that watches, and the feed
    into the stores. It starts with what is stored. Until something was watched it asks for a sign-in by itself; later only
    signInAgain() does, so that no browser opens at a desk where nobody sits.

    Ownership: borrows the workspace, which must outlive it. Destruction ends both links.
*/
class LiveSource : public QObject
{
    Q_OBJECT

public:
    LiveSource(Workspace &workspace, Watchword::SessionOptions session, Watchword::WatchOptions watch, QObject *parent = nullptr);
    ~LiveSource() override;

    void start();
    void signInAgain();
    Watchword::Session &session();
    Watchword::WatchClient &client();

Q_SIGNALS:
    void stepChanged(const Monitor::SignInStep &step); //!< A sign-in goes on; started() or failed() ends it.
    void started(); //!< Signed in; rows follow.
    void failed(const QString &reason); //!< The sign-in did not succeed: in plain words, with what to do.
    void signedOut(); //!< By the person, here or in another program of the same account.
    void cancelled(); //!< By the person.
    void resynced(int added, int removed, qint64 awayMs); //!< The link is back: what changed meanwhile.

private:
    void connectSession();
    void connectActions();
    void showStep();
    void onSignInFailed(const Watchword::Error &error);
    QString blocked() const;
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
