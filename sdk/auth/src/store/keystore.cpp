// SPDX-License-Identifier: Apache-2.0
#include "watchword/auth/keystore.h"

#include "watchword/core/internal/futures.h"

namespace Watchword {

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
        return finishedFuture<Secret>(Error(ErrorCode::NotFound, QStringLiteral("no key was written")));
    return finishedFuture<Secret>(m_key);
}

QFuture<Result<void>> MemoryKeyStore::writeKey(const Secret &key)
{
    m_key = key;
    return finishedFuture<void>({});
}

QFuture<Result<void>> MemoryKeyStore::removeKey()
{
    m_key.clear();
    return finishedFuture<void>({});
}

QString MemoryKeyStore::backendName() const
{
    return QStringLiteral("memory");
}

} // namespace Watchword
