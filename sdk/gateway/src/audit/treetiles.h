// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"
#include "watchword/jose/merkletree.h"

#include <QMap>

#include <vector>

namespace Watchword::Gateway {

/*!
    The hashes that a Merkle tree needs to prove something, in tiles of 256 (as C2SP tlog-tiles cuts them): a tile of level 0
   holds leaves, one of level 1 the roots of full tiles of level 0, and so on. The tiles at the right edge are in memory, full
   ones come from the loader.

    Life cycle: open(), then add(); changed() says what has to be stored so that open() works again.
    Threads: reentrant.
*/
class WATCHWORD_TEST_EXPORT TreeTiles
{
public:
    static constexpr int kWidth = 256;

    struct Tile
    {
        int level = 0;
        quint64 index = 0;
        QByteArray hashes; //!< Up to kWidth times 32 bytes.
    };
    using Load = std::function<QByteArray(int level, quint64 index)>; //!< The hashes of a tile; empty if there is none.

    explicit TreeTiles(Load load)
        : m_load(std::move(load))
    {
    }

    //! Goes on behind \a size leaves that were stored. StoreCorrupt if tiles at the edge are missing.
    Result<void> open(quint64 size);
    void add(const QByteArray &leafHash);
    quint64 size() const { return m_size; }
    Result<QByteArray> root() const { return rootOf(m_size); }
    Result<QByteArray> rootOf(quint64 size) const;
    MerkleTree::Subtree subtree() const;
    std::vector<Tile> changed() const; //!< The tiles that are new or longer since the last setStored().
    void setStored(); //!< What changed() gave is stored.

private:
    void append(int level, const QByteArray &hash);
    QByteArray hashesOf(int level, quint64 index) const;
    static QByteArray rootOfHashes(const QByteArray &hashes);

    Load m_load;
    quint64 m_size = 0;
    QList<QByteArray> m_edge; //!< Of each level, the tile that is not full.
    std::vector<Tile> m_full; //!< Since the last setStored().
};

} // namespace Watchword::Gateway
