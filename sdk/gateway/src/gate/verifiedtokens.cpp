// SPDX-License-Identifier: Apache-2.0
#include "gate/verifiedtokens.h"

#include <QCryptographicHash>

#include <algorithm>

namespace Watchword::Gateway {

namespace {

// Texts are UTF-16 here, and some claims are kept twice.
constexpr qsizetype kBytesOfCharacter = 4;
constexpr qsizetype kBytesOfEntry = 2048;

} // namespace

VerifiedTokens::VerifiedTokens(qsizetype most, qsizetype mostBytes)
    : m_most(most)
    , m_mostBytes(mostBytes)
{
}

VerifiedTokens::~VerifiedTokens() = default;

QByteArray VerifiedTokens::digestOf(QByteArrayView token)
{
    return QCryptographicHash::hash(token, QCryptographicHash::Sha256);
}

const VerifiedTokens::Entry *VerifiedTokens::find(const QByteArray &digest)
{
    const auto found = m_places.constFind(digest);
    if (found == m_places.cend())
        return nullptr;
    m_order.splice(m_order.begin(), m_order, *found);
    return &m_order.front().entry;
}

void VerifiedTokens::insert(const QByteArray &digest, Entry entry, qsizetype tokenSize)
{
    remove(digest);
    Place place{digest, std::move(entry), kBytesOfEntry + kBytesOfCharacter * tokenSize};
    if (m_most <= 0 || place.bytes > m_mostBytes)
        return;
    const Person person = personOf(place.entry);
    if (const auto own = m_ofPerson.constFind(person); own != m_ofPerson.cend() && own->size() >= kMostOfAPerson)
        drop(own->front());
    while (m_places.size() >= m_most || m_bytes + place.bytes > m_mostBytes)
        drop(std::prev(m_order.end()));
    m_bytes += place.bytes;
    m_order.push_front(std::move(place));
    m_places.insert(digest, m_order.begin());
    m_ofPerson[person].push_back(m_order.begin());
}

void VerifiedTokens::remove(const QByteArray &digest)
{
    if (const auto found = m_places.constFind(digest); found != m_places.cend())
        drop(*found);
}

void VerifiedTokens::clear()
{
    m_places.clear();
    m_ofPerson.clear();
    m_order.clear();
    m_bytes = 0;
}

void VerifiedTokens::drop(Order::iterator place)
{
    m_bytes -= place->bytes;
    m_places.remove(place->digest);
    const auto own = m_ofPerson.find(personOf(place->entry));
    std::erase(*own, place);
    if (own->empty())
        m_ofPerson.erase(own);
    m_order.erase(place);
}

} // namespace Watchword::Gateway
