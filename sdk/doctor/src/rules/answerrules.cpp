// SPDX-License-Identifier: Apache-2.0
#include "rules/rule.h"
#include "watchword/core/internal/httptime.h"

#include <QRegularExpression>

#include <algorithm>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kVisibleDifference = 150ms; // above what a network does by itself, four times in a row
constexpr int kRepeats = 3;
constexpr qint64 kMostClockSkew = 10; // seconds; the field itself is good for one
const QStringList kSameForAll{QStringLiteral("badsignature"), QStringLiteral("badclaims"), QStringLiteral("none"),
                              QStringLiteral("embedded"),     QStringLiteral("confused"),  QStringLiteral("expired"),
                              QStringLiteral("notyet"),       QStringLiteral("audience"),  QStringLiteral("issuer"),
                              QStringLiteral("idtoken")};

bool isLimit(const Exchange &exchange)
{
    return exchange.end == Exchange::End::Answered && (exchange.status == 429 || exchange.status == 503);
}

/*! Looks at all refusals, after everything else. */
class VerboseRule final : public Rule
{
public:
    VerboseRule()
        : Rule(u"H13"_s, Stage::End, Need::Trusted)
    {
    }
    bool isCumulative() const override { return true; }
    Judgement judge(const Recording &seen) const override
    {
        QStringList loose;
        QHash<QString, QString> texts; // normalised text -> a probe that got it
        int refusals = 0;
        QString failure;
        for (auto it = seen.all().begin(); it != seen.all().end(); ++it) {
            const Exchange &exchange = *it;
            if (isOfIssuer(it.key()) || exchange.end != Exchange::End::Answered || exchange.status < 400)
                continue;
            if (isLoose(exchange))
                loose.append(it.key());
            const Admission admission = admissionOf(exchange.status);
            if (!admission.isRefused())
                failure = admission.what;
            refusals += admission.isRefused() && !exchange.credential.isEmpty() ? 1 : 0;
            if (kSameForAll.contains(it.key()) && admission.isRefused())
                texts.insert(normalised(exchange), it.key());
        }
        loose.sort();
        if (!loose.isEmpty())
            return fail(u"refusals tell how the server works inside"_s, loose.mid(0, 2));
        QStringList differing = texts.values();
        differing.sort();
        if (differing.size() > 1)
            return warn(u"refusals of bad tokens differ, so that an attacker learns what to change"_s, differing.mid(0, 2));
        if (refusals > 0)
            return pass(u"refusals tell nothing"_s);
        return failure.isEmpty() ? moot(u"no token was refused by HTTP"_s) : undecided(failure);
    }

private:
    static bool isLoose(const Exchange &exchange)
    {
        static const QRegularExpression inside(u"\\bat [\\w.<>$]+ \\(|Traceback \\(|\\.(js|mjs|ts|py|java|go|php|rb|cs):\\d+|jwt "
                                               u"(expired|malformed|not active|signature|audience|issuer)"
                                               "|invalid (signature|algorithm|token signature)|signature (verification "
                                               ")?failed|JsonWebTokenError|TokenExpiredError|JOSEError|JWSSignature"
                                               "|Exception\\b|unexpected \"(aud|iss)\"|no applicable key"_s,
                                               QRegularExpression::CaseInsensitiveOption);
        return inside.match(QString::fromUtf8(exchange.head + exchange.body)).hasMatch();
    }
    // Ids, times and counters differ from answer to answer: words with a digit say nothing.
    static QString normalised(const Exchange &exchange)
    {
        static const QRegularExpression varying(u"[\\w.:-]*\\d[\\w.:-]*"_s);
        QString text = QString::fromUtf8(exchange.value("WWW-Authenticate") + '\n' + exchange.body);
        return QString::number(exchange.status) + text.replace(varying, u"#"_s);
    }
};

class EchoRule final : public Rule
{
public:
    EchoRule()
        : Rule(u"H14"_s, Stage::End, Need::Trusted)
    {
    }
    bool isCumulative() const override { return true; }
    Judgement judge(const Recording &seen) const override
    {
        QStringList echoed;
        int answers = 0;
        for (auto it = seen.all().begin(); it != seen.all().end(); ++it) {
            if (isOfIssuer(it.key()))
                continue;
            const Admission admission = *seen.admission(it.key());
            answers += !it->credential.isEmpty() && (admission.isAdmitted() || admission.isRefused()) ? 1 : 0;
            QByteArray text = it->body + '\n' + it->closeReason;
            for (const auto &[name, value] : it->fields) {
                if (name.compare("Sec-WebSocket-Protocol", Qt::CaseInsensitive) != 0) // see P1
                    text += '\n' + value;
            }
            if (seen.redactor().finds(text))
                echoed.append(it.key());
        }
        echoed.sort();
        if (answers == 0)
            return undecided(u"no request with a token was answered"_s);
        return echoed.isEmpty() ? pass(u"no answer repeats a token"_s) : fail(u"answers repeat the token"_s, echoed.mid(0, 1));
    }
};

/*! What differs once is asked again, so that a busy network is not taken for a server's secret. */
class TimingRule final : public Rule
{
public:
    TimingRule()
        : Rule(u"H16"_s, Stage::FollowUp, Need::Trusted | Need::Token | Need::Jwt)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        std::vector<Probe> list;
        const auto [fast, slow] = extremes(seen);
        if (fast.isEmpty() || !isApart(seen.find(fast)->toAnswer, seen.find(slow)->toAnswer))
            return list;
        for (int i = 0; i < kRepeats; ++i) {
            for (const auto &[again, probe] : {std::pair(u"fast"_s, fast), std::pair(u"slow"_s, slow)}) {
                const Probe *planned = seen.planned(probe);
                if (!planned)
                    return {};
                list.push_back(*planned);
                list.back().id = again + QString::number(i);
            }
        }
        return list;
    }
    Judgement judge(const Recording &seen) const override
    {
        const auto [fast, slow] = extremes(seen);
        if (fast.isEmpty())
            return moot(u"there are no refusals to compare"_s);
        if (!isApart(seen.find(fast)->toAnswer, seen.find(slow)->toAnswer))
            return pass(u"refusals come after %1 to %2 ms"_s.arg(seen.find(fast)->toAnswer.count())
                            .arg(seen.find(slow)->toAnswer.count()));
        Duration longestFast = seen.find(fast)->toAnswer;
        Duration shortestSlow = seen.find(slow)->toAnswer;
        for (int i = 0; i < kRepeats; ++i) {
            const Exchange *again = seen.find(u"fast"_s + QString::number(i));
            const Exchange *late = seen.find(u"slow"_s + QString::number(i));
            if (!again || !late || again->status != seen.find(fast)->status || late->status != seen.find(slow)->status)
                return undecided(u"the repetitions were answered in another way"_s);
            longestFast = std::max(longestFast, again->toAnswer);
            shortestSlow = std::min(shortestSlow, late->toAnswer);
        }
        if (!isApart(longestFast, shortestSlow))
            return pass(u"no refusal takes longer each time"_s);
        return warn(
            u"one kind of bad token is refused after %1 ms at least, another after %2 ms at most"_s.arg(shortestSlow.count())
                .arg(longestFast.count()),
            {slow, fast});
    }

private:
    static bool isApart(Duration fast, Duration slow) { return slow - fast > kVisibleDifference && slow > 2 * fast; }
    static std::pair<QString, QString> extremes(const Recording &seen)
    {
        std::pair<QString, QString> found;
        for (const QString &probe : kSameForAll) {
            const Exchange *exchange = seen.find(probe);
            if (!exchange || exchange->end != Exchange::End::Answered || exchange->status != 401)
                continue;
            if (found.first.isEmpty())
                found = {probe, probe};
            if (exchange->toAnswer < seen.find(found.first)->toAnswer)
                found.first = probe;
            if (exchange->toAnswer > seen.find(found.second)->toAnswer)
                found.second = probe;
        }
        return found.first == found.second ? std::pair<QString, QString>() : found;
    }
};

class RetryAfterRule final : public Rule
{
public:
    RetryAfterRule()
        : Rule(u"L4"_s, Stage::End, Need::Trusted)
    {
    }
    bool isCumulative() const override { return true; }
    Judgement judge(const Recording &seen) const override
    {
        QStringList mute;
        int limits = 0;
        for (auto it = seen.all().begin(); it != seen.all().end(); ++it) {
            limits += isLimit(*it) ? 1 : 0;
            if (isLimit(*it) && !it->has("Retry-After"))
                mute.append(it.key());
        }
        mute.sort();
        if (limits == 0)
            return moot(u"no limit was met"_s);
        return mute.isEmpty() ? pass(u"%1 answers with Retry-After"_s.arg(limits))
                              : warn(u"a limit does not say when to come back (Retry-After)"_s, mute.mid(0, 1));
    }
};

class ClockRule final : public Rule
{
public:
    ClockRule()
        : Rule(u"B4"_s, Stage::End, Need::Trusted)
    {
    }
    bool isCumulative() const override { return true; }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *bare = seen.find(u"bare"_s);
        const auto theirs = parseHttpDate(bare->value("Date"), Clock::system().wallNow());
        if (!theirs || !bare->answeredAt.isValid())
            return moot(u"the server does not say what time it is"_s);
        const qint64 skew = toDateTime(*theirs).secsTo(bare->answeredAt);
        if (std::abs(skew) > kMostClockSkew)
            return warn(
                u"the server's clock is %1 s %2 this machine's"_s.arg(std::abs(skew)).arg(skew > 0 ? u"behind"_s : u"ahead of"_s),
                {u"bare"_s});
        return pass(u"%1 s from this machine's clock"_s.arg(std::abs(skew)));
    }
};

/*! What stands at the path without a WebSocket is as private as what comes by it. */
class PlainRequestRule final : public Rule
{
public:
    PlainRequestRule()
        : Rule(u"X6"_s, Stage::Upgrade, Need::Trusted)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override { return {seen.requests().get(u"plainget"_s, {})}; }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *exchange = seen.find(u"plainget"_s);
        const Admission admission = *seen.admission(u"plainget"_s);
        if (admission.kind == Admission::Kind::Failed && exchange->end == Exchange::End::Answered)
            return broken(seen, id(), u"plainget"_s, admission);
        if (exchange->end != Exchange::End::Answered || !admission.isRefused())
            return undecided(admission.what);
        if (exchange->status / 100 == 2)
            return warn(u"a plain request without a token is answered with HTTP %1"_s.arg(exchange->status), {u"plainget"_s});
        return pass(u"refused: HTTP %1"_s.arg(exchange->status));
    }
};

} // namespace

void addAnswerRules(Rules &rules)
{
    rules.push_back(std::make_unique<PlainRequestRule>());
    rules.push_back(std::make_unique<TimingRule>());
    rules.push_back(std::make_unique<VerboseRule>());
    rules.push_back(std::make_unique<EchoRule>());
    rules.push_back(std::make_unique<RetryAfterRule>());
    rules.push_back(std::make_unique<ClockRule>());
}

} // namespace Watchword::Doctoring
