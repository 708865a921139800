// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/merkletree.h"

#include <openssl/evp.h>

#include <algorithm>
#include <bit>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kNodeSize = 32;

QByteArray sha256Of(QByteArrayView bytes)
{
    static const EVP_MD *const sha256 = EVP_MD_fetch(nullptr, "SHA2-256", nullptr); // for the life of the program
    QByteArray digest(kNodeSize, '\0');
    EVP_Digest(bytes.data(), std::size_t(bytes.size()), reinterpret_cast<unsigned char *>(digest.data()), nullptr, sha256,
               nullptr);
    return digest;
}

Error impossible(const QString &what)
{
    return Error(ErrorCode::InvalidArgument, what);
}

Error unproven(const QString &what)
{
    return Error(ErrorCode::ChainBroken, what);
}

// The largest power of two that is smaller than \a size, which is at least 2.
quint64 split(quint64 size)
{
    return std::bit_floor(size - 1);
}

// Hashes of ranges of leaves, of the subtrees that the log keeps.
class Ranges
{
public:
    explicit Ranges(const MerkleTree::Subtree &subtree)
        : m_subtree(subtree)
    {
    }

    QByteArray hash(quint64 from, quint64 size)
    {
        if (size == 0)
            return MerkleTree::emptyRoot();
        if (std::has_single_bit(size) && from % size == 0) {
            const int level = std::countr_zero(size);
            const QByteArray found = m_subtree(level, from >> level);
            m_isComplete = m_isComplete && found.size() == kNodeSize;
            return found;
        }
        const quint64 left = split(size);
        return MerkleTree::nodeHash(hash(from, left), hash(from + left, size - left));
    }

    // RFC 9162 section 2.1.3.1.
    void path(quint64 index, quint64 from, quint64 size, QList<QByteArray> &proof)
    {
        if (size <= 1)
            return;
        const quint64 left = split(size);
        if (index < left) {
            path(index, from, left, proof);
            proof.append(hash(from + left, size - left));
        } else {
            path(index - left, from + left, size - left, proof);
            proof.append(hash(from, left));
        }
    }

    // RFC 9162 section 2.1.4.1.
    void subproof(quint64 old, quint64 from, quint64 size, bool isWhole, QList<QByteArray> &proof)
    {
        if (old == size) {
            if (!isWhole)
                proof.append(hash(from, size));
            return;
        }
        const quint64 left = split(size);
        if (old <= left) {
            subproof(old, from, left, isWhole, proof);
            proof.append(hash(from + left, size - left));
        } else {
            subproof(old - left, from + left, size - left, false, proof);
            proof.append(hash(from, left));
        }
    }

    bool isComplete() const { return m_isComplete; }

private:
    const MerkleTree::Subtree &m_subtree;
    bool m_isComplete = true;
};

bool areHashes(const QList<QByteArray> &proof)
{
    return std::all_of(proof.begin(), proof.end(), [](const QByteArray &hash) { return hash.size() == kNodeSize; });
}

} // namespace

QByteArray MerkleTree::leafHash(QByteArrayView entry)
{
    QByteArray bytes(1, '\0');
    bytes.append(entry.data(), entry.size());
    return sha256Of(bytes);
}

QByteArray MerkleTree::nodeHash(const QByteArray &left, const QByteArray &right)
{
    return sha256Of('\1' + left + right);
}

QByteArray MerkleTree::emptyRoot()
{
    return sha256Of({});
}

Result<QByteArray> MerkleTree::root(quint64 size, const Subtree &subtree)
{
    Ranges ranges(subtree);
    const QByteArray hash = ranges.hash(0, size);
    return ranges.isComplete() ? Result<QByteArray>(hash) : impossible(u"the log lacks hashes of its tree"_s);
}

Result<QList<QByteArray>> MerkleTree::inclusionProof(quint64 index, quint64 size, const Subtree &subtree)
{
    if (index >= size)
        return impossible(u"a log of %1 entries has no entry %2"_s.arg(size).arg(index));
    Ranges ranges(subtree);
    QList<QByteArray> proof;
    ranges.path(index, 0, size, proof);
    return ranges.isComplete() ? Result<QList<QByteArray>>(proof) : impossible(u"the log lacks hashes of its tree"_s);
}

Result<QList<QByteArray>> MerkleTree::consistencyProof(quint64 oldSize, quint64 newSize, const Subtree &subtree)
{
    if (oldSize > newSize)
        return impossible(u"a log of %1 entries cannot be the beginning of one of %2"_s.arg(oldSize).arg(newSize));
    QList<QByteArray> proof;
    if (oldSize == 0 || oldSize == newSize)
        return proof;
    Ranges ranges(subtree);
    ranges.subproof(oldSize, 0, newSize, true, proof);
    return ranges.isComplete() ? Result<QList<QByteArray>>(proof) : impossible(u"the log lacks hashes of its tree"_s);
}

// RFC 9162 section 2.1.3.2.
Result<void> MerkleTree::verifyInclusion(const QByteArray &leaf, quint64 index, quint64 size, const QByteArray &root,
                                         const QList<QByteArray> &proof)
{
    if (index >= size || leaf.size() != kNodeSize || !areHashes(proof))
        return unproven(u"this is no proof for entry %1 of %2"_s.arg(index).arg(size));
    quint64 fn = index;
    quint64 sn = size - 1;
    QByteArray hash = leaf;
    for (const QByteArray &other : proof) {
        if (sn == 0)
            return unproven(u"the proof is too long"_s);
        if ((fn & 1) || fn == sn) {
            hash = nodeHash(other, hash);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            hash = nodeHash(hash, other);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0 || hash != root)
        return unproven(u"the entry is not in the log of that root"_s);
    return {};
}

// RFC 9162 section 2.1.4.2.
Result<void> MerkleTree::verifyConsistency(quint64 oldSize, const QByteArray &oldRoot, quint64 newSize, const QByteArray &newRoot,
                                           const QList<QByteArray> &proof)
{
    const Error rewritten = unproven(u"the log of %1 entries is not the beginning of that of %2"_s.arg(oldSize).arg(newSize));
    if (oldSize > newSize || !areHashes(proof))
        return rewritten;
    if (oldSize == newSize)
        return oldRoot == newRoot && proof.isEmpty() ? Result<void>() : rewritten;
    if (oldSize == 0)
        return proof.isEmpty() && oldRoot == emptyRoot() ? Result<void>() : rewritten;
    QList<QByteArray> path = proof;
    if (std::has_single_bit(oldSize))
        path.prepend(oldRoot);
    if (path.isEmpty())
        return rewritten;
    quint64 fn = oldSize - 1;
    quint64 sn = newSize - 1;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    QByteArray fr = path.first();
    QByteArray sr = fr;
    for (qsizetype i = 1; i < path.size(); ++i) {
        const QByteArray &other = path.at(i);
        if (sn == 0)
            return rewritten;
        if ((fn & 1) || fn == sn) {
            fr = nodeHash(other, fr);
            sr = nodeHash(other, sr);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            sr = nodeHash(sr, other);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && fr == oldRoot && sr == newRoot ? Result<void>() : rewritten;
}

} // namespace Watchword
