// SPDX-License-Identifier: Apache-2.0
#include "audit/treetiles.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr int kTileBits = 8; // 256 hashes
constexpr qsizetype kHash = 32;

} // namespace

Result<void> TreeTiles::open(quint64 size)
{
    m_size = size;
    m_edge.clear();
    m_full.clear();
    for (int level = 0; (size >> (kTileBits * level)) > 0; ++level) {
        const quint64 hashes = size >> (kTileBits * level);
        const qsizetype wanted = qsizetype(hashes % kWidth) * kHash;
        const QByteArray stored = wanted == 0 ? QByteArray() : m_load(level, hashes / kWidth);
        if (stored.size() < wanted)
            return Error(ErrorCode::StoreCorrupt, u"the audit file lacks hashes of its Merkle tree"_s);
        m_edge.append(stored.first(wanted));
    }
    return {};
}

void TreeTiles::add(const QByteArray &leafHash)
{
    append(0, leafHash);
    ++m_size;
}

void TreeTiles::append(int level, const QByteArray &hash)
{
    if (level == m_edge.size())
        m_edge.append(QByteArray());
    QByteArray &edge = m_edge[level];
    edge += hash;
    if (edge.size() < kWidth * kHash)
        return;
    const quint64 index = (m_size >> (kTileBits * (level + 1)));
    m_full.push_back({level, index, edge});
    const QByteArray root = rootOfHashes(edge);
    edge.clear();
    append(level + 1, root);
}

QByteArray TreeTiles::rootOfHashes(const QByteArray &hashes)
{
    QList<QByteArray> level;
    for (qsizetype at = 0; at < hashes.size(); at += kHash)
        level.append(hashes.mid(at, kHash));
    while (level.size() > 1) {
        for (qsizetype i = 0; i < level.size() / 2; ++i)
            level[i] = MerkleTree::nodeHash(level.at(2 * i), level.at(2 * i + 1));
        level.resize(level.size() / 2);
    }
    return level.value(0);
}

QByteArray TreeTiles::hashesOf(int level, quint64 index) const
{
    const quint64 edgeIndex = m_size >> (kTileBits * (level + 1));
    if (index == edgeIndex)
        return m_edge.value(level);
    const auto full =
        std::find_if(m_full.begin(), m_full.end(), [=](const Tile &tile) { return tile.level == level && tile.index == index; });
    return full != m_full.end() ? full->hashes : m_load(level, index);
}

MerkleTree::Subtree TreeTiles::subtree() const
{
    return [this](int height, quint64 index) -> QByteArray {
        const int level = height / kTileBits;
        const int above = height % kTileBits;
        const quint64 first = index << above;
        const qsizetype offset = qsizetype(first % kWidth) * kHash;
        const qsizetype wanted = (qsizetype(1) << above) * kHash;
        const QByteArray hashes = hashesOf(level, first / kWidth);
        return hashes.size() < offset + wanted ? QByteArray() : rootOfHashes(hashes.mid(offset, wanted));
    };
}

Result<QByteArray> TreeTiles::rootOf(quint64 size) const
{
    return MerkleTree::root(size, subtree());
}

void TreeTiles::setStored()
{
    m_full.clear();
}

std::vector<TreeTiles::Tile> TreeTiles::changed() const
{
    std::vector<Tile> changed = m_full;
    for (qsizetype level = 0; level < m_edge.size(); ++level) {
        if (!m_edge.at(level).isEmpty())
            changed.push_back({int(level), m_size >> (kTileBits * (level + 1)), m_edge.at(level)});
    }
    return changed;
}

} // namespace Watchword::Gateway
