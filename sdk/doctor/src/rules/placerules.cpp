// SPDX-License-Identifier: Apache-2.0
#include "rules/rule.h"

#include <algorithm>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

const QString kUrl = QStringLiteral("url");
const QString kUrlTogether = QStringLiteral("url:together");
const QString kTwo = QStringLiteral("two");
const QString kTwoPlaces = QStringLiteral("twoplaces");

// RFC 6750 and what servers of the field take; the usual ones are tried one at a time by every examination that has room.
const QByteArrayList &urlNames()
{
    static const QByteArrayList names{"access_token",  "token",      "jwt",          "auth",      "authorization",
                                      "bearer",        "id_token",   "bearer_token", "key",       "api_key",
                                      "apikey",        "auth_token", "accessToken",  "authToken", "ticket",
                                      "session_token", "t"};
    return names;
}
constexpr qsizetype kUsual = 4;

QString probeFor(const QByteArray &name)
{
    return name == urlNames().front() ? kUrl : kUrl + u':' + QString::fromLatin1(name);
}

QByteArray parameter(const QByteArray &name)
{
    return name + (name == "authorization" ? "=Bearer%20" : "=") + kTokenMark;
}

// A server that asks for a parameter names it, in the address or in what it says to strangers.
bool isNamed(const Recording &seen, const QByteArray &name)
{
    const Exchange *bare = seen.find(u"bare"_s);
    const QByteArray said = bare ? bare->head + bare->body : QByteArray();
    const QByteArray query = '&' + seen.options().endpoint.query(QUrl::FullyEncoded).toLatin1();
    const auto isQuoted = [&](char a, char b) { return said.contains(a + name + b); };
    return name.size() > 1
        && (query.contains('&' + name + '=') || said.contains('?' + name + '=') || isQuoted('"', '"') || isQuoted('\'', '\'')
            || isQuoted('`', '`'));
}

// What the budget leaves when everything else was asked once. Each thing more that is to be examined has its own share.
int spareOf(const Recording &seen)
{
    constexpr int kWithToken = 32;
    constexpr int kWithKey = 40;
    constexpr int kShare = 10;
    constexpr int kIntrusive = 90;
    const DoctorOptions &options = seen.options();
    int spare = options.requestBudget - (options.signingKey.isNull() ? kWithToken : kWithKey);
    spare -= options.issuer.isEmpty() ? 0 : kShare;
    spare -= options.auditToken.isEmpty() ? 0 : kShare;
    spare -= options.intrusive ? kIntrusive : 0;
    return spare - (options.asksForStepUp ? 1 : 0);
}
constexpr int kForOtherRequests = 2; // of the spare ones: the rare names together, and H11's second

// Alone each name costs a request, and hides nothing behind another. What the server names itself comes first.
QByteArrayList namesAlone(const Recording &seen)
{
    const bool isEverything = (seen.options().intrusive && seen.isOurs()) || !seen.options().auditToken.isEmpty();
    QByteArrayList wanted;
    QByteArrayList usual;
    for (qsizetype i = 1; i < urlNames().size(); ++i) {
        if (isNamed(seen, urlNames().at(i)))
            wanted.append(urlNames().at(i));
        else if (i < kUsual || isEverything)
            usual.append(urlNames().at(i));
    }
    return QByteArrayList{urlNames().front()} + (wanted + usual).mid(0, std::max(0, spareOf(seen) - kForOtherRequests));
}

QByteArrayList namesTogether(const Recording &seen)
{
    const QByteArrayList alone = namesAlone(seen);
    QByteArrayList names;
    if (spareOf(seen) < kForOtherRequests)
        return names;
    std::copy_if(urlNames().begin(), urlNames().end(), std::back_inserter(names),
                 [&alone](const QByteArray &name) { return !alone.contains(name); });
    return names;
}

Probe urlProbe(const Recording &seen, const QString &id, const QByteArrayList &names)
{
    UpgradeShape shape;
    shape.token = seen.options().token;
    shape.credential = u"the valid token"_s;
    QByteArrayList parameters;
    std::transform(names.begin(), names.end(), std::back_inserter(parameters), parameter);
    shape.query = parameters.join('&');
    shape.isTokenElsewhere = true;
    shape.linger = kRefusalTime;
    return seen.requests().upgrade(id, shape);
}

QString listed(const QByteArrayList &names)
{
    return QString::fromLatin1(names.join(", "));
}

/*! The names that the field uses, one at a time, and the rarer ones in one request. */
class UrlTokenRule final : public Rule
{
public:
    UrlTokenRule()
        : Rule(u"H10"_s, Stage::Token, Need::Trusted | Need::Token | Need::AtUpgrade)
    {
    }
    bool isCumulative() const override { return true; }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        std::vector<Probe> list;
        for (const QByteArray &name : namesAlone(seen))
            list.push_back(urlProbe(seen, probeFor(name), {name}));
        if (const QByteArrayList rest = namesTogether(seen); !rest.isEmpty())
            list.push_back(urlProbe(seen, kUrlTogether, rest));
        return list;
    }
    Judgement judge(const Recording &seen) const override
    {
        if (seen.isOpen())
            return moot(u"see H1, which is the cause"_s);
        const QByteArrayList alone = namesAlone(seen);
        QByteArrayList tried;
        QString unknown;
        for (const QByteArray &name : alone) {
            const auto admission = seen.admission(probeFor(name));
            if (!admission)
                continue;
            if (admission->isAdmitted())
                return fail(u"a token in the URL is accepted, as ?%1="_s.arg(QString::fromLatin1(name)), {probeFor(name)});
            if (admission->kind == Admission::Kind::Failed)
                return broken(seen, id(), probeFor(name), *admission);
            if (admission->isRefused())
                tried.append(name);
            else
                unknown = admission->what;
        }
        if (!unknown.isEmpty() || tried.size() < alone.size())
            return undecided(unknown.isEmpty() ? u"not all names were tried"_s : unknown);
        return judgeTogether(seen, tried);
    }

private:
    static Judgement judgeTogether(const Recording &seen, const QByteArrayList &tried)
    {
        const QString what = seen.admission(kUrl)->what;
        const auto together = seen.admission(kUrlTogether);
        const QByteArrayList rest = namesTogether(seen);
        if (!together)
            return pass(u"refused (%1), as each of %2"_s.arg(what, listed(tried)));
        if (together->isAdmitted())
            return fail(u"a token in the URL is accepted, as one of %1"_s.arg(listed(rest)), {kUrlTogether});
        if (!together->isRefused())
            return undecided(together->what);
        QString summary = u"refused (%1), as each of %2, and together as %3"_s.arg(what, listed(tried), listed(rest));
        // One that is refused for itself may hide that another one is taken.
        if (!isAnsweredLikeBare(seen, kUrlTogether))
            summary += u" (%1: one of these is known; with --intrusive each is tried alone)"_s.arg(together->what);
        return pass(summary);
    }
};

/*! Two in one place, and a bad one in the header beside a good one in the URL. */
class TwoTokensRule final : public Rule
{
public:
    TwoTokensRule()
        : Rule(u"H11"_s, Stage::Token, kNeeds)
        , m_one(id(), Stage::Token, kNeeds, kFailure, {{kTwo, inTwoFields}}, causes())
        , m_both(id(), Stage::Token, kNeeds, kFailure, {{kTwo, inTwoFields}, {kTwoPlaces, inTwoPlaces}}, causes())
    {
    }
    bool isCumulative() const override { return true; }
    std::vector<Probe> probes(const Recording &seen) const override { return chosen(seen).probes(seen); }
    Judgement judge(const Recording &seen) const override { return chosen(seen).judge(seen); }

private:
    const RefusedRule &chosen(const Recording &seen) const { return spareOf(seen) > 0 ? m_both : m_one; }
    static std::vector<RefusedRule::Cause> causes()
    {
        return {{u"bare"_s, u"H1"_s}, {kUrl, u"H10"_s}, {probeFor("token"), u"H10"_s}};
    }
    static std::pair<QByteArray, QByteArray> other()
    {
        return {"Authorization", "Bearer " + madeUpToken().reveal().toByteArray()};
    }
    static UpgradeShape inTwoFields(const Recording &seen)
    {
        UpgradeShape shape = seen.entry();
        shape.credential = u"the valid token"_s;
        shape.fields.append(other());
        return shape;
    }
    static UpgradeShape inTwoPlaces(const Recording &seen)
    {
        UpgradeShape shape = inTwoFields(seen);
        shape.isTokenElsewhere = true;
        shape.query = parameter("access_token") + '&' + parameter("token");
        return shape;
    }

    static constexpr int kNeeds = Need::Trusted | Need::Token | Need::AtUpgrade;
    inline static const QString kFailure = QStringLiteral("a request with two different tokens is accepted");
    const RefusedRule m_one;
    const RefusedRule m_both;
};

} // namespace

void addPlaceRules(Rules &rules)
{
    rules.push_back(std::make_unique<UrlTokenRule>());
    rules.push_back(std::make_unique<TwoTokensRule>());
}

} // namespace Watchword::Doctoring
