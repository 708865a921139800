// SPDX-License-Identifier: Apache-2.0
#include "watchword/client/client.h"

#include "watchword/auth/session.h"
#include "watchword/core/internal/utf8.h"
#include "watchword/keychain/keychainkeystore.h"

#include <QMetaMethod>

#include <memory>
#include <utility>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

// A Session does not know the keychain of the desktop.
SessionOptions withKeychain(const ClientOptions &options)
{
    SessionOptions session = options.sessionOptions();
    const bool usesKeychain = session.storage == StoragePolicy::Keychain || session.storage == StoragePolicy::KeychainOrMemory;
    if (usesKeychain && !session.keyStore)
        session.keyStore = std::make_shared<KeychainKeyStore>(session.applicationId, nullptr, *session.clock);
    return session;
}

} // namespace

class Client::Private
{
public:
    Private(Client *client, ClientOptions o)
        : q(client)
        , options(std::move(o))
        , session(withKeychain(options))
        , connection(&session, options.connectionOptions())
    {
    }

    bool isSignedIn() const
    {
        const Session::State s = session.state();
        return s == Session::State::Active || s == Session::State::Offline || s == Session::State::Degraded;
    }
    State computeState() const;
    void update();
    void report(const Error &error);
    void rememberStepUp(const QStringList &acrValues, std::optional<std::chrono::seconds> maxAge);
    void onAuthenticationRequired(const Error &reason);
    void onClosed(const Error &reason);
    void onSignInNeeded(const Error &reason);

    Client *const q;
    const ClientOptions options;
    Session session;
    Connection connection; // goes before the session, whose tokens it borrows
    bool started = false;
    bool personNeeded = false; //!< Said once by signInNeeded(); until tokens are there again.
    bool failed = false; //!< The connection ended for a reason that no retry helps.
    bool newSignIn = false; //!< Signed in by a person and not connected since.
    bool hooked = false;
    bool restored = false; //!< The session looked for stored tokens, and there were none.
    //! What the server asked of the next sign-in, with the end that Connection is about to report (RFC 9470).
    std::optional<TokenRequest> stepUp;
    std::optional<TokenRequest> askedFor; //!< What the last sign-in was asked to be like.
    Error needReason{ErrorCode::SignInRequired};
    State state = State::Stopped;
    bool signedIn = false;
    Error lastError{ErrorCode::Cancelled};
};

Client::State Client::Private::computeState() const
{
    if (session.state() == Session::State::SigningIn)
        return State::SigningIn;
    if (!started)
        return State::Stopped;
    if (personNeeded)
        return State::SignInNeeded;
    if (failed)
        return State::Failed;
    if (!isSignedIn())
        return State::Starting;
    switch (connection.state()) {
    case Connection::State::Ready:
        return State::Ready;
    case Connection::State::Waiting:
        return State::Waiting;
    default:
        return State::Connecting;
    }
}

// One place that compares what is with what should be.
void Client::Private::update()
{
    if (isSignedIn() && started && !personNeeded && !failed && connection.state() == Connection::State::Disconnected)
        connection.open();
    if (std::exchange(signedIn, isSignedIn()) != signedIn)
        Q_EMIT q->signedInChanged();
    const State now = computeState();
    if (std::exchange(state, now) != now)
        Q_EMIT q->stateChanged(now);
}

void Client::Private::report(const Error &error)
{
    lastError = error;
    Q_EMIT q->lastErrorChanged();
    Q_EMIT q->errorOccurred(error);
}

void Client::Private::onSignInNeeded(const Error &reason)
{
    restored = true;
    needReason = reason;
    if (!started || std::exchange(personNeeded, true))
        return;
    lastError = reason;
    Q_EMIT q->lastErrorChanged();
    update();
    Q_EMIT q->signInNeeded(reason);
}

void Client::Private::rememberStepUp(const QStringList &acrValues, std::optional<std::chrono::seconds> maxAge)
{
    stepUp.reset();
    if (acrValues.isEmpty() && !maxAge)
        return;
    stepUp.emplace();
    stepUp->reason = TokenRequest::Reason::Rejected;
    stepUp->acrValues = acrValues;
    stepUp->maxAge = maxAge;
}

void Client::Private::onAuthenticationRequired(const Error &reason)
{
    const std::optional<TokenRequest> wanted =
        reason.code() == ErrorCode::InsufficientAuthentication ? std::exchange(stepUp, std::nullopt) : std::nullopt;
    const bool isAskedAgain =
        wanted && askedFor && wanted->acrValues == askedFor->acrValues && wanted->maxAge == askedFor->maxAge;
    // The session may be fine for its issuer while the server does not want its tokens. A person who signs in
    // again and is refused again must not be sent to the browser in a circle.
    if (newSignIn && (!wanted || isAskedAgain)) {
        failed = true;
        return;
    }
    if (reason.code() == ErrorCode::SessionRevoked)
        session.signOut();
    // The session is asked, so that its next sign-in is the one that the server wants; it answers with StepUp.
    if (wanted)
        session.requestToken(*wanted);
    askedFor = wanted;
    onSignInNeeded(reason);
}

void Client::Private::onClosed(const Error &reason)
{
    const bool asked = reason.code() == ErrorCode::Cancelled || reason.code() == ErrorCode::SignedOut;
    if (!asked && !personNeeded) {
        failed = true;
        lastError = reason;
        Q_EMIT q->lastErrorChanged();
    }
    update();
}

Client::Client(ClientOptions options, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this, std::move(options)))
{
    Session *s = &d->session;
    connect(s, &Session::stateChanged, this, [this] { d->update(); });
    connect(s, &Session::accountChanged, this, &Client::accountNameChanged);
    connect(s, &Session::signInNeeded, this, [this](const Error &reason) { d->onSignInNeeded(reason); });
    connect(s, &Session::signInFailed, this, [this](const Error &error) { d->report(error); });
    connect(s, &Session::storageDegraded, this, [this](const Error &error) { d->report(error); });
    connect(s, &Session::signedIn, this, [this] {
        d->personNeeded = false;
        d->failed = false;
        d->update();
    });
    Connection *c = &d->connection;
    connect(c, &Connection::stateChanged, this, [this] { d->update(); });
    connect(c, &Connection::nextRetryAtChanged, this, &Client::nextRetryAtChanged);
    connect(c, &Connection::errorOccurred, this, [this](const Error &error) { d->report(error); });
    connect(c, &Connection::authenticationRequired, this, [this](const Error &reason) { d->onAuthenticationRequired(reason); });
    connect(c, &Connection::byeReceived, this, [this](const Bye &bye) { d->rememberStepUp(bye.acrValues, bye.maxAge); });
    connect(c, &Connection::attemptFailed, this, [this](const ConnectError &failure) {
        if (failure.httpStatus != 0)
            d->rememberStepUp(failure.acrValues, failure.maxAge);
    });
    connect(c, &Connection::closed, this, [this](const Error &reason) { d->onClosed(reason); });
    connect(c, &Connection::ready, this, [this] {
        d->newSignIn = false;
        Q_EMIT ready();
    });
}

Client::~Client()
{
    d->session.disconnect(this);
    d->connection.disconnect(this);
}

// Text is converted to bytes only for those who listen.
void Client::connectNotify(const QMetaMethod &signal)
{
    if (signal == QMetaMethod::fromSignal(&Client::messageReceived) && !std::exchange(d->hooked, true))
        connect(&d->connection, &Connection::messageReceived, this, &Client::messageReceived);
}

Client::State Client::state() const
{
    return d->state;
}
Error Client::lastError() const
{
    return d->lastError;
}
QString Client::accountName() const
{
    return d->session.accountName();
}
bool Client::isSignedIn() const
{
    return d->isSignedIn();
}
QDateTime Client::nextRetryAt() const
{
    return d->connection.nextRetryAt();
}
Session &Client::session()
{
    return d->session;
}
Connection &Client::connection()
{
    return d->connection;
}
const ClientOptions &Client::options() const
{
    return d->options;
}

QFuture<Result<void>> Client::deliver(const QByteArray &message, const DeliveryOptions &options)
{
    return d->connection.deliver(message, options);
}

void Client::start()
{
    const bool again = std::exchange(d->started, true);
    if (again && !d->failed)
        return;
    d->failed = false;
    const Session::State before = d->session.state();
    d->session.start();
    d->update();
    // A session that ran before has said already that it needs a person, and says it only once.
    const bool told = before == Session::State::NeedsSignIn || before == Session::State::StepUp
        || (d->restored && before == Session::State::SignedOut);
    if (told && d->session.state() == before)
        d->onSignInNeeded(d->needReason);
}

void Client::stop()
{
    d->started = false;
    d->failed = false;
    d->personNeeded = false;
    d->session.cancelSignIn();
    d->connection.close();
    d->update();
}

void Client::signIn()
{
    const Session::State s = d->session.state();
    if (s == Session::State::SigningIn || (d->isSignedIn() && !d->personNeeded && !d->failed))
        return;
    d->started = true;
    d->newSignIn = true;
    d->session.signIn();
    d->update();
}

void Client::cancelSignIn()
{
    d->session.cancelSignIn();
}

void Client::signOut()
{
    d->personNeeded = d->started; // known, and nobody has to be told
    d->failed = false;
    d->connection.close();
    d->session.signOut();
    d->update();
}

void Client::retryNow()
{
    d->connection.retryNow();
}

Result<void> Client::send(const QByteArray &message)
{
    const auto delivery = Connection::Delivery::QueueUntilReady;
    const Result<void> sent = isUtf8(message) ? d->connection.sendText(QString::fromUtf8(message), delivery)
                                              : d->connection.sendBinary(message, delivery);
    if (!sent)
        d->report(sent.error());
    return sent;
}

} // namespace Watchword
