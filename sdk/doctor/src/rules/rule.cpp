// SPDX-License-Identifier: Apache-2.0
#include "rules/rule.h"

#include "watchword/core/internal/loopback.h"

#include <QJsonDocument>

#include <algorithm>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

const QString kNeedsToken = QStringLiteral("needs a valid token (--token-file or --account)");

} // namespace

Recording::Recording(DoctorOptions options)
    : m_options(std::move(options))
    , m_requests(m_options, &m_redactor)
    , m_badTokens(m_options.token, m_options.signingKey)
{
}

const Exchange *Recording::find(const QString &probe) const
{
    const auto found = m_exchanges.constFind(probe);
    return found == m_exchanges.constEnd() ? nullptr : &*found;
}

// What an issuer gives out goes no further than here.
void Recording::add(const Exchange &exchange)
{
    Exchange kept = exchange;
    if (isOfIssuer(exchange.probe)) {
        const QJsonObject answer = QJsonDocument::fromJson(exchange.body).object();
        for (const char *name : {"access_token", "refresh_token", "id_token"}) {
            const QByteArray text = answer.value(QLatin1StringView(name)).toString().toUtf8();
            if (text.isEmpty())
                continue;
            const Secret secret = Secret::copy(text);
            m_redactor.add(secret);
            kept.body.replace(text, QByteArray(1, kTokenMark));
            if (name == QByteArrayView("access_token"))
                m_issuedAccess.insert(exchange.probe, secret);
            else if (name == QByteArrayView("refresh_token"))
                m_issuedRefresh.insert(exchange.probe, secret);
        }
    }
    m_exchanges.insert(kept.probe, kept);
}

const Probe *Recording::planned(const QString &id) const
{
    const auto found = m_probes.constFind(id);
    return found == m_probes.constEnd() ? nullptr : &*found;
}

std::optional<Admission> Recording::admission(const QString &probe) const
{
    const Exchange *exchange = find(probe);
    return exchange ? std::optional(admissionOf(*exchange, m_options.tokenWay)) : std::nullopt;
}

bool Recording::isTrusted() const
{
    const Exchange *bare = find(u"bare"_s);
    return bare && bare->end != Exchange::End::Untrusted && bare->end != Exchange::End::Unreachable;
}

bool Recording::waitsForMessage() const
{
    return m_options.tokenWay != DoctorOptions::TokenWay::Header && m_options.tokenWay != DoctorOptions::TokenWay::Subprotocol;
}

bool Recording::isOpen() const
{
    const std::optional<Admission> bare = admission(u"bare"_s);
    return bare && bare->isAdmitted() && !waitsForMessage();
}

bool Recording::isTokenAccepted() const
{
    const std::optional<Admission> valid = admission(u"valid"_s);
    return !m_options.token.isEmpty() && valid && valid->isAdmitted();
}

// 404 and silence are also how some hide from strangers: then a valid token tells them apart.
QString Recording::notMet() const
{
    const Exchange *bare = find(u"bare"_s);
    if (!bare || isTokenAccepted())
        return {};
    switch (bare->end) {
    case Exchange::End::Answered:
        if (bare->status / 100 == 5 && bare->status != 501)
            return u"the endpoint itself fails (HTTP %1)"_s.arg(bare->status);
        if (bare->status / 100 == 2 || bare->status == 404 || bare->status == 405 || bare->status == 410 || bare->status == 501)
            return u"there is no WebSocket at this path (HTTP %1)"_s.arg(bare->status);
        return {};
    case Exchange::End::Cut:
    case Exchange::End::Silent:
    case Exchange::End::Raw:
    case Exchange::End::Malformed:
        return u"no WebSocket was met: "_s + admission(bare->probe)->what;
    case Exchange::End::Opened:
    case Exchange::End::Unreachable:
    case Exchange::End::Untrusted:
        break;
    }
    return {};
}

bool Recording::isOurs() const
{
    const QJsonObject &claims = m_badTokens.claims();
    const QStringList scopes = claims.value("scope"_L1).toString().split(u' ');
    if (isLoopbackHost(m_options.endpoint.host()) || (isTokenAccepted() && scopes.contains("gw:doctor"_L1)))
        return true;
    const Exchange *consent = find(u"consent"_s);
    return consent && consent->status == 200 && consent->body.contains(consentText(m_options.endpoint));
}

UpgradeShape Recording::entry() const
{
    UpgradeShape shape;
    if (isTokenAccepted()) {
        shape.token = m_options.token;
        shape.credential = u"the valid token"_s;
    }
    return shape;
}

Judgement pass(const QString &summary)
{
    return {Finding::Verdict::Pass, summary};
}

Judgement warn(const QString &summary, const QStringList &probes)
{
    return {Finding::Verdict::Warn, summary, probes};
}

Judgement fail(const QString &summary, const QStringList &probes)
{
    return {Finding::Verdict::Fail, summary, probes};
}

Judgement warn(const QString &summary, const QStringList &probes, Severity severity)
{
    Judgement judgement = warn(summary, probes);
    judgement.severity = severity;
    return judgement;
}

Judgement skip(const QString &summary)
{
    return {Finding::Verdict::Skipped, summary, {}, Finding::Gap::NotAsked};
}

Judgement moot(const QString &summary)
{
    return {Finding::Verdict::Skipped, summary, {}, Finding::Gap::NotApplicable};
}

Judgement noConnection(const Recording &seen, const QString &probe)
{
    const auto admission = seen.admission(probe);
    if (admission && admission->isRefused())
        return moot(u"no connection to try it on: what it offers is refused (%1)"_s.arg(admission->what));
    return undecided(admission ? u"no connection to try it on, "_s + admission->what : u"no connection to try it on"_s);
}

Judgement undecided(const QString &what)
{
    return {Finding::Verdict::Skipped, u"could not be examined: "_s + what, {}, Finding::Gap::NotDecided};
}

namespace {

using Requested = QList<std::pair<QString, QString>>; // probes and their checks, as they are sent

//! Requests that a server treats alike: what breaks it at one of them mostly breaks it at all.
const QList<Requested> &alike()
{
    static const Requested badTokens{{u"badsignature"_s, u"H6"_s}, {u"badclaims"_s, u"H6"_s}, {u"none"_s, u"H4"_s},
                                     {u"none2"_s, u"H4"_s},        {u"embedded"_s, u"H9"_s},  {u"madeup"_s, u"H15"_s},
                                     {u"expired"_s, u"H2"_s},      {u"notyet"_s, u"H3"_s},    {u"audience"_s, u"H7"_s},
                                     {u"issuer"_s, u"H8"_s},       {u"idtoken"_s, u"H12"_s},  {u"confused"_s, u"H5"_s}};
    static const Requested pages{{u"evil"_s, u"O1"_s},   {u"null"_s, u"O2"_s}, {u"longer"_s, u"O3"_s},
                                 {u"prefix"_s, u"O3"_s}, {u"port"_s, u"O4"_s}, {u"scheme"_s, u"O4"_s}};
    static const QList<Requested> lists{badTokens, pages};
    return lists;
}

//! The check that met the same fault before \a check did; empty if it is the first.
QString metBefore(const Recording &seen, const QString &check, const QString &probe)
{
    for (const Requested &list : alike()) {
        const bool isHere = std::any_of(list.begin(), list.end(), [&probe](const auto &one) { return one.first == probe; });
        for (const auto &[other, cause] : list) {
            if (!isHere || other == probe)
                break;
            const auto admission = seen.admission(other);
            if (cause != check && admission && admission->kind == Admission::Kind::Failed)
                return cause;
        }
    }
    return {};
}

} // namespace

Judgement broken(const Recording &seen, const QString &check, const QString &probe, const Admission &failure)
{
    const auto bare = seen.admission(u"bare"_s);
    const bool answersOthers = seen.isTokenAccepted() || (bare && (bare->isAdmitted() || bare->isRefused()));
    if (!answersOthers)
        return undecided(failure.what);
    if (const QString cause = metBefore(seen, check, probe); !cause.isEmpty())
        return undecided(u"%1, see %2"_s.arg(failure.what, cause));
    Judgement judgement = warn(u"could not be examined: the server fails at it instead of refusing it (%1)"_s.arg(failure.what),
                               {probe}, std::min(Check::find(check)->severity, Severity::Medium));
    judgement.gap = Finding::Gap::NotDecided;
    return judgement;
}

namespace {

// Whether the token or the server is at fault.
Judgement notIn(const Recording &seen)
{
    const auto valid = seen.admission(u"valid"_s);
    return valid && !valid->isRefused() ? undecided(u"the valid token is not let in (%1)"_s.arg(valid->what))
                                        : undecided(u"the token that was given is refused"_s);
}

} // namespace

QString Rule::missing(const Recording &seen) const
{
    const std::optional<Judgement> why = hindrance(seen);
    return why ? why->summary : QString();
}

std::optional<Judgement> Rule::hindrance(const Recording &seen) const
{
    const DoctorOptions &options = seen.options();
    if ((m_needs & Need::Ours) && !options.intrusive)
        return skip(u"needs --intrusive"_s);
    if ((m_needs & Need::Ours) && !seen.isOurs())
        return skip(u"needs a sign that the endpoint is yours: the scope gw:doctor, or the line %1 at %2"_s.arg(
            QString::fromLatin1(consentText(options.endpoint)), QString::fromLatin1(kConsentPath)));
    if ((m_needs & Need::Trusted) && !seen.isTrusted())
        return skip(u"there is no TLS session that can be trusted, see T1 to T4"_s);
    // Before it is known what becomes of the token, it may still open a door.
    if (QString why = vain(seen); !why.isEmpty() && (m_stage > Stage::Upgrade || options.token.isEmpty()))
        return undecided(why);
    if ((m_needs & Need::Audit) && !seen.audit())
        return skip(u"--deep examines it at a gateway of Watchword; of another server look at its log yourself"_s);
    if ((m_needs & Need::AuditToken) && options.auditToken.isEmpty())
        return skip(u"--deep examines it at a gateway of Watchword; of another server look at its log yourself"_s);
    if ((m_needs & Need::Issuer) && options.issuer.isEmpty())
        return skip(u"needs --issuer"_s);
    if ((m_needs & Need::Refresh) && options.refreshToken.isEmpty())
        return skip(u"needs --issuer, --client-id and --refresh-token-file of a session that may end"_s);
    if ((m_needs & Need::AtUpgrade) && seen.waitsForMessage())
        return moot(u"the server takes the token in a message"_s);
    if ((m_needs & (Need::Token | Need::Jwt | Need::Key)) && options.token.isEmpty())
        return skip(kNeedsToken);
    if ((m_needs & Need::Token) && !seen.isTokenAccepted())
        return notIn(seen);
    if ((m_needs & Need::Entry) && !seen.hasEntry())
        return options.token.isEmpty() ? skip(kNeedsToken) : notIn(seen);
    if ((m_needs & Need::Jwt) && !seen.badTokens().isJwt())
        return moot(u"the token is not a JWT"_s);
    if ((m_needs & Need::Key) && options.signingKey.isNull())
        return skip(u"needs the signing key of a test issuer"_s);
    return {};
}

QString Rule::vain(const Recording &seen) const
{
    const bool isAboutWebSockets = (m_needs & Need::Trusted) && !(m_needs & Need::Anyway);
    return isAboutWebSockets && seen.isTrusted() ? seen.notMet() : QString();
}

Rules allRules()
{
    Rules rules;
    addLineRules(rules);
    addTokenRules(rules);
    addPlaceRules(rules);
    addProxyRules(rules);
    addOriginRules(rules);
    addFrameRules(rules);
    addAnswerRules(rules);
    addRenewalRules(rules);
    addIssuerRules(rules);
    addFloodRules(rules); // before the many connections of the next
    addLimitRules(rules);
    addEducationRules(rules);
    addAuditRules(rules);
    return rules;
}

std::vector<Probe> RefusedRule::probes(const Recording &seen) const
{
    std::vector<Probe> list;
    for (const Request &request : m_requests) {
        UpgradeShape shape = request.shape(seen);
        shape.linger = std::max(shape.linger, kRefusalTime);
        list.push_back(seen.requests().upgrade(request.probe, shape));
    }
    return list;
}

Judgement RefusedRule::judge(const Recording &seen) const
{
    for (const Cause &cause : m_causes) {
        if (const auto other = seen.admission(cause.probe); other && other->isAdmitted())
            return moot(u"see %1, which is the cause"_s.arg(cause.check));
    }
    QStringList admitted;
    QStringList refused;
    QString failing;
    QString silent;
    for (const Request &request : m_requests) {
        const std::optional<Admission> admission = seen.admission(request.probe);
        if (!admission)
            continue;
        if (admission->isAdmitted())
            admitted.append(request.probe);
        else if (admission->isRefused())
            refused.append(request.probe);
        else if (admission->kind == Admission::Kind::Failed)
            failing = request.probe;
        else
            silent = admission->what;
    }
    if (!admitted.isEmpty())
        return fail(m_failure, admitted);
    if (!failing.isEmpty())
        return broken(seen, id(), failing, *seen.admission(failing));
    if (refused.size() < qsizetype(m_requests.size()))
        return silent.isEmpty() ? skip(u"not sent"_s) : undecided(silent);
    return judgeRefusals(seen, refused);
}

Judgement RefusedRule::judgeRefusals(const Recording &seen, const QStringList &refused) const
{
    QStringList ways;
    for (const QString &probe : refused)
        ways.append(seen.admission(probe)->what);
    ways.removeDuplicates();
    return pass(u"refused: "_s + ways.join(u", "_s));
}

} // namespace Watchword::Doctoring
