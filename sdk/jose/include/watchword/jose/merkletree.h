// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/jose/export.h"

#include <QByteArray>
#include <QList>

#include <functional>

namespace Watchword {

/*!
    The Merkle tree of transparency logs (RFC 6962 section 2.1, RFC 9162 section 2.1): SHA-256, leaves and inner nodes told
    apart by their first byte. Hashes are 32 raw bytes.

    A log keeps the hashes of complete subtrees; whoever has a root proves by a few hashes that an entry is in the log, or that an
    older log is the beginning of a newer one.

    Threads: reentrant. Errors: ChainBroken where a proof does not hold, InvalidArgument where there can be none.
*/
class WATCHWORD_JOSE_EXPORT MerkleTree
{
public:
    //! The hash of the complete subtree of 2^\a level leaves whose first leaf is \a index * 2^\a level; empty if it cannot
    //! be had.
    using Subtree = std::function<QByteArray(int level, quint64 index)>;

    static QByteArray leafHash(QByteArrayView entry);
    static QByteArray nodeHash(const QByteArray &left, const QByteArray &right);
    static QByteArray emptyRoot(); //!< Of a log without entries.

    //! The root of the first \a size leaves.
    static Result<QByteArray> root(quint64 size, const Subtree &subtree);
    //! That leaf \a index is in the tree of \a size leaves.
    static Result<QList<QByteArray>> inclusionProof(quint64 index, quint64 size, const Subtree &subtree);
    //! That the tree of \a oldSize leaves is the beginning of that of \a newSize.
    static Result<QList<QByteArray>> consistencyProof(quint64 oldSize, quint64 newSize, const Subtree &subtree);

    static Result<void> verifyInclusion(const QByteArray &leaf, quint64 index, quint64 size, const QByteArray &root,
                                        const QList<QByteArray> &proof);
    static Result<void> verifyConsistency(quint64 oldSize, const QByteArray &oldRoot, quint64 newSize, const QByteArray &newRoot,
                                          const QList<QByteArray> &proof);
};

} // namespace Watchword
