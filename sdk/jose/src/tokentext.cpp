// SPDX-License-Identifier: Apache-2.0
#include "tokentext.h"

#include "base64text.h"
#include "strictjson.h"
#include "watchword/jose/base64url.h"
#include "watchword/jose/jwt.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLongestRemembered = 512;

/*! The headers of the last proven tokens, of this thread only: no lock, and nothing to share. */
struct RecentHeaders
{
    std::array<std::shared_ptr<const TokenHeader>, 4> entries;
    size_t next = 0;
};

RecentHeaders &recentHeaders()
{
    static thread_local RecentHeaders headers;
    return headers;
}

Error malformed(const QString &why)
{
    return Error(ErrorCode::MalformedToken, why);
}

Error notBase64Url(const QString &what)
{
    return malformed(u"the %1 is not canonical base64url"_s.arg(what));
}

Error notObject(const QString &what)
{
    return malformed(u"the %1 is not a JSON object, or has a member twice"_s.arg(what));
}

Result<void> checkHeader(const QJsonObject &header)
{
    for (const QLatin1StringView name : {"alg"_L1, "typ"_L1, "kid"_L1}) {
        if (header.contains(name) && !header.value(name).isString())
            return malformed(u"the header \"%1\" is not a text"_s.arg(name));
    }
    if (header.value("alg"_L1).toString().isEmpty())
        return malformed(u"the header has no \"alg\""_s);
    if (header.contains("crit"_L1) || header.contains("b64"_L1))
        return malformed(u"the header asks for an extension (\"crit\") that is not understood"_s);
    return {};
}

enum class ClaimType { Text, Number, Texts };

struct ClaimRule
{
    QLatin1StringView name;
    ClaimType type;
};

// The usual ones first: checkTypes() stops when it has seen as many as there are.
constexpr std::array kClaimRules{
    ClaimRule{"iss"_L1, ClaimType::Text},   ClaimRule{"sub"_L1, ClaimType::Text},   ClaimRule{"aud"_L1, ClaimType::Texts},
    ClaimRule{"exp"_L1, ClaimType::Number}, ClaimRule{"iat"_L1, ClaimType::Number}, ClaimRule{"scope"_L1, ClaimType::Texts},
    ClaimRule{"jti"_L1, ClaimType::Text},   ClaimRule{"sid"_L1, ClaimType::Text},   ClaimRule{"nbf"_L1, ClaimType::Number},
    ClaimRule{"nonce"_L1, ClaimType::Text}, ClaimRule{"azp"_L1, ClaimType::Text},   ClaimRule{"auth_time"_L1, ClaimType::Number},
    ClaimRule{"scp"_L1, ClaimType::Texts},
};

Result<void> checkRule(const ClaimRule &rule, ClaimSet::Kind kind, const ClaimSet &claims)
{
    switch (rule.type) {
    case ClaimType::Text:
        if (kind != ClaimSet::Kind::Text)
            return malformed(u"the claim \"%1\" is not a text"_s.arg(rule.name));
        break;
    case ClaimType::Number:
        if (kind != ClaimSet::Kind::Number || !std::isfinite(claims.number(rule.name)))
            return malformed(u"the claim \"%1\" is not a number"_s.arg(rule.name));
        break;
    case ClaimType::Texts:
        if (kind != ClaimSet::Kind::Text && kind != ClaimSet::Kind::Texts)
            return malformed(u"the claim \"%1\" is neither a text nor a list of texts"_s.arg(rule.name));
        break;
    }
    return {};
}

Result<void> checkTypes(const ClaimSet &claims)
{
    qsizetype unseen = claims.size();
    for (const ClaimRule &rule : kClaimRules) {
        if (unseen == 0)
            break;
        const ClaimSet::Kind kind = claims.kind(rule.name);
        if (kind == ClaimSet::Kind::None)
            continue;
        --unseen;
        if (const Result<void> checked = checkRule(rule, kind, claims); !checked)
            return checked;
    }
    return {};
}

Result<void> readClaims(QByteArrayView encoded, std::shared_ptr<const ClaimSet> *result)
{
    auto claims = std::make_shared<ClaimSet>();
    if (!decodeBase64Url(encoded, claims->room(sizeFromBase64Url(encoded))))
        return notBase64Url(u"payload"_s);
    if (!claims->read())
        return notObject(u"payload"_s);
    if (const Result<void> checked = checkTypes(*claims); !checked)
        return checked;
    *result = std::move(claims);
    return {};
}

} // namespace

Result<void> readTokenHeader(QByteArrayView encoded, std::shared_ptr<const TokenHeader> *result)
{
    for (const auto &entry : recentHeaders().entries) {
        if (entry && entry->encoded == encoded) {
            *result = entry;
            return {};
        }
    }
    const Result<QByteArray> bytes = fromBase64Url(encoded);
    if (!bytes)
        return notBase64Url(u"header"_s);
    std::optional<QJsonObject> object = strictJsonObject(*bytes);
    if (!object)
        return notObject(u"header"_s);
    if (const Result<void> checked = checkHeader(*object); !checked)
        return checked;
    auto header = std::make_shared<TokenHeader>();
    header->object = std::move(*object);
    header->encoded = encoded.toByteArray();
    header->algorithm = header->object.value("alg"_L1).toString();
    header->keyId = header->object.value("kid"_L1).toString();
    header->type = plainTokenType(header->object.value("typ"_L1).toString());
    *result = std::move(header);
    return {};
}

Result<void> TokenText::read(QByteArrayView compact)
{
    if (compact.size() > Jwt::kLargestSize)
        return malformed(u"the token is larger than 16 KiB"_s);
    const qsizetype first = compact.indexOf('.');
    const qsizetype second = first < 0 ? -1 : compact.indexOf('.', first + 1);
    if (second < 0 || compact.indexOf('.', second + 1) >= 0)
        return malformed(u"a signed token has three parts"_s);
    if (const Result<void> read = readTokenHeader(compact.first(first), &header); !read)
        return read;
    if (const Result<void> read = readClaims(compact.sliced(first + 1, second - first - 1), &claims); !read)
        return read;
    const QByteArrayView proof = compact.sliced(second + 1);
    signature.resize(sizeFromBase64Url(proof));
    if (!decodeBase64Url(proof, reinterpret_cast<uchar *>(signature.data())))
        return notBase64Url(u"signature"_s);
    signedText = compact.first(second);
    return {};
}

void rememberHeader(const std::shared_ptr<const TokenHeader> &header)
{
    RecentHeaders &recent = recentHeaders();
    if (header->encoded.size() > kLongestRemembered
        || std::find(recent.entries.cbegin(), recent.entries.cend(), header) != recent.entries.cend())
        return;
    recent.entries[recent.next] = header;
    recent.next = (recent.next + 1) % recent.entries.size();
}

Result<void> checkTokenType(const QString &type, const QStringList &accepted, bool required)
{
    if (accepted.isEmpty() || (type.isEmpty() && !required))
        return {};
    const auto fits = [&](const QString &one) { return one == type || plainTokenType(one) == type; };
    if (std::any_of(accepted.cbegin(), accepted.cend(), fits))
        return {};
    return Error(ErrorCode::WrongTokenType, u"\"typ\" is \"%1\", not %2"_s.arg(shownText(type), accepted.join(u" or ")));
}

QString plainTokenType(const QString &type)
{
    const QString lower = type.toLower();
    return lower.startsWith("application/"_L1) ? lower.sliced(12) : lower;
}

} // namespace Watchword
