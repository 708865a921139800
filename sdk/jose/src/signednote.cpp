// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/signednote.h"

#include "watchword/core/internal/utf8.h"
#include "watchword/jose/base64url.h"

#include <QCryptographicHash>
#include <QtEndian>

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLargestNote = 64 * 1024;
constexpr qsizetype kMostSignatures = 100;
constexpr qsizetype kKeySize = 32;
constexpr qsizetype kIdSize = 4;
constexpr qsizetype kTimeSize = 8;
const QByteArray kDash = QByteArrayLiteral("\xe2\x80\x94 "); // an em dash and a space begin a signature

Error notANote(const QString &why)
{
    return Error(ErrorCode::InvalidResponse, u"not a signed note: "_s + why);
}

bool isName(const QByteArray &name)
{
    return !name.isEmpty() && isUtf8(name)
        && std::none_of(name.begin(), name.end(), [](char c) { return uchar(c) <= 0x20 || c == '+' || c == 0x7f; });
}

QByteArray rawKeyOf(const Jwk &key)
{
    return QByteArray::fromBase64(key.toPublicJson().value("x"_L1).toString().toLatin1(), QByteArray::Base64UrlEncoding);
}

std::optional<QByteArray> fromBase64Strictly(const QByteArray &text)
{
    const auto decoded = QByteArray::fromBase64Encoding(text, QByteArray::AbortOnBase64DecodingErrors);
    if (!decoded || (*decoded).toBase64() != text)
        return {};
    return *decoded;
}

// C2SP tlog-cosignature: what a witness signs.
QByteArray cosignedMessage(const QByteArray &text, qint64 seconds)
{
    return "cosignature/v1\ntime " + QByteArray::number(seconds) + '\n' + text;
}

} // namespace

Result<NoteVerifier> NoteVerifier::fromText(QByteArrayView text)
{
    const Error bad(ErrorCode::ConfigInvalid, u"not the public key of a note: <name>+<key id>+<key>"_s);
    const QByteArray bytes = text.toByteArray().trimmed();
    const qsizetype first = bytes.indexOf('+');
    const qsizetype second = bytes.indexOf('+', first + 1);
    if (first <= 0 || second < 0)
        return bad;
    const std::optional<QByteArray> key = fromBase64Strictly(bytes.mid(second + 1));
    if (!key || key->size() != 1 + kKeySize)
        return bad;
    const auto type = Type(quint8(key->at(0)));
    if (type != Type::Ed25519 && type != Type::CosignatureV1)
        return bad;
    const QByteArray x = key->mid(1).toBase64(QByteArray::Base64UrlEncoding | QByteArray::OmitTrailingEquals);
    const Result<Jwk> jwk = Jwk::fromJson({{"kty"_L1, u"OKP"_s}, {"crv"_L1, u"Ed25519"_s}, {"x"_L1, QString::fromLatin1(x)}});
    if (!jwk)
        return bad;
    const Result<NoteVerifier> verifier = fromKey(bytes.first(first), *jwk, type);
    if (!verifier || verifier->keyId().toHex() != bytes.sliced(first + 1, second - first - 1))
        return bad;
    return verifier;
}

Result<NoteVerifier> NoteVerifier::fromKey(const QByteArray &name, const Jwk &key, Type type)
{
    NoteVerifier verifier;
    verifier.m_name = name;
    verifier.m_type = type;
    verifier.m_jwk = key;
    verifier.m_key = char(type) + rawKeyOf(key);
    if (!isName(name) || verifier.m_key.size() != 1 + kKeySize)
        return Error(ErrorCode::ConfigInvalid, u"a note is signed by a name without spaces and plus signs, and an Ed25519 key"_s);
    verifier.m_id = QCryptographicHash::hash(name + '\n' + verifier.m_key, QCryptographicHash::Sha256).first(kIdSize);
    return verifier;
}

QByteArray NoteVerifier::toText() const
{
    return m_name + '+' + m_id.toHex() + '+' + m_key.toBase64();
}

Result<void> NoteVerifier::verify(QByteArrayView message, QByteArrayView signature) const
{
    return m_jwk.verify(u"EdDSA"_s, message, signature);
}

SignedNote::SignedNote(const QByteArray &text)
    : m_text(text)
{
}

Result<SignedNote> SignedNote::fromBytes(QByteArrayView view)
{
    const QByteArray bytes = view.toByteArray();
    if (bytes.size() > kLargestNote)
        return Error(ErrorCode::ResponseTooLarge, u"a signed note of %1 bytes; the limit is 64 KiB"_s.arg(bytes.size()));
    const bool isClean = isUtf8(bytes)
        && std::none_of(bytes.begin(), bytes.end(), [](char c) { return (uchar(c) < 0x20 && c != '\n') || c == 0x7f; });
    if (!isClean)
        return notANote(u"it is not text"_s);
    const qsizetype split = bytes.lastIndexOf("\n\n");
    if (split < 0 || !bytes.endsWith('\n'))
        return notANote(u"it has no signatures"_s);
    SignedNote note(bytes.first(split + 1));
    const QList<QByteArray> lines = bytes.sliced(split + 2).chopped(1).split('\n');
    if (lines.size() > kMostSignatures)
        return notANote(u"it has too many signatures"_s);
    for (const QByteArray &line : lines) {
        const QByteArray rest = line.startsWith(kDash) ? line.mid(kDash.size()) : QByteArray();
        const qsizetype space = rest.indexOf(' ');
        const std::optional<QByteArray> signature = fromBase64Strictly(rest.mid(space + 1));
        if (space <= 0 || !isName(rest.first(space)) || !signature || signature->size() <= kIdSize)
            return notANote(u"one of its signatures is none"_s);
        note.m_signatures.append({rest.first(space), signature->first(kIdSize), signature->mid(kIdSize)});
    }
    return note;
}

QByteArray SignedNote::toBytes() const
{
    QByteArray bytes = m_text + '\n';
    for (const Signature &signature : m_signatures)
        bytes += kDash + signature.name + ' ' + (signature.keyId + signature.bytes).toBase64() + '\n';
    return bytes;
}

void SignedNote::add(const Signature &signature)
{
    m_signatures.removeIf(
        [&signature](const Signature &other) { return other.name == signature.name && other.keyId == signature.keyId; });
    m_signatures.append(signature);
}

Result<void> SignedNote::sign(const QByteArray &name, const SigningKey &key)
{
    const Result<NoteVerifier> verifier = NoteVerifier::fromKey(name, key.publicKey());
    const Result<QByteArray> signature = verifier ? key.sign(m_text) : Result<QByteArray>(verifier.error());
    if (!signature)
        return signature.error();
    add({name, verifier->keyId(), *signature});
    return {};
}

Result<void> SignedNote::cosign(const QByteArray &name, const SigningKey &key, WallTime now)
{
    const Result<NoteVerifier> verifier = NoteVerifier::fromKey(name, key.publicKey(), NoteVerifier::Type::CosignatureV1);
    const qint64 seconds = toSecondsSinceEpoch(now);
    const Result<QByteArray> signature =
        verifier ? key.sign(cosignedMessage(m_text, seconds)) : Result<QByteArray>(verifier.error());
    if (!signature)
        return signature.error();
    QByteArray time(kTimeSize, '\0');
    qToBigEndian(quint64(seconds), time.data());
    add({name, verifier->keyId(), time + *signature});
    return {};
}

Result<std::optional<WallTime>> SignedNote::verify(const NoteVerifier &verifier) const
{
    for (const Signature &signature : m_signatures) {
        if (signature.name != verifier.name() || signature.keyId != verifier.keyId())
            continue;
        if (verifier.type() == NoteVerifier::Type::Ed25519) {
            const Result<void> good = verifier.verify(m_text, signature.bytes);
            return good ? Result<std::optional<WallTime>>(std::optional<WallTime>()) : good.error();
        }
        if (signature.bytes.size() <= kTimeSize)
            return Error(ErrorCode::BadSignature, u"a cosignature without a time"_s);
        const auto seconds = qint64(qFromBigEndian<quint64>(signature.bytes.constData()));
        const Result<void> good = verifier.verify(cosignedMessage(m_text, seconds), signature.bytes.mid(kTimeSize));
        if (!good)
            return good.error();
        return std::optional<WallTime>(WallTime(std::chrono::seconds(seconds)));
    }
    return Error(ErrorCode::UnknownKey, u"%1 has not signed this"_s.arg(QString::fromUtf8(verifier.name())));
}

QByteArray Checkpoint::toText() const
{
    return origin + '\n' + QByteArray::number(size) + '\n' + root.toBase64() + '\n';
}

Result<Checkpoint> Checkpoint::fromText(QByteArrayView text)
{
    const QList<QByteArray> lines = text.toByteArray().split('\n');
    const Error bad(ErrorCode::InvalidResponse, u"not a checkpoint: origin, size and root, each in a line"_s);
    if (lines.size() < 4 || lines.first().isEmpty())
        return bad;
    Checkpoint checkpoint;
    checkpoint.origin = lines.at(0);
    bool isNumber = false;
    checkpoint.size = lines.at(1).toULongLong(&isNumber);
    const std::optional<QByteArray> root = fromBase64Strictly(lines.at(2));
    if (!isNumber || QByteArray::number(checkpoint.size) != lines.at(1) || !root || root->size() != 32)
        return bad;
    checkpoint.root = *root;
    return checkpoint;
}

} // namespace Watchword
