// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "refresh/refreshtransaction.h"
#include "watchword/testing/manualclock.h"

#include <QHash>
#include <QSet>

namespace SessionTest {

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

QString textOf(const Secret &secret);

/* The disk and the provider that a World has, failing by chance, and what the laws compare. */
class Outside
{
public:
    explicit Outside(quint64 seed)
        : m_random(seed)
    {
    }

    const QStringList &violations() const { return m_violations; }
    //! How often what happened, so that a walk that never comes anywhere is noticed.
    const QHash<QString, int> &counts() const { return m_counts; }
    //! The last things that happened.
    const QStringList &story() const { return m_story; }

protected:
    QString newToken(const QString &subject, int family);
    TokenSet newTokens(const QString &subject);
    //! Of the provider. Tokens of \a signedInAgain need not be kept.
    TokenAnswer answer(const QString &token, const QString &signedInAgain);

    TokenSet stored() const;
    Result<TokenSet> load();
    Result<void> save(const TokenSet &set);
    bool fails(double part) { return m_random.nextUnit() < part; }

    void received(const QString &token, const QString &subject);
    void kept(const Secret &token) { m_outstanding.remove(textOf(token)); }
    void takenBack(const Secret &token); //!< Written down for revocation, and revoked soon.
    void violate(const QString &what);
    void note(const QString &what);
    void count(const QString &what) { ++m_counts[what]; }

    SeededRandom m_random;
    ManualClock m_clock;
    // Disk and keychain.
    TokenSet m_disk;
    quint64 m_leftTombstone = 0;
    std::optional<RefreshJournal> m_journal;
    enum class Key { None, Made } m_key = Key::None;

    // Provider.
    struct Token
    {
        QString subject;
        int family;
    };
    QHash<QString, Token> m_tokens;
    QSet<QString> m_spent;
    QSet<int> m_ended;
    int m_families = 0;
    int m_issued = 0;

    // What the laws compare.
    QHash<QString, QString> m_outstanding; // received refresh tokens that are neither stored nor written down, and whose
    QHash<QString, QString> m_predecessors; // of tokens that came with a refresh
    QSet<QString> m_saved; // that the disk has seen
    QSet<QString> m_takenBack;
    QSet<QString> m_overwritten; // stored ones that still counted when a sign-out or somebody else's sign-in took their place
    enum class Reading { Failed, Done } m_reading = Reading::Failed; // of what is stored, by the transaction that writes next
    QSet<QString> m_answered; // whose successor this process received, or whose end it was told
    enum class Decision { None, SignedIn, SignedOut } m_decision = Decision::None; // the last one of a person, anywhere
    QString m_decidedFor;
    enum class MaySayEnded { No, Yes } m_mayEnd = MaySayEnded::No; // the provider or another process has ended it
    QHash<QString, int> m_counts;
    QStringList m_violations;
    QStringList m_story;
};

} // namespace SessionTest
