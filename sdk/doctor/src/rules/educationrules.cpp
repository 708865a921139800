// SPDX-License-Identifier: Apache-2.0
#include "rules/rule.h"

#include <QJsonDocument>
#include <QJsonObject>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

constexpr char kSecurityTextPath[] = "/.well-known/security.txt";

QStringList sortedProbes(const Recording &seen)
{
    QStringList probes = seen.all().keys();
    probes.sort();
    return probes;
}

QJsonObject problemOf(const Exchange &exchange)
{
    return QJsonDocument::fromJson(exchange.body).object();
}

// Of a refused upgrade, which a client's developer gets to see. What is late, too long or never finished is refused before
// anybody reads it.
bool isRefusedUpgrade(const Exchange &exchange)
{
    return exchange.end == Exchange::End::Answered && exchange.status / 100 == 4 && exchange.status != 408
        && exchange.status != 431 && exchange.sent.contains("Upgrade: websocket\r\n") && exchange.sent.contains("\r\n\r\n");
}

/*! RFC 9457, or whatever else a person or a program can read. */
class ProblemRule final : public Rule
{
public:
    ProblemRule()
        : Rule(u"G1"_s, Stage::FollowUp, Need::Trusted)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        const QByteArray path = typePath(seen);
        return path.isEmpty() ? std::vector<Probe>{} : std::vector<Probe>{seen.requests().get(u"problemtype"_s, path)};
    }
    Judgement judge(const Recording &seen) const override
    {
        int refusals = 0;
        QStringList mute;
        const QStringList probes = sortedProbes(seen);
        for (const QString &probe : probes) {
            const Exchange &exchange = *seen.find(probe);
            if (!isRefusedUpgrade(exchange))
                continue;
            ++refusals;
            if (!saysSomething(exchange))
                mute.append(probe);
        }
        if (refusals == 0)
            return moot(u"no upgrade was refused by HTTP"_s);
        if (!mute.isEmpty())
            return warn(u"refusals say nothing but their status"_s, mute.mid(0, 1));
        const Exchange *type = seen.find(u"problemtype"_s);
        if (const auto page = seen.admission(u"problemtype"_s); page && !page->isAdmitted() && !page->isRefused())
            return undecided(u"the page that explains the problem, "_s + page->what);
        if (type && type->status != 200)
            return warn(u"the page that explains the problem is not there (%1)"_s.arg(seen.admission(type->probe)->what),
                        {u"problemtype"_s});
        return pass(u"%1 refusals, each with words"_s.arg(refusals));
    }

private:
    static bool saysSomething(const Exchange &exchange)
    {
        const QByteArray type = exchange.value("Content-Type").toLower();
        if (type.startsWith("text/"))
            return !exchange.body.trimmed().isEmpty(); // for people
        const QJsonObject problem = problemOf(exchange);
        for (const char *member : {"title", "detail", "message", "error", "error_description"}) {
            if (problem.contains(QLatin1StringView(member)))
                return true;
        }
        return false;
    }
    //! Of the first problem type that is a page of the same host: nothing is asked of another one.
    static QByteArray typePath(const Recording &seen)
    {
        const QUrl endpoint = seen.options().endpoint;
        QUrl base = endpoint;
        base.setScheme(u"https"_s);
        const QStringList probes = sortedProbes(seen);
        for (const QString &probe : probes) {
            const QString type = problemOf(*seen.find(probe)).value("type"_L1).toString();
            if (!isRefusedUpgrade(*seen.find(probe)) || type.isEmpty() || type == "about:blank"_L1)
                continue;
            const QUrl url = base.resolved(QUrl(type, QUrl::StrictMode));
            const bool isHere =
                url.scheme() == "https"_L1 && url.host() == endpoint.host() && url.port(443) == endpoint.port(443);
            if (isHere && url.path() != endpoint.path())
                return url.path(QUrl::FullyEncoded).toLatin1();
        }
        return {};
    }
};

/*! RFC 6750 section 3.1, for programs that have to know whether to refresh, to sign in again or to give up. */
class ChallengeRule final : public Rule
{
public:
    ChallengeRule()
        : Rule(u"G2"_s, Stage::End, Need::Trusted | Need::AtUpgrade)
    {
    }
    bool isCumulative() const override { return true; }
    Judgement judge(const Recording &seen) const override
    {
        static const QStringList kBad{u"badsignature"_s, u"expired"_s, u"madeup"_s};
        int told = 0;
        for (const QString &probe : kBad) {
            const Exchange *exchange = seen.find(probe);
            if (!exchange || exchange->end != Exchange::End::Answered || exchange->status != 401)
                continue;
            if (!exchange->value("WWW-Authenticate").contains("error=\"invalid_token\""))
                return warn(u"a bad token is answered like none: the client cannot know that it has to get another"_s, {probe});
            ++told;
        }
        const Exchange *scope = seen.find(u"noscope"_s);
        if (scope && scope->status == 403 && !scope->value("WWW-Authenticate").contains("error=\"insufficient_scope\""))
            return warn(u"a token without the scope is refused, but not for that: the client cannot know what to ask for"_s,
                        {u"noscope"_s});
        return told > 0 ? pass(u"challenges name the error"_s) : moot(u"no bad token was refused by 401"_s);
    }
};

/*! RFC 9116 */
class SecurityTextRule final : public Rule
{
public:
    SecurityTextRule()
        : Rule(u"G3"_s, Stage::Upgrade, Need::Trusted)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        return {seen.requests().get(u"securitytxt"_s, kSecurityTextPath)};
    }
    Judgement judge(const Recording &seen) const override
    {
        const QStringList probe{u"securitytxt"_s};
        const Exchange *exchange = seen.find(probe.first());
        if (const Admission admission = *seen.admission(probe.first()); !admission.isRefused())
            return undecided(admission.what);
        if (exchange->status / 100 == 3)
            return moot(u"it is somewhere else, and the doctor follows no redirect"_s);
        if (exchange->status != 200)
            return warn(
                u"there is no security.txt (HTTP %1): who finds a hole does not know whom to tell"_s.arg(exchange->status),
                probe);
        if (field(exchange->body, "Contact").isEmpty())
            return warn(u"the security.txt names no Contact"_s, probe);
        const QDateTime end = QDateTime::fromString(QString::fromLatin1(field(exchange->body, "Expires")), Qt::ISODate);
        if (!end.isValid())
            return warn(u"the security.txt does not say until when it is good (Expires)"_s, probe);
        if (end < toDateTime(Clock::system().wallNow()))
            return warn(u"the security.txt ended at %1"_s.arg(end.toUTC().toString(Qt::ISODate)), probe);
        return pass(u"names a contact, until %1"_s.arg(end.toUTC().toString(Qt::ISODate)));
    }

private:
    static QByteArray field(const QByteArray &text, const QByteArray &name)
    {
        const QList<QByteArray> lines = text.split('\n');
        for (const QByteArray &line : lines) {
            const qsizetype colon = line.indexOf(':');
            if (colon > 0 && line.left(colon).trimmed().compare(name, Qt::CaseInsensitive) == 0)
                return line.mid(colon + 1).trimmed();
        }
        return {};
    }
};

/*! RFC 6455 section 7.4 */
class CloseCodeRule final : public Rule
{
public:
    CloseCodeRule()
        : Rule(u"G4"_s, Stage::End, Need::Trusted)
    {
    }
    bool isCumulative() const override { return true; }
    Judgement judge(const Recording &seen) const override
    {
        int closes = 0;
        const QStringList probes = sortedProbes(seen);
        for (const QString &probe : probes) {
            const Exchange &exchange = *seen.find(probe);
            if (exchange.closeCode == 0)
                continue;
            ++closes;
            if (exchange.closeCode == kNoCode)
                return warn(u"a connection is closed without a code"_s, {probe});
            if (exchange.closeCode == Exchange::kNoSuchCode)
                return warn(u"a connection is closed with a code that nobody may send"_s, {probe});
            if (exchange.closeCode >= kFirstPrivate && exchange.closeReason.isEmpty())
                return warn(u"a connection is closed with %1, and no word on what that means"_s.arg(exchange.closeCode), {probe});
        }
        return closes > 0 ? pass(u"%1 closed connections, each with its reason"_s.arg(closes))
                          : moot(u"no connection was closed with a frame"_s);
    }

private:
    static constexpr int kNoCode = 1005;
    static constexpr int kFirstPrivate = 3000;
};

} // namespace

void addEducationRules(Rules &rules)
{
    rules.push_back(std::make_unique<ProblemRule>());
    rules.push_back(std::make_unique<ChallengeRule>());
    rules.push_back(std::make_unique<SecurityTextRule>());
    rules.push_back(std::make_unique<CloseCodeRule>());
}

} // namespace Watchword::Doctoring
