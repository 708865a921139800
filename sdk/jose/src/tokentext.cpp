// SPDX-License-Identifier: Apache-2.0
#include "tokentext.h"

#include "strictjson.h"
#include "watchword/jose/base64url.h"
#include "watchword/jose/jwt.h"

#include <QJsonArray>

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

Result<QJsonObject> objectOf(QByteArrayView encoded, const QString &what)
{
    const Result<QByteArray> bytes = fromBase64Url(encoded);
    if (!bytes)
        return malformed(u"the %1 is not canonical base64url"_s.arg(what));
    std::optional<QJsonObject> object = strictJsonObject(*bytes);
    if (!object)
        return malformed(u"the %1 is not a JSON object, or has a member twice"_s.arg(what));
    return std::move(*object);
}

bool isTexts(QJsonValueConstRef value)
{
    if (!value.isArray())
        return value.isString();
    const QJsonArray array = value.toArray();
    return std::all_of(array.begin(), array.end(), [](QJsonValueConstRef v) { return v.isString(); });
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

Result<std::shared_ptr<const TokenHeader>> headerOf(QByteArrayView encoded)
{
    for (const auto &entry : recentHeaders().entries) {
        if (entry && entry->encoded == encoded)
            return entry;
    }
    const Result<QJsonObject> object = objectOf(encoded, u"header"_s);
    if (!object)
        return object.error();
    if (const Result<void> checked = checkHeader(*object); !checked)
        return checked.error();
    auto header = std::make_shared<TokenHeader>();
    header->encoded = encoded.toByteArray();
    header->object = *object;
    header->algorithm = object->value("alg"_L1).toString();
    header->keyId = object->value("kid"_L1).toString();
    header->type = plainTokenType(object->value("typ"_L1).toString());
    return std::shared_ptr<const TokenHeader>(std::move(header));
}

enum class ClaimType { Text, Number, Texts };

struct ClaimRule
{
    QLatin1StringView name;
    ClaimType type;
    // Where it goes; of a claim without a place only the type matters here.
    std::optional<QString> TokenClaims::*text = nullptr;
    std::optional<double> TokenClaims::*number = nullptr;
    QJsonValue TokenClaims::*texts = nullptr;
};

// The usual ones first: readClaims() stops when it has seen as many as there are.
constexpr std::array kClaimRules{
    ClaimRule{.name = "iss"_L1, .type = ClaimType::Text, .text = &TokenClaims::issuer},
    ClaimRule{.name = "sub"_L1, .type = ClaimType::Text},
    ClaimRule{.name = "aud"_L1, .type = ClaimType::Texts, .texts = &TokenClaims::audience},
    ClaimRule{.name = "exp"_L1, .type = ClaimType::Number, .number = &TokenClaims::expiry},
    ClaimRule{.name = "iat"_L1, .type = ClaimType::Number, .number = &TokenClaims::issuedAt},
    ClaimRule{.name = "scope"_L1, .type = ClaimType::Texts},
    ClaimRule{.name = "jti"_L1, .type = ClaimType::Text},
    ClaimRule{.name = "sid"_L1, .type = ClaimType::Text},
    ClaimRule{.name = "nbf"_L1, .type = ClaimType::Number, .number = &TokenClaims::notBefore},
    ClaimRule{.name = "nonce"_L1, .type = ClaimType::Text, .text = &TokenClaims::nonce},
    ClaimRule{.name = "azp"_L1, .type = ClaimType::Text, .text = &TokenClaims::authorizedParty},
    ClaimRule{.name = "auth_time"_L1, .type = ClaimType::Number},
    ClaimRule{.name = "scp"_L1, .type = ClaimType::Texts},
};

Result<void> readClaim(const ClaimRule &rule, QJsonValueConstRef value, TokenClaims *claims)
{
    switch (rule.type) {
    case ClaimType::Text:
        if (!value.isString())
            return malformed(u"the claim \"%1\" is not a text"_s.arg(rule.name));
        if (rule.text)
            claims->*rule.text = value.toString();
        break;
    case ClaimType::Number:
        if (!value.isDouble() || !std::isfinite(value.toDouble()))
            return malformed(u"the claim \"%1\" is not a number"_s.arg(rule.name));
        if (rule.number)
            claims->*rule.number = value.toDouble();
        break;
    case ClaimType::Texts:
        if (!isTexts(value))
            return malformed(u"the claim \"%1\" is neither a text nor a list of texts"_s.arg(rule.name));
        if (rule.texts)
            claims->*rule.texts = value;
        break;
    }
    return {};
}

Result<void> readClaims(const QJsonObject &object, TokenClaims *claims)
{
    qsizetype unseen = object.size();
    for (const ClaimRule &rule : kClaimRules) {
        if (unseen == 0)
            break;
        const auto found = object.constFind(rule.name);
        if (found == object.constEnd())
            continue;
        --unseen;
        if (const Result<void> read = readClaim(rule, *found, claims); !read)
            return read;
    }
    return {};
}

} // namespace

Result<TokenText> TokenText::read(QByteArrayView compact)
{
    if (compact.size() > Jwt::kLargestSize)
        return malformed(u"the token is larger than 16 KiB"_s);
    const qsizetype first = compact.indexOf('.');
    const qsizetype second = first < 0 ? -1 : compact.indexOf('.', first + 1);
    if (second < 0 || compact.indexOf('.', second + 1) >= 0)
        return malformed(u"a signed token has three parts"_s);
    Result<std::shared_ptr<const TokenHeader>> header = headerOf(compact.first(first));
    if (!header)
        return header.error();
    TokenText text;
    text.header = std::move(*header);
    Result<QJsonObject> object = objectOf(compact.sliced(first + 1, second - first - 1), u"payload"_s);
    if (!object)
        return object.error();
    text.object = std::move(*object);
    if (const Result<void> checked = readClaims(text.object, &text.claims); !checked)
        return checked.error();
    Result<QByteArray> signature = fromBase64Url(compact.sliced(second + 1));
    if (!signature)
        return malformed(u"the signature is not canonical base64url"_s);
    text.signature = std::move(*signature);
    text.signedText = compact.first(second);
    return text;
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

QString plainTokenType(const QString &type)
{
    const QString lower = type.toLower();
    return lower.startsWith("application/"_L1) ? lower.sliced(12) : lower;
}

} // namespace Watchword
