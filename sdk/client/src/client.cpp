// SPDX-License-Identifier: Apache-2.0
#include "watchword/client/client.h"

#include "accountwatch.h"
#include "clientmachine.h"
#include "memoryaccounts.h"
#include "watchword/auth/session.h"
#include "watchword/auth/sessiontext.h"
#include "watchword/core/internal/utf8.h"
#include "watchword/core/log.h"
#include "watchword/keychain/keychainkeystore.h"

#include <QMetaMethod>
#include <QThread>

#include <deque>
#include <memory>
#include <utility>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

// A Session does not know the keychain of the desktop.
ClientOptions withKeychain(ClientOptions options)
{
    const bool usesKeychain = options.storage == StoragePolicy::Keychain || options.storage == StoragePolicy::KeychainOrMemory;
    if (usesKeychain && !options.keyStore) {
        options.keyStore = std::make_shared<KeychainKeyStore>(options.sessionOptions().applicationId, nullptr,
                                                              options.clock ? *options.clock : Clock::system());
    }
    return options;
}

/*! One account's half of a Client: they come and go together. */
struct Account
{
    //! \a kept: the session that goes on; null: a new one.
    explicit Account(const ClientOptions &options, std::unique_ptr<Session> kept = {})
        : session(kept ? std::move(kept) : std::make_unique<Session>(options.sessionOptions()))
        , connection(std::make_unique<Connection>(session.get(), options.connectionOptions()))
    {
    }
    std::unique_ptr<Session> session;
    std::unique_ptr<Connection> connection; // goes before the session, whose tokens it borrows
};

} // namespace

class Client::Private
{
public:
    using M = ClientMachine;

    Private(Client *client, ClientOptions o)
        : q(client)
        , options(withKeychain(std::move(o)))
        , ofAccount(std::make_unique<Account>(options))
        , accounts(options.sessionOptions())
        , inMemory(options.storage)
    {
    }

    Session &session() const { return *ofAccount->session; }
    Connection &connection() const { return *ofAccount->connection; }
    void watchSession();
    void watchConnection();
    void post(std::optional<M::Event> event);
    void settle() { post(std::nullopt); }
    void settleLater();
    void setLastError(const Error &error);
    void warnOnce(const Error &error);
    void hook(const QMetaMethod &signal);
    void feed(const QMetaMethod &signal); //!< Once for each connection.
    //! What the next try is waited for.
    enum class Lack { Server, Token };
    void noteLack(Lack now);
    Error endOf(const Error &refusal) const;
    void tellOfMemory(); //!< The accounts there changed, of which no file tells.

    void perform(const M::StartSession &) { session().start(); }
    void perform(const M::RefreshSession &) { session().refresh(); }
    void perform(const M::BeginSignIn &) { session().signIn(); }
    void perform(const M::CancelSignIn &) { session().cancelSignIn(); }
    void perform(const M::SignOutSession &) { session().signOut(); }
    void perform(const M::AskSession &action);
    void perform(const M::OpenConnection &) { connection().open(); }
    void perform(const M::CloseConnection &) { connection().close(); }
    void perform(const M::Report &action);
    void perform(const M::Show &action);
    void perform(const M::TellSignInNeeded &action) { Q_EMIT q->signInNeeded(action.reason); }
    void perform(const M::TellReady &) { Q_EMIT q->ready(); }
    void perform(const M::ReplaceAccount &);

    Client *const q;
    ClientOptions options;
    std::unique_ptr<Account> ofAccount;
    M machine;
    //! The first one is being worked off. Empty: look at what session and connection are by then.
    std::deque<std::optional<M::Event>> events;
    //! Soon: what session and connection are is looked at. Over: the client is being destroyed, and decides nothing more.
    enum class Settling { Not, Soon, Over } settling = Settling::Not;
    AccountWatch accounts;
    QList<QMetaMethod> heard; // signals that cost something: those that somebody listens to
    State state = State::Stopped;
    Lack lack = Lack::Server;
    bool signedIn = false; // as it was told last
    MemoryAccounts inMemory;
    Error lastError{ErrorCode::Cancelled};
    std::optional<ErrorCode> warnedOf;
};

void Client::Private::watchSession()
{
    Session *s = &session();
    connect(s, &Session::stateChanged, q, [this] { settleLater(); });
    connect(s, &Session::deviceSignInChanged, q, &Client::stateTextChanged);
    connect(s, &Session::accountChanged, q, &Client::accountNameChanged);
    connect(s, &Session::signInNeeded, q, [this](const Error &reason) { post(M::NeedsPerson{reason}); });
    connect(s, &Session::signInFailed, q, [this](const Error &error) { post(M::SignInFailed{error}); });
    connect(s, &Session::storageDegraded, q, [this](const Error &error) { post(M::Failure{error}); });
    connect(s, &Session::signedIn, q, [this] {
        post(M::SignedIn{});
        tellOfMemory();
    });
    connect(s, &Session::signedOut, q, [this] {
        post(M::SignedOut{});
        tellOfMemory();
    });
}

void Client::Private::watchConnection()
{
    Connection *c = &connection();
    connect(c, &Connection::stateChanged, q, [this] { settleLater(); });
    connect(c, &Connection::nextRetryAtChanged, q, &Client::nextRetryAtChanged);
    connect(c, &Connection::errorOccurred, q, [this](const Error &error) { post(M::Failure{error}); });
    connect(c, &Connection::authenticationRequired, q, [this](const Error &reason) { post(M::Refusal{endOf(reason)}); });
    connect(c, &Connection::byeReceived, q, [this](const Bye &bye) { post(M::Demands{{bye.acrValues, bye.maxAge}}); });
    connect(c, &Connection::attemptFailed, q, [this](const ConnectError &failure) {
        noteLack(failure.phase == AttemptPhase::Token ? Lack::Token : Lack::Server);
        if (failure.httpStatus != 0)
            post(M::Demands{{failure.acrValues, failure.maxAge}});
    });
    connect(c, &Connection::closed, q, [this](const Error &reason) { post(M::Closed{reason}); });
    connect(c, &Connection::ready, q, [this] {
        warnedOf.reset();
        settle();
        post(M::Ready{});
    });
}

void Client::Private::noteLack(Lack now)
{
    if (std::exchange(lack, now) != now && state == State::Waiting)
        Q_EMIT q->stateTextChanged();
}

// A sign-out in another program takes the account off the list before the provider, and so the server, hears of it; the news
// of the files may come later than the server's word.
Error Client::Private::endOf(const Error &refusal) const
{
    if (refusal.code() != ErrorCode::SessionRevoked || inMemory.isPossible() || accounts.isStored(session().options().account))
        return refusal;
    return Error(ErrorCode::SignedOut, u"the account was signed out by another program"_s);
}

void Client::Private::tellOfMemory()
{
    if (inMemory.isPossible())
        Q_EMIT q->accountsChanged();
}

void Client::Private::post(std::optional<M::Event> event)
{
    if (settling == Settling::Over)
        return;
    events.push_back(std::move(event));
    if (events.size() > 1)
        return;
    while (!events.empty()) {
        const std::optional<M::Event> next = events.front();
        settling = next ? settling : Settling::Not;
        const M::Settled now{session().state(), session().stateReason(), connection().state()};
        for (const M::Action &action : machine.step(next.value_or(now)))
            std::visit([this](const auto &a) { perform(a); }, action);
        if (next)
            settleLater();
        events.pop_front();
    }
}

// Not at once: see ClientMachine.
void Client::Private::settleLater()
{
    if (settling != Settling::Not)
        return;
    settling = Settling::Soon;
    QMetaObject::invokeMethod(
        q,
        [this] {
            if (settling == Settling::Soon)
                settle();
        },
        Qt::QueuedConnection);
}

void Client::Private::setLastError(const Error &error)
{
    if (std::exchange(lastError, error) != error)
        Q_EMIT q->lastErrorChanged();
}

// Those who look at nothing but the terminal have to see why nothing happens.
void Client::Private::warnOnce(const Error &error)
{
    // A code for another device that was used too late is a timeout, too, but nothing is out of reach.
    const bool isNetwork = error.condition() == ErrorCondition::Offline || error.code() == ErrorCode::Timeout;
    if (error.code() != ErrorCode::KeychainUnavailable && !isNetwork)
        return;
    if (std::exchange(warnedOf, error.code()) == error.code())
        return;
    qCWarning(logAuth).noquote() << redactedUrl(options.issuer) << error.toString() << '-' << error.remedy();
}

void Client::Private::perform(const M::AskSession &action)
{
    TokenRequest request;
    request.reason = TokenRequest::Reason::Rejected;
    request.acrValues = action.demand.acrValues;
    request.maxAge = action.demand.maxAge;
    session().requestToken(request);
}

void Client::Private::perform(const M::Report &action)
{
    setLastError(action.error);
    const Session::State state = session().state();
    const bool isOffline = state == Session::State::Offline && action.error.code() == session().stateReason().code();
    if (isOffline || !ClientMachine::isSignedIn(state))
        warnOnce(action.error);
    Q_EMIT q->errorOccurred(action.error);
}

void Client::Private::perform(const M::Show &action)
{
    setLastError(action.lastError);
    if (const bool now = q->isSignedIn(); std::exchange(signedIn, now) != now)
        Q_EMIT q->signedInChanged();
    if (std::exchange(state, action.state) == action.state)
        return;
    Q_EMIT q->stateChanged(action.state);
    Q_EMIT q->stateTextChanged();
}

// The old ones may be the callers, so they go later; the connection first.
void Client::Private::perform(const M::ReplaceAccount &)
{
    std::unique_ptr<Account> old = std::exchange(ofAccount, std::make_unique<Account>(options, inMemory.take(options.account)));
    old->connection->disconnect(q);
    old->session->disconnect(q);
    watchSession();
    watchConnection();
    for (const QMetaMethod &signal : std::as_const(heard))
        feed(signal);
    old->connection->close();
    old->connection->end(); // now: who waits may hold this client, which may be gone by then
    old->connection.release()->deleteLater();
    if (std::unique_ptr<Session> gone = inMemory.keep(std::move(old->session))) {
        gone->end();
        gone.release()->deleteLater();
    }
    Q_EMIT q->accountChanged();
    Q_EMIT q->accountNameChanged();
    Q_EMIT q->nextRetryAtChanged();
}

void Client::Private::hook(const QMetaMethod &signal)
{
    if (heard.contains(signal))
        return;
    heard.append(signal);
    feed(signal);
}

void Client::Private::feed(const QMetaMethod &signal)
{
    if (signal == QMetaMethod::fromSignal(&Client::secondsToRetryChanged))
        connect(&connection(), &Connection::secondsToRetryChanged, q, &Client::secondsToRetryChanged);
    else if (signal == QMetaMethod::fromSignal(&Client::messageReceived))
        connect(&connection(), &Connection::messageReceived, q, &Client::messageReceived);
    else
        accounts.run();
}

Client::Client(ClientOptions options, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this, std::move(options)))
{
    d->watchSession();
    d->watchConnection();
    connect(&d->accounts, &AccountWatch::changed, this, &Client::accountsChanged);
}

Client::~Client()
{
    blockSignals(true);
    d->settling = Private::Settling::Over;
    const std::vector<std::unique_ptr<Session>> others = d->inMemory.takeAll();
    // Continuations of what is pending may call back: all is still there, and nothing has an effect any more.
    d->connection().end();
    d->session().end();
    for (const std::unique_ptr<Session> &other : others)
        other->end();
}

// Called in the thread that connects, which may be any. What costs something is done only for those who listen.
void Client::connectNotify(const QMetaMethod &signal)
{
    static const QList<QMetaMethod> hooked{QMetaMethod::fromSignal(&Client::messageReceived),
                                           QMetaMethod::fromSignal(&Client::secondsToRetryChanged),
                                           QMetaMethod::fromSignal(&Client::accountsChanged)};
    if (!hooked.contains(signal))
        return;
    if (QThread::currentThread() == thread())
        d->hook(signal);
    else
        QMetaObject::invokeMethod(
            this, [this, signal] { d->hook(signal); }, Qt::QueuedConnection);
}

Client::State Client::state() const
{
    return d->state;
}

QString Client::stateText() const
{
    switch (d->state) {
    case State::Stopped:
        return tr("Not connected");
    case State::Starting:
        return tr("Restoring your sign-in…");
    case State::SignInNeeded:
        return tr("Please sign in");
    case State::SigningIn:
        return d->session().deviceSignIn().isValid() ? tr("Finish signing in on your other device")
                                                     : tr("Finish signing in in your browser");
    case State::Connecting:
        return tr("Connecting…");
    case State::Ready:
        return tr("Connected");
    case State::Waiting:
        return d->lack == Private::Lack::Token ? tr("The sign-in service cannot be reached") : tr("Connection lost");
    case State::Failed:
        return tr("Cannot connect");
    }
    return {};
}

QString Client::suggestedAction() const
{
    switch (d->state) {
    case State::Starting:
    case State::SigningIn:
        return d->session().suggestedAction();
    case State::SignInNeeded:
        return d->session().state() == Session::State::Active ? tr("Sign in again.") : d->session().suggestedAction();
    case State::Ready: // Degraded has something to say
        return d->session().state() == Session::State::Degraded ? d->session().suggestedAction() : QString();
    case State::Waiting:
        return tr("Wait a moment, or try now.");
    case State::Failed:
        return tr("Tell whoever looks after this program.");
    case State::Stopped:
    case State::Connecting:
        break;
    }
    return {};
}

Error Client::lastError() const
{
    return d->lastError;
}

QString Client::account() const
{
    return d->session().options().account;
}

QString Client::accountName() const
{
    return d->session().accountName();
}

QList<StoredAccount> Client::accounts() const
{
    return d->inMemory.listed(d->accounts.accounts(), d->session());
}

bool Client::isSignedIn() const
{
    return ClientMachine::isSignedIn(d->session().state());
}

QDateTime Client::nextRetryAt() const
{
    return d->connection().nextRetryAt();
}

int Client::secondsToRetry() const
{
    return d->connection().secondsToRetry();
}

Session &Client::session()
{
    return d->session();
}

Connection &Client::connection()
{
    return d->connection();
}

const ClientOptions &Client::options() const
{
    return d->options;
}

Result<void> Client::setAccount(const QString &account)
{
    if (account.isEmpty())
        return Error(ErrorCode::InvalidArgument, u"an account needs a name"_s);
    if (account == this->account())
        return {};
    d->options.account = account;
    d->post(ClientMachine::Switch{});
    d->settle();
    return {};
}

QFuture<Result<void>> Client::deliver(const QByteArray &message, const DeliveryOptions &options)
{
    return d->connection().deliver(message, options);
}

void Client::start()
{
    d->post(ClientMachine::Start{});
    d->settle();
}

void Client::stop()
{
    d->post(ClientMachine::Stop{});
    d->settle();
}

void Client::signIn()
{
    d->post(ClientMachine::SignIn{});
    d->settle();
}

void Client::cancelSignIn()
{
    d->session().cancelSignIn();
    d->settle();
}

void Client::signOut()
{
    d->post(ClientMachine::SignOut{});
    d->settle();
}

// The session may wait for longer than its provider has asked for, as after failures of the network.
void Client::retryNow()
{
    const bool isWaiting = d->connection().state() == Connection::State::Waiting;
    if (isWaiting && d->session().state() == Session::State::Offline && !d->session().stateReason().retryAfter())
        d->session().refresh();
    d->connection().retryNow();
}

Result<void> Client::send(const QByteArray &message)
{
    const auto delivery = Connection::Delivery::QueueUntilReady;
    const Result<void> sent = isUtf8(message) ? d->connection().sendText(QString::fromUtf8(message), delivery)
                                              : d->connection().sendBinary(message, delivery);
    if (!sent)
        d->post(ClientMachine::Failure{sent.error()});
    return sent;
}

} // namespace Watchword
