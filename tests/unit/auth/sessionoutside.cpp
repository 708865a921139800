// SPDX-License-Identifier: Apache-2.0
#include "sessionoutside.h"

namespace SessionTest {

QString textOf(const Secret &secret)
{
    return QString::fromLatin1(secret.reveal());
}

void Outside::violate(const QString &what)
{
    m_violations += what;
}

void Outside::note(const QString &what)
{
    m_story += what;
    if (m_story.size() > 120)
        m_story.removeFirst();
}

// --- Provider

QString Outside::newToken(const QString &subject, int family)
{
    const QString token = u"r%1"_s.arg(++m_issued);
    m_tokens.insert(token, {subject, family});
    return token;
}

TokenSet Outside::newTokens(const QString &subject)
{
    TokenSet tokens;
    const QString refreshToken = newToken(subject, ++m_families);
    tokens.subject = tokens.accountName = subject;
    tokens.refreshToken = Secret::copy(refreshToken.toLatin1());
    tokens.accessToken = Secret::copy("a" + refreshToken.toLatin1());
    tokens.issuedAt = m_clock.wallNow();
    tokens.sentAt = m_clock.now();
    tokens.bootId = m_clock.bootId();
    tokens.expiresAt = m_clock.wallNow() + 300s;
    return tokens;
}

TokenAnswer Outside::answer(const QString &token, const QString &signedInAgain)
{
    using Class = TokenAnswerClass;
    const double chance = m_random.nextUnit();
    if (chance < 0.05)
        return {Class::NotSent, {}, Error(ErrorCode::ConnectionRefused), false};
    if (chance < 0.10)
        return {Class::Ambiguous, {}, Error(ErrorCode::ConnectionLost), true};
    if (chance < 0.15)
        return {Class::Busy, {}, Error(ErrorCode::TemporarilyUnavailable), false};
    const Token known = m_tokens.value(token);
    if (m_spent.contains(token) || (chance < 0.17))
        m_ended += known.family;
    if (m_ended.contains(known.family)) {
        m_mayEnd = MaySayEnded::Yes;
        m_answered += token;
        m_predecessors.insert(u"the end of "_s + token, token);
        m_outstanding.remove(token); // worth nothing any more
        return {Class::FinalUser, {}, Error(ErrorCode::InvalidGrant), false};
    }
    m_spent += token;
    TokenAnswer answer;
    answer.meaning = Class::Success;
    const QString next = newToken(known.subject, known.family);
    answer.grant.refreshToken = Secret::copy(next.toLatin1());
    answer.grant.accessToken = Secret::copy("a" + next.toLatin1());
    answer.grant.expiresIn = 300s;
    if (chance < 0.20) // carried out, and its answer lost
        return {Class::Ambiguous, {}, Error(ErrorCode::ConnectionLost), true};
    m_answered += token;
    m_predecessors.insert(next, token);
    m_outstanding.remove(token); // spent for what has come
    if (signedInAgain != known.subject) // who needs nothing of before
        received(next, known.subject);
    return answer;
}

void Outside::takenBack(const Secret &token)
{
    const QString text = textOf(token);
    kept(token);
    m_takenBack += text;
    m_overwritten.remove(text);
    if (!m_spent.contains(text)) // what was spent need not tell the provider of its successor (RFC 7009 section 2.1)
        m_ended += m_tokens.value(text).family;
    count(u"taken back"_s);
}

void Outside::received(const QString &token, const QString &subject)
{
    note(u"received %1"_s.arg(token));
    m_outstanding.insert(token, subject);
    count(u"received"_s);
}

// --- Disk

TokenSet Outside::stored() const
{
    TokenSet set = m_disk;
    if (m_leftTombstone > set.generation) {
        set.tombstone = true;
        set.generation = m_leftTombstone;
    }
    return set;
}

Result<TokenSet> Outside::load()
{
    if (fails(0.05))
        return Error(ErrorCode::StorageFailed, u"disk"_s);
    if (stored().generation == 0)
        return Error(ErrorCode::NotFound);
    return stored();
}

Result<void> Outside::save(const TokenSet &set)
{
    if (fails(0.08))
        return Error(ErrorCode::StorageFailed, u"disk"_s);
    if (set.generation <= stored().generation)
        return Error(ErrorCode::WrongState);
    if (set.subject.isEmpty() && !set.tombstone)
        violate(u"tokens of nobody were stored"_s);
    note(u"stored %1 %2 generation %3"_s.arg(set.subject, textOf(set.refreshToken)).arg(set.generation));
    const QString before = textOf(m_disk.refreshToken);
    const bool counted = !before.isEmpty() && !m_spent.contains(before) && !m_ended.contains(m_tokens.value(before).family);
    const bool isOut = set.tombstone || set.subject != m_disk.subject;
    if (counted && isOut && m_reading == Reading::Done && !m_takenBack.contains(before))
        m_overwritten += before;
    m_disk = set;
    m_saved += textOf(set.refreshToken);
    kept(set.refreshToken);
    count(set.tombstone ? u"tombstone stored"_s : u"tokens stored"_s);
    return {};
}

} // namespace SessionTest
