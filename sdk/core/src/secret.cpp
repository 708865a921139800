// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/secret.h"

#include <QCryptographicHash>
#include <QRandomGenerator>

#include <atomic>
#include <cstring>
#include <memory>

namespace Watchword {

void wipe(void *data, qsizetype size)
{
    auto *bytes = static_cast<volatile char *>(data);
    for (qsizetype i = 0; i < size; ++i)
        bytes[i] = 0;
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

// A buffer of its own, not a QByteArray: that one grows and shares by leaving copies behind.
struct Secret::Data : QSharedData
{
    explicit Data(QByteArrayView from)
        : bytes(std::make_unique<char[]>(size_t(from.size())))
        , size(from.size())
    {
        std::memcpy(bytes.get(), from.data(), size_t(size));
    }
    Data(const Data &) = delete;
    ~Data() { wipe(bytes.get(), size); }

    std::unique_ptr<char[]> bytes;
    qsizetype size;
};

Secret::Secret() = default;
Secret::~Secret() = default;
Secret::Secret(const Secret &) = default;
Secret::Secret(Secret &&) noexcept = default;
Secret &Secret::operator=(const Secret &) = default;
Secret &Secret::operator=(Secret &&) noexcept = default;

Secret Secret::take(QByteArray &&bytes)
{
    Secret secret = copy(bytes);
    if (!bytes.isEmpty() && bytes.isDetached())
        wipe(bytes.data(), bytes.size());
    bytes.clear();
    return secret;
}

Secret Secret::copy(QByteArrayView bytes)
{
    Secret secret;
    if (!bytes.isEmpty())
        secret.d = new Data(bytes);
    return secret;
}

Secret Secret::random(qsizetype size)
{
    QByteArray bytes(size, Qt::Uninitialized);
    auto *generator = QRandomGenerator::system();
    for (qsizetype i = 0; i < size; ++i)
        bytes[i] = char(generator->generate() & 0xff);
    return take(std::move(bytes));
}

bool Secret::isEmpty() const
{
    return !d;
}

qsizetype Secret::size() const
{
    return d ? d->size : 0;
}

QByteArrayView Secret::reveal() const
{
    return d ? QByteArrayView(d->bytes.get(), d->size) : QByteArrayView();
}

QString Secret::fingerprint() const
{
    if (!d)
        return QStringLiteral("-");
    QCryptographicHash hash(QCryptographicHash::Sha256);
    hash.addData(reveal());
    return QString::fromLatin1(hash.result().toHex().first(8));
}

bool Secret::equals(const Secret &other) const
{
    if (size() != other.size())
        return false;
    unsigned char difference = 0;
    for (qsizetype i = 0; i < size(); ++i)
        difference |= static_cast<unsigned char>(d->bytes[size_t(i)] ^ other.d->bytes[size_t(i)]);
    return difference == 0;
}

void Secret::clear()
{
    d.reset();
}

} // namespace Watchword
