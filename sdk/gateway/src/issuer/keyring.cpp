// SPDX-License-Identifier: Apache-2.0
#include "issuer/keyring.h"

#include "watchword/core/internal/durablefile.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr QFile::Permissions kOthers = QFile::ReadGroup | QFile::WriteGroup | QFile::ReadOther | QFile::WriteOther;

Error unreadable(const QString &file, const QString &why)
{
    return Error(ErrorCode::FileUnreadable, u"the issuer's key file %1: %2"_s.arg(file, why));
}

} // namespace

Result<KeyRing> KeyRing::open(const QString &file, std::chrono::seconds lifetime, std::chrono::seconds keepOld, WallTime now)
{
    KeyRing ring;
    ring.m_file = file;
    ring.m_lifetime = lifetime;
    ring.m_keepOld = keepOld;
    if (!file.isEmpty() && QFileInfo::exists(file)) {
        QFile in(file);
        if (in.permissions() & kOthers) {
            return Error(ErrorCode::PermissionDenied, u"others can read the issuer's key file %1"_s.arg(file))
                .withRemedy(u"Run: chmod 600 %1"_s.arg(file));
        }
        if (!in.open(QIODevice::ReadOnly))
            return unreadable(file, in.errorString());
        if (const Result<void> loaded = ring.load(in.read(1024 * 1024)); !loaded)
            return loaded.error();
        return ring;
    }
    const Result<SigningKey> current = SigningKey::generate(u"ES256"_s);
    const Result<SigningKey> next = SigningKey::generate(u"ES256"_s);
    if (!current || !next)
        return current ? next.error() : current.error();
    ring.m_current = {.key = *current, .since = now};
    ring.m_next = {.key = *next, .since = {}};
    if (const Result<void> saved = ring.save(); !saved)
        return saved.error();
    return ring;
}

JwkSet KeyRing::publicKeys() const
{
    JwkSet set;
    set.insert(m_current.key.publicKey());
    set.insert(m_next.key.publicKey());
    for (const Entry &entry : m_old)
        set.insert(entry.key.publicKey());
    return set;
}

Result<bool> KeyRing::rotate(WallTime now)
{
    KeyRing after = *this;
    after.m_old.removeIf([&](const Entry &entry) { return entry.since + m_keepOld <= now; });
    bool changed = after.m_old.size() != m_old.size();
    if (m_current.since + m_lifetime <= now) {
        const Result<SigningKey> next = SigningKey::generate(u"ES256"_s);
        if (!next)
            return next.error();
        after.m_old.append({.key = m_current.key, .since = now});
        after.m_current = {.key = m_next.key, .since = now};
        after.m_next = {.key = *next, .since = {}};
        changed = true;
    }
    if (!changed)
        return false;
    if (const Result<void> saved = after.save(); !saved)
        return saved.error();
    *this = after;
    return true;
}

Result<void> KeyRing::load(const QByteArray &bytes)
{
    const Error corrupt = Error(ErrorCode::StoreCorrupt, u"the issuer's key file %1 is damaged"_s.arg(m_file))
                              .withRemedy(u"Restore it from a backup, or remove it: then all tokens end."_s);
    const QJsonArray keys = QJsonDocument::fromJson(bytes).object().value("keys"_L1).toArray();
    for (const QJsonValue &value : keys) {
        const QJsonObject json = value.toObject();
        const Result<SigningKey> key = SigningKey::fromPem(Secret::take(json.value("pem"_L1).toString().toLatin1()), u"ES256"_s);
        if (!key)
            return corrupt;
        const Entry entry{.key = *key, .since = wallTimeFromSeconds(json.value("since"_L1).toInteger())};
        const QString state = json.value("state"_L1).toString();
        if (state == "current"_L1)
            m_current = entry;
        else if (state == "next"_L1)
            m_next = entry;
        else
            m_old.append(entry);
    }
    if (m_current.key.isNull() || m_next.key.isNull())
        return corrupt;
    return {};
}

Result<void> KeyRing::save() const
{
    if (m_file.isEmpty())
        return {};
    const auto toJson = [](const Entry &entry, const QString &state) {
        return QJsonObject{{"state"_L1, state},
                           {"since"_L1, toSecondsSinceEpoch(entry.since)},
                           {"pem"_L1, QString::fromLatin1(entry.key.toPem().reveal())}};
    };
    QJsonArray keys{toJson(m_current, u"current"_s), toJson(m_next, u"next"_s)};
    for (const Entry &entry : m_old)
        keys.append(toJson(entry, u"old"_s));
    if (!QDir().mkpath(QFileInfo(m_file).absolutePath()))
        return unreadable(m_file, u"its folder cannot be made"_s);
    if (const Result<void> written = writeDurably(m_file, QJsonDocument(QJsonObject{{"keys"_L1, keys}}).toJson()); !written)
        return written.error().withDetail(u"the issuer's key file: "_s + written.error().detail());
    return {};
}

} // namespace Watchword::Gateway
