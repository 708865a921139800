// SPDX-License-Identifier: Apache-2.0
#include "monitor/program/livesource.h"

#include "monitor/models/watchfeed.h"
#include "monitor/program/certificatewatch.h"
#include "monitor/widgets/workspace.h"

#include "watchword/auth/sessiontext.h"

namespace Monitor {
using namespace Qt::StringLiterals;

class LiveSource::Private
{
public:
    Private(Workspace &space, Watchword::SessionOptions sessionOptions, Watchword::WatchOptions watchOptions)
        : workspace(space)
        , examined(examinedOf(watchOptions))
        , session(std::move(sessionOptions))
        , client(&session, std::move(watchOptions))
        , feed(client, {space.audit(), space.connections(), space.tokens()})
        , certificate(client.options().gateway, client.options().additionalCertificateAuthorities, !space.isDemo())
    {
    }

    //! The endpoint of the monitors, as a stranger sees it.
    static Watchword::DoctorOptions examinedOf(const Watchword::WatchOptions &options)
    {
        Watchword::DoctorOptions examined;
        examined.endpoint = options.gateway;
        examined.endpoint.setPath(options.watchPath);
        examined.additionalCertificateAuthorities = options.additionalCertificateAuthorities;
        return examined;
    }

    Workspace &workspace;
    const Watchword::DoctorOptions examined;
    Watchword::Session session;
    Watchword::WatchClient client;
    WatchFeed feed;
    CertificateWatch certificate;
    bool hasWatched = false;
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
    connect(&d->feed, &WatchFeed::resynced, this, &LiveSource::resynced);
    d->feed.setCertificate(d->certificate.facts());
    connect(&d->certificate, &CertificateWatch::changed, this, [this] { d->feed.setCertificate(d->certificate.facts()); });
    using Watchword::WatchClient;
    connect(&d->client, &WatchClient::stateChanged, this, [this](WatchClient::State state) {
        if (state == WatchClient::State::Live)
            d->certificate.look();
    });
    connect(&d->client, &WatchClient::lastErrorChanged, this, [this] {
        const Watchword::ErrorCode code = d->client.lastError().code();
        if (code == Watchword::ErrorCode::TlsFailed || code == Watchword::ErrorCode::PinMismatch)
            d->certificate.look();
    });
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
    const Session *session = &d->session;
    connect(session, &Session::signInNeeded, this, [this] {
        if (!d->hasWatched)
            d->session.signIn();
    });
    connect(session, &Session::stateChanged, this, &LiveSource::showStep);
    connect(session, &Session::signInUrlChanged, this, &LiveSource::showStep);
    connect(session, &Session::deviceSignInChanged, this, &LiveSource::showStep);
    connect(session, &Session::otherUserChanged, this, &LiveSource::showStep);
    connect(session, &Session::signedIn, this, [this] {
        d->hasWatched = true;
        d->workspace.setOperatorName(d->session.accountName());
        d->client.start();
        Q_EMIT started();
    });
    connect(session, &Session::accountChanged, this, [this] { d->workspace.setOperatorName(d->session.accountName()); });
    connect(session, &Session::signInFailed, this, &LiveSource::onSignInFailed);
    connect(session, &Session::signedOut, this, &LiveSource::signedOut);
}

// Only what a person has to see: while rows are watched, a refresh or a keychain that waits is no step of a sign-in.
void LiveSource::showStep()
{
    using Watchword::Session;
    const Session::State state = d->session.state();
    SignInStep step;
    if (state == Session::State::SigningIn && d->session.deviceSignIn().isValid()) {
        step.kind = SignInStep::Kind::Device;
        step.device = d->session.deviceSignIn();
    } else if (state == Session::State::SigningIn && !d->session.signInUrl().isEmpty()) {
        step.kind = SignInStep::Kind::Browser;
        step.link = d->session.signInUrl();
    } else if (state == Session::State::SigningIn) {
        step.words = tr("Asking the provider…");
    } else if (!d->session.otherUser().isEmpty()) {
        step.kind = SignInStep::Kind::OtherUser;
        step.other = d->session.otherUser();
        step.owner = d->session.accountName();
    } else if (d->hasWatched) {
        return;
    } else if (state == Session::State::KeychainWaiting) {
        step.kind = SignInStep::Kind::Keychain;
        step.words = Watchword::SessionText::ofReason(d->session.stateReason().code()) + u' ' + d->session.suggestedAction();
    } else if (state == Session::State::Restoring || state == Session::State::Offline) {
        step.words = d->session.stateText() + u' ' + d->session.suggestedAction();
    } else {
        return;
    }
    Q_EMIT stepChanged(step);
}

void LiveSource::onSignInFailed(const Watchword::Error &error)
{
    using Watchword::ErrorCode;
    if (error.code() == ErrorCode::Cancelled) {
        Q_EMIT cancelled();
        return;
    }
    const bool stepSaysIt =
        error.code() == ErrorCode::WrongUser || d->session.state() == Watchword::Session::State::KeychainWaiting;
    if (stepSaysIt)
        return;
    QStringList sentences{tr("Signing in did not work."), Watchword::SessionText::ofReason(error.code()),
                          Watchword::SessionText::suggestion(Watchword::Session::State::NeedsSignIn, error)};
    if (!error.detail().isEmpty()) // for whoever looks after the provider
        sentences.append(u'(' + error.detail() + u')');
    sentences.removeAll(QString());
    Q_EMIT failed(sentences.join(u' '));
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
    actions.signIn = [this] { signInAgain(); };
    actions.signOut = [this] { d->session.signOut(); };
    actions.doctorOptions = [this] { return d->examined; };
    actions.blocked = [this] { return blocked(); };
    d->workspace.setActions(std::move(actions));
}

void LiveSource::start()
{
    d->session.start();
}

void LiveSource::signInAgain()
{
    if (d->session.state() == Watchword::Session::State::Active)
        d->client.start();
    else
        d->session.signIn();
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
