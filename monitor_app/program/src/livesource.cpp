// SPDX-License-Identifier: Apache-2.0
#include "monitor/program/livesource.h"

#include "monitor/models/watchfeed.h"
#include "monitor/widgets/workspace.h"

namespace Monitor {

class LiveSource::Private
{
public:
    Private(Workspace &space, Watchword::SessionOptions sessionOptions, Watchword::WatchOptions watchOptions)
        : workspace(space)
        , session(std::move(sessionOptions))
        , client(&session, std::move(watchOptions))
        , feed(client, { space.audit(), space.connections(), space.tokens() })
    {
    }

    Workspace &workspace;
    Watchword::Session session;
    Watchword::WatchClient client;
    WatchFeed feed;
};

LiveSource::LiveSource(Workspace &workspace, Watchword::SessionOptions session, Watchword::WatchOptions watch, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(workspace, std::move(session), std::move(watch)))
{
    connectSession();
    connectActions();
    workspace.setStatus(&d->feed.status());
    workspace.setClock([this] { return d->feed.serverNow(); });
    connect(&d->feed, &WatchFeed::applied, &workspace, &Workspace::noteChange);
}

LiveSource::~LiveSource()
{
    d->workspace.setActions({});
    d->workspace.setStatus(nullptr);
    d->workspace.setClock([] { return QDateTime::currentMSecsSinceEpoch(); });
}

void LiveSource::connectSession()
{
    using Watchword::Session;
    connect(&d->session, &Session::signInNeeded, &d->session, &Session::signIn);
    connect(&d->session, &Session::signInUrlChanged, this, [this] {
        if (!d->session.signInUrl().isEmpty())
            Q_EMIT browserStep(d->session.signInUrl());
    });
    connect(&d->session, &Session::signedIn, this, [this] {
        d->workspace.setOperatorName(d->session.accountName());
        d->client.start();
        Q_EMIT started();
    });
    connect(&d->session, &Session::accountChanged, this, [this] { d->workspace.setOperatorName(d->session.accountName()); });
    connect(&d->session, &Session::signInFailed, this, [this](const Watchword::Error &error) {
        const QString why = error.detail().isEmpty() ? error.codeName() : error.detail();
        Q_EMIT failed(tr("Signing in did not work: %1. %2").arg(why, error.remedy()));
    });
}

QString LiveSource::blocked() const
{
    if (d->client.state() != Watchword::WatchClient::State::Live)
        return tr("not connected");
    return d->client.canDisconnect() ? QString() : tr("your account may only watch (scope gw:kick is missing)");
}

void LiveSource::connectActions()
{
    Actions actions;
    actions.disconnect = [this](const QStringList &ids, int code, std::chrono::milliseconds after, const QString &reason) {
        return d->client.disconnectConnections(ids, code, after, reason);
    };
    actions.retryNow = [this] { d->client.retryNow(); };
    actions.signIn = [this] {
        if (d->session.state() == Watchword::Session::State::Active)
            d->client.start();
        else
            d->session.signIn();
    };
    actions.blocked = [this] { return blocked(); };
    d->workspace.setActions(std::move(actions));
}

void LiveSource::start()
{
    d->session.start();
}

Watchword::Session &LiveSource::session()
{
    return d->session;
}

Watchword::WatchClient &LiveSource::client()
{
    return d->client;
}

} // namespace Monitor
