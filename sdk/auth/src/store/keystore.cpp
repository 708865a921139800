// SPDX-License-Identifier: Apache-2.0
#include "watchword/auth/keystore.h"

#include <QPromise>

namespace Watchword {

namespace {

template <typename T>
QFuture<Result<T>> ready(Result<T> result)
{
    QPromise<Result<T>> promise;
    promise.start();
    promise.addResult(std::move(result));
    promise.finish();
    return promise.future();
}

} // namespace

KeyStore::KeyStore(QObject *parent)
    : QObject(parent)
{
}

KeyStore::~KeyStore() = default;

MemoryKeyStore::MemoryKeyStore(QObject *parent)
    : KeyStore(parent)
{
}

MemoryKeyStore::~MemoryKeyStore() = default;

QFuture<Result<Secret>> MemoryKeyStore::readKey()
{
    if (m_key.isEmpty())
        return ready<Secret>(Error(ErrorCode::NotFound, QStringLiteral("no key was written")));
    return ready<Secret>(m_key);
}

QFuture<Result<void>> MemoryKeyStore::writeKey(const Secret &key)
{
    m_key = key;
    return ready<void>({});
}

QFuture<Result<void>> MemoryKeyStore::removeKey()
{
    m_key.clear();
    return ready<void>({});
}

QString MemoryKeyStore::backendName() const
{
    return QStringLiteral("memory");
}

} // namespace Watchword
