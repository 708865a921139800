// SPDX-License-Identifier: Apache-2.0
#include "watchword/keychain/keychainkeystore.h"

#include "keychainthread.h"
#include "watchword/core/internal/futures.h"
#include "watchword/core/log.h"

#include <QLibrary>
#include <QPromise>

#include <deque>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kWaiting = 5s;
constexpr Duration kUnresponsive = 60s;

Error errorOf(const KeychainAnswer &answer)
{
    switch (answer.status) {
    case KeychainAnswer::Status::NotFound:
        return Error(ErrorCode::NotFound, u"the keychain shows no such entry"_s);
    case KeychainAnswer::Status::Denied:
        return Error(ErrorCode::KeychainLocked, answer.text);
    case KeychainAnswer::Status::Unavailable:
        return Error(ErrorCode::KeychainUnavailable, answer.text);
    case KeychainAnswer::Status::Empty:
        return Error(ErrorCode::StorageFailed, u"the keychain reported success, but gave nothing"_s);
    case KeychainAnswer::Status::Done:
        break;
    }
    return Error(ErrorCode::StorageFailed, u"the keychain holds something else than was written"_s);
}

} // namespace

/*
    Requests are carried out one after the other, each as a short list of jobs: a write is write then read, a removal is remove
    then read. The jobs run in the keychain's thread; here are only their answers and the watchdogs.
*/
class KeychainKeyStore::Private
{
public:
    enum class Kind { Read, Write, Remove };

    struct Request
    {
        Kind kind = Kind::Read;
        Secret key;
        QPromise<Result<Secret>> promise;
    };

    Private(QString id, KeychainKeyStore *store, Clock &clock)
        : entry(std::move(id) + u"/token-key"_s)
        , q(store)
        , waiting(clock)
        , unresponsive(clock)
    {
    }

    QFuture<Result<Secret>> add(Kind kind, const Secret &key)
    {
        if (!q)
            return finishedFuture<Secret>(Error(ErrorCode::Cancelled, u"the key store was destroyed"_s));
        requests.push_back({kind, key, {}});
        requests.back().promise.start();
        QFuture<Result<Secret>> future = requests.back().promise.future();
        if (requests.size() == 1)
            begin();
        return future;
    }

    void begin()
    {
        if (stuck) {
            finish(Error(ErrorCode::KeychainUnresponsive, u"an earlier request is still without an answer"_s));
            return;
        }
        waiting.start(kWaiting);
        unresponsive.start(kUnresponsive);
        const Request &request = requests.front();
        switch (request.kind) {
        case Kind::Read:
            return post({KeychainJob::Kind::Read, entry, {}});
        case Kind::Write:
            return post({KeychainJob::Kind::Write, entry, request.key});
        case Kind::Remove:
            return post({KeychainJob::Kind::Remove, entry, {}});
        }
    }

    void post(const KeychainJob &job)
    {
        const int current = ++serial;
        KeychainThread::instance().post(job, q, [this, current, kind = job.kind](const KeychainAnswer &answer) {
            if (current == stuckSerial)
                stuck = false; // the keychain is through with what it was left alone with
            if (current == serial && !requests.empty())
                onAnswer(kind, answer);
        });
    }

    void onAnswer(KeychainJob::Kind job, const KeychainAnswer &answer)
    {
        const Request &request = requests.front();
        const bool done = answer.status == KeychainAnswer::Status::Done;
        if (request.kind == Kind::Read)
            return finish(done ? Result<Secret>(answer.data) : Result<Secret>(errorOf(answer)));
        const bool isCheck = job == KeychainJob::Kind::Read;
        if (!isCheck) {
            const bool mayBeGone = request.kind == Kind::Remove && answer.status == KeychainAnswer::Status::NotFound;
            if (!done && !mayBeGone)
                return finish(errorOf(answer));
            return post({KeychainJob::Kind::Read, entry, {}}); // what it says has happened must be seen
        }
        if (request.kind == Kind::Write) {
            if (done && answer.data.equals(request.key))
                return finish(answer.data);
            return finish(answer.status == KeychainAnswer::Status::NotFound
                              ? Error(ErrorCode::StorageFailed, u"the keychain accepted the key, but does not show it"_s)
                              : errorOf(answer));
        }
        if (answer.status == KeychainAnswer::Status::NotFound)
            return finish(Secret());
        finish(done ? Error(ErrorCode::KeychainLocked, u"the keychain said it removed the key, but still shows it"_s)
                    : errorOf(answer));
    }

    void onUnresponsive()
    {
        stuck = true;
        stuckSerial = serial;
        ++serial;
        finish(Error(ErrorCode::KeychainUnresponsive, u"the keychain has not answered for a minute"_s));
    }

    void finish(const Result<Secret> &result)
    {
        waiting.cancel();
        unresponsive.cancel();
        Request request = std::move(requests.front());
        requests.pop_front();
        if (!result)
            qCDebug(logKeychain).noquote() << result.error().toString();
        const bool isNextDue = !requests.empty(); // what a continuation adds begins by itself
        request.promise.addResult(result);
        request.promise.finish();
        if (isNextDue)
            begin();
    }

    QString entry;
    KeychainKeyStore *q; //!< Null: it is being destroyed.
    Alarm waiting;
    Alarm unresponsive;
    std::deque<Request> requests;
    int serial = 0;
    int stuckSerial = 0;
    bool stuck = false;
};

namespace {

QFuture<Result<void>> withoutValue(QFuture<Result<Secret>> future)
{
    return future.then([](const Result<Secret> &result) { return result ? Result<void>() : Result<void>(result.error()); });
}

} // namespace

KeychainKeyStore::KeychainKeyStore(const QString &applicationId, QObject *parent, Clock &clock)
    : KeyStore(parent)
    , d(std::make_unique<Private>(applicationId, this, clock))
{
    connect(&d->waiting, &Alarm::due, this, &KeyStore::waitingForPerson);
    connect(&d->unresponsive, &Alarm::due, this, [this] { d->onUnresponsive(); });
}

KeychainKeyStore::~KeychainKeyStore()
{
    ++d->serial;
    d->q = nullptr;
    while (!d->requests.empty()) {
        Private::Request request = std::move(d->requests.front());
        d->requests.pop_front();
        request.promise.addResult(Error(ErrorCode::Cancelled, u"the key store was destroyed"_s));
        request.promise.finish();
    }
}

QFuture<Result<Secret>> KeychainKeyStore::readKey()
{
    return d->add(Private::Kind::Read, {});
}

QFuture<Result<void>> KeychainKeyStore::writeKey(const Secret &key)
{
    return withoutValue(d->add(Private::Kind::Write, key));
}

QFuture<Result<void>> KeychainKeyStore::removeKey()
{
    return withoutValue(d->add(Private::Kind::Remove, {}));
}

QString KeychainKeyStore::backendName() const
{
#if defined(Q_OS_WIN)
    return u"Windows credential store"_s;
#elif defined(Q_OS_MACOS)
    return u"macOS keychain"_s;
#else
    // As QtKeychain chooses: the Secret Service where its library is, which reaches KWallet too; else KWallet.
    static const bool secretService = QLibrary(u"secret-1"_s, 0).load();
    return secretService ? u"Secret Service"_s : u"KWallet"_s;
#endif
}

} // namespace Watchword
