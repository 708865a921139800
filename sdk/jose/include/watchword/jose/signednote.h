// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/jose/signingkey.h"

#include <QList>

#include <optional>

namespace Watchword {

/*!
    A public key that signs notes, as C2SP signed-note writes it: "<name>+<key id>+<base64 of type and key>".

    Ed25519 only: plain signatures (type 1), and cosignatures of witnesses (type 4, C2SP tlog-cosignature), which also say when.
    Threads: reentrant.
*/
class WATCHWORD_JOSE_EXPORT NoteVerifier
{
public:
    enum class Type : quint8 { Ed25519 = 1, CosignatureV1 = 4 };

    static Result<NoteVerifier> fromText(QByteArrayView text); //!< ConfigInvalid if it is none.
    //! Of an EdDSA key; a \a name has no spaces and no plus sign.
    static Result<NoteVerifier> fromKey(const QByteArray &name, const Jwk &key, Type type = Type::Ed25519);

    QByteArray toText() const;
    QByteArray name() const { return m_name; }
    QByteArray keyId() const { return m_id; } //!< Four bytes.
    Type type() const { return m_type; }
    Result<void> verify(QByteArrayView message, QByteArrayView signature) const;

private:
    NoteVerifier() = default;
    QByteArray m_name;
    QByteArray m_id;
    QByteArray m_key;
    Type m_type = Type::Ed25519;
    Jwk m_jwk;
};

/*!
    A text with signatures below it (C2SP signed-note): what Go's golang.org/x/mod/sumdb/note reads and writes.

    Threads: reentrant. Errors: InvalidResponse for bytes that are no note, BadSignature, UnknownKey.
*/
class WATCHWORD_JOSE_EXPORT SignedNote
{
public:
    struct Signature
    {
        QByteArray name;
        QByteArray keyId; //!< Four bytes.
        QByteArray bytes;
    };

    explicit SignedNote(const QByteArray &text); //!< With a line end at its end, without signatures.
    static Result<SignedNote> fromBytes(QByteArrayView bytes); //!< At most 64 KiB and 100 signatures.

    QByteArray text() const { return m_text; }
    QList<Signature> signatures() const { return m_signatures; }
    QByteArray toBytes() const;

    //! Signs with an EdDSA key; a signature of the same key is replaced.
    Result<void> sign(const QByteArray &name, const SigningKey &key);
    //! Says as a witness that the text was seen at \a now, and that it is consistent with what was seen before.
    Result<void> cosign(const QByteArray &name, const SigningKey &key, WallTime now);
    //! UnknownKey without a signature of \a verifier. The time of a cosignature, if it is one.
    Result<std::optional<WallTime>> verify(const NoteVerifier &verifier) const;

private:
    void add(const Signature &signature);
    QByteArray m_text;
    QList<Signature> m_signatures;
};

/*! The state of a log: a signed note with this text is a checkpoint (C2SP tlog-checkpoint). */
struct WATCHWORD_JOSE_EXPORT Checkpoint
{
    QByteArray origin; //!< Which log.
    quint64 size = 0; //!< Entries.
    QByteArray root; //!< Of the Merkle tree.

    QByteArray toText() const;
    static Result<Checkpoint> fromText(QByteArrayView text); //!< Lines behind the third are extensions and are passed over.
};

} // namespace Watchword
