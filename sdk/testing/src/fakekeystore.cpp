// SPDX-License-Identifier: Apache-2.0
#include "watchword/testing/fakekeystore.h"

#include <QPromise>

#include <functional>
#include <list>

namespace Watchword {

using namespace Qt::StringLiterals;

class FakeKeyStore::Private
{
public:
    // Finishes the request in the mood of that moment, or with an error from outside.
    using Request = std::function<void(const std::optional<Error> &)>;

    template <typename T>
    QFuture<Result<T>> add(FakeKeyStore *store, std::function<Result<T>()> answer)
    {
        auto promise = std::make_shared<QPromise<Result<T>>>();
        promise->start();
        const Request request = [promise, answer = std::move(answer)](const std::optional<Error> &error) {
            promise->addResult(error ? Result<T>(*error) : answer());
            promise->finish();
        };
        if (mood == Mood::Slow) {
            waiting.push_back(request);
            Q_EMIT store->waitingForPerson();
        } else {
            request(std::nullopt);
        }
        return promise->future();
    }

    std::optional<Error> refusal() const
    {
        if (mood == Mood::Locked)
            return Error(ErrorCode::KeychainLocked, u"the fake keychain is locked"_s);
        if (mood == Mood::Unavailable)
            return Error(ErrorCode::KeychainUnavailable, u"the fake keychain has not started"_s);
        return std::nullopt;
    }

    Mood mood = Mood::Fine;
    qsizetype limit = 2560;
    QString backend = u"fake keychain"_s;
    Secret key;
    int reads = 0;
    int writes = 0;
    std::list<Request> waiting;
};

FakeKeyStore::FakeKeyStore(QObject *parent)
    : KeyStore(parent)
    , d(std::make_unique<Private>())
{
}

FakeKeyStore::~FakeKeyStore()
{
    d->mood = Mood::Unavailable; // who calls back is answered at once
    for (const Private::Request &request : std::exchange(d->waiting, {}))
        request(Error(ErrorCode::Cancelled, u"the key store was destroyed"_s));
}

void FakeKeyStore::setMood(Mood mood)
{
    d->mood = mood;
    if (mood == Mood::Slow)
        return;
    for (const Private::Request &request : std::exchange(d->waiting, {}))
        request(std::nullopt);
}

void FakeKeyStore::setSizeLimit(qsizetype bytes)
{
    d->limit = bytes;
}

void FakeKeyStore::setBackendName(const QString &name)
{
    d->backend = name;
}

void FakeKeyStore::forget()
{
    d->key.clear();
}

int FakeKeyStore::readCount() const
{
    return d->reads;
}

int FakeKeyStore::writeCount() const
{
    return d->writes;
}

QFuture<Result<Secret>> FakeKeyStore::readKey()
{
    ++d->reads;
    return d->add<Secret>(this, [this]() -> Result<Secret> {
        if (const auto error = d->refusal())
            return *error;
        if (d->mood == Mood::AnswersNothing)
            return Secret();
        if (d->mood == Mood::LooksEmpty || d->key.isEmpty())
            return Error(ErrorCode::NotFound, u"the fake keychain shows no such entry"_s);
        return d->key;
    });
}

QFuture<Result<void>> FakeKeyStore::writeKey(const Secret &key)
{
    ++d->writes;
    return d->add<void>(this, [this, key]() -> Result<void> {
        if (const auto error = d->refusal())
            return *error;
        if (key.size() > d->limit)
            return Error(ErrorCode::StorageFailed, u"the fake keychain takes %1 bytes at most"_s.arg(d->limit));
        if (d->mood == Mood::Forgetful || d->mood == Mood::LooksEmpty)
            return Error(ErrorCode::StorageFailed, u"the fake keychain accepted the key, but does not show it"_s);
        d->key = key;
        return {};
    });
}

QFuture<Result<void>> FakeKeyStore::removeKey()
{
    return d->add<void>(this, [this]() -> Result<void> {
        if (const auto error = d->refusal())
            return *error;
        d->key.clear();
        return {};
    });
}

QString FakeKeyStore::backendName() const
{
    return d->backend;
}

} // namespace Watchword
