// SPDX-License-Identifier: Apache-2.0
#include "watchword/auth/passphrasekeystore.h"

#include "store/sealedkey.h"
#include "store/storerunner.h"
#include "watchword/core/internal/durablefile.h"
#include "watchword/core/internal/futures.h"
#include "watchword/core/log.h"

#include <QFile>
#include <QPromise>

#include <utility>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLargestKeysFile = 4096;

template <typename T>
using Promise = std::shared_ptr<QPromise<Result<T>>>;

template <typename T>
Promise<T> begin()
{
    auto promise = std::make_shared<QPromise<Result<T>>>();
    promise->start();
    return promise;
}

} // namespace

class PassphraseKeyStore::Private : public QObject
{
public:
    Private(const QString &folder, AskPassphrase function)
        : path(folder + u"/key.sealed"_s)
        , parent(folder)
        , ask(std::move(function))
    {
    }
    ~Private() override
    {
        ask = {}; // a continuation may call back
        for (const auto &cancel : std::exchange(open, {}))
            cancel();
    }

    // Finishes once, also when this goes first.
    template <typename T>
    void finish(const Promise<T> &promise, int number, const Result<T> &result)
    {
        if (open.remove(number) == 0)
            return;
        promise->addResult(result);
        promise->finish();
    }
    template <typename T>
    int remember(const Promise<T> &promise)
    {
        open.insert(++last, [promise] {
            promise->addResult(Error(ErrorCode::Cancelled, u"the key store was destroyed"_s));
            promise->finish();
        });
        return last;
    }

    void askFor(const PassphraseQuestion &question, std::function<void(const Result<Secret> &)> then)
    {
        if (!ask)
            return then(Error(ErrorCode::KeychainUnavailable, u"there is nobody to ask for the passphrase"_s)
                            .withRemedy(u"Set SessionOptions::askPassphrase."_s));
        whenDone(ask(question), this, std::move(then));
    }

    void setAside() const
    {
        for (int n = 1;; ++n) {
            const QString target = path + u".quarantined-%1"_s.arg(n);
            if (QFile::exists(target))
                continue;
            if (QFile::rename(path, target))
                qCInfo(logAuth) << "set aside a sealed key as" << target;
            return;
        }
    }

    QString path;
    QString parent;
    AskPassphrase ask;
    bool wasWrong = false;
    int last = 0;
    QHash<int, std::function<void()>> open;
    StoreRunner runner;
};

PassphraseKeyStore::PassphraseKeyStore(QString folder, AskPassphrase ask, QObject *parent)
    : KeyStore(parent)
    , d(std::make_unique<Private>(std::move(folder), std::move(ask)))
{
}

PassphraseKeyStore::~PassphraseKeyStore() = default;

QFuture<Result<Secret>> PassphraseKeyStore::readKey()
{
    const auto promise = begin<Secret>();
    const int number = d->remember(promise);
    const auto done = [this, promise, number](const Result<Secret> &key) { d->finish(promise, number, key); };
    const Result<QByteArray> bytes = readBounded(d->path, kLargestKeysFile);
    const Result<SealedKey> sealed = bytes ? decodeSealedKey(*bytes) : Result<SealedKey>(bytes.error());
    if (!sealed) {
        done(sealed.error());
        return promise->future();
    }
    d->askFor({false, d->wasWrong}, [this, done, sealed](const Result<Secret> &passphrase) {
        if (!passphrase)
            return done(passphrase.error());
        d->runner.run([sealed, passphrase] { return openKey(*sealed, *passphrase); },
                      [this, done](const Result<Secret> &key) {
                          d->wasWrong = !key && key.error().code() == ErrorCode::DecryptionFailed;
                          done(key);
                      });
    });
    return promise->future();
}

QFuture<Result<void>> PassphraseKeyStore::writeKey(const Secret &key)
{
    const auto promise = begin<void>();
    const int number = d->remember(promise);
    const auto done = [this, promise, number](const Result<void> &result) { d->finish(promise, number, result); };
    d->askFor({true, false}, [this, done, key](const Result<Secret> &passphrase) {
        if (!passphrase)
            return done(passphrase.error());
        const auto work = [this, key, passphrase]() -> Result<void> {
            const Result<SealedKey> sealed = sealKey(key, *passphrase);
            if (!sealed)
                return sealed.error();
            // What opens is what counts, not what was meant to be written.
            const Result<Secret> back = openKey(*sealed, *passphrase);
            if (!back || !back->equals(key))
                return Error(ErrorCode::StorageFailed, u"the sealed key does not open again"_s);
            if (const Result<void> made = makePrivateFolder(d->parent); !made)
                return made;
            if (QFile::exists(d->path))
                d->setAside();
            return writeDurably(d->path, encodeSealedKey(*sealed));
        };
        d->runner.run(work, done);
    });
    return promise->future();
}

QFuture<Result<void>> PassphraseKeyStore::removeKey()
{
    const auto promise = begin<void>();
    const bool gone = !QFile::exists(d->path) || QFile::remove(d->path);
    promise->addResult(gone ? Result<void>() : Result<void>(Error(ErrorCode::StorageFailed, u"cannot remove %1"_s.arg(d->path))));
    promise->finish();
    return promise->future();
}

QString PassphraseKeyStore::backendName() const
{
    return u"file with passphrase"_s;
}

} // namespace Watchword
