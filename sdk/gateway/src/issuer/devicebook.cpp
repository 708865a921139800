// SPDX-License-Identifier: Apache-2.0
#include "issuer/devicebook.h"

#include "issuer/sessionbook.h"
#include "watchword/jose/base64url.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

// No vowels, so that no words come out, and nothing that looks like another (RFC 8628 section 6.1). 34 bits.
constexpr std::string_view kLetters = "BCDFGHJKLMNPQRSTVWXZ";
constexpr qsizetype kLength = 8;
// How long an ended one is remembered, so that its device hears of it.
constexpr std::chrono::seconds kAfterwards{60};

QString freshUserCode()
{
    QString code;
    while (code.size() < kLength) {
        const Secret bytes = Secret::random(16);
        for (const char byte : bytes.reveal()) {
            const auto value = std::size_t(static_cast<unsigned char>(byte));
            if (value < 240 && code.size() < kLength) // each letter as often as the others
                code += QLatin1Char(kLetters[value % kLetters.size()]);
        }
    }
    return code;
}

QString bareCode(const QString &typed)
{
    QString code = typed.left(64).toUpper();
    code.removeIf([](QChar c) { return !c.isLetter(); });
    return code;
}

} // namespace

std::optional<DeviceBook::Begun> DeviceBook::begin(const QString &clientId, const QStringList &scopes, const QString &network,
                                                   WallTime now)
{
    forget(now);
    const auto ofNetwork = std::count_if(m_requests.cbegin(), m_requests.cend(), [&](const Entry &entry) {
        return entry.request.network == network && entry.request.state == DeviceRequest::State::Pending;
    });
    if (m_requests.size() >= kMost || ofNetwork >= kMostOfANetwork)
        return {};
    QString code = freshUserCode();
    while (m_byUserCode.contains(code))
        code = freshUserCode();
    Secret deviceCode = Secret::take(toBase64Url(Secret::random(32).reveal()));
    const QByteArray hash = SessionBook::hashOf(deviceCode.reveal());
    Entry entry;
    entry.request.userCode = code.left(kLength / 2) + u'-' + code.mid(kLength / 2);
    entry.request.clientId = clientId;
    entry.request.scopes = scopes;
    entry.request.network = network;
    entry.request.expires = now + kLifetime;
    m_requests.insert(hash, entry);
    m_byUserCode.insert(code, hash);
    return Begun{std::move(deviceCode), entry.request.userCode};
}

std::optional<DeviceRequest> DeviceBook::findByUserCode(const QString &typed, WallTime now) const
{
    const auto found = m_requests.constFind(m_byUserCode.value(bareCode(typed)));
    if (found == m_requests.constEnd() || found->request.state != DeviceRequest::State::Pending || found->request.expires <= now)
        return {};
    return found->request;
}

DeviceBook::Entry *DeviceBook::waiting(const QString &userCode, WallTime now)
{
    return findByUserCode(userCode, now) ? &m_requests[m_byUserCode.value(bareCode(userCode))] : nullptr;
}

bool DeviceBook::allow(const QString &userCode, const QString &subject, const QString &name, const QStringList &granted,
                       WallTime now)
{
    Entry *entry = waiting(userCode, now);
    if (!entry)
        return false;
    DeviceRequest &request = entry->request;
    request.state = DeviceRequest::State::Allowed;
    request.subject = subject;
    request.name = name;
    request.granted = granted;
    request.authTime = now;
    return true;
}

bool DeviceBook::deny(const QString &userCode, WallTime now)
{
    Entry *entry = waiting(userCode, now);
    if (!entry)
        return false;
    entry->request.state = DeviceRequest::State::Denied;
    return true;
}

DeviceBook::Polled DeviceBook::poll(const Secret &deviceCode, const QString &clientId, WallTime now)
{
    const QByteArray hash = SessionBook::hashOf(deviceCode.reveal());
    const auto found = m_requests.find(hash);
    if (found == m_requests.end() || found->request.clientId != clientId)
        return {};
    if (found->request.expires <= now)
        return {Poll::Expired, found->request};
    const std::optional<WallTime> last = std::exchange(found->lastPoll, now);
    if (last && now - *last < found->interval) {
        found->interval += kInterval; // RFC 8628 section 3.5
        return {Poll::TooSoon, found->request};
    }
    if (found->request.state == DeviceRequest::State::Pending)
        return {Poll::Pending, found->request};
    const DeviceRequest request = found->request;
    m_byUserCode.remove(bareCode(request.userCode));
    m_requests.erase(found); // a device code is good once
    return {request.state == DeviceRequest::State::Allowed ? Poll::Allowed : Poll::Denied, request};
}

void DeviceBook::forget(WallTime now)
{
    m_requests.removeIf([this, now](const auto &entry) {
        const bool isOver = entry.value().request.expires + kAfterwards <= now;
        if (isOver)
            m_byUserCode.remove(bareCode(entry.value().request.userCode));
        return isOver;
    });
}

} // namespace Watchword::Gateway
