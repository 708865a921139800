// SPDX-License-Identifier: Apache-2.0
#include "rules/rule.h"

#include <QJsonDocument>

#include <algorithm>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

const QString kAuditStream = QStringLiteral("auditstream");

//! The reason codes of protocol.md that a refusal of this probe may have; empty for probes that say nothing about the audit.
QStringList reasonsOf(const QString &probe)
{
    static const QHash<QString, QStringList> reasons{
        {u"bare"_s, {u"no_credential"_s}},
        {kProxyScout, {u"no_credential"_s}},
        {kLegalScout, {u"no_credential"_s}},
        {u"madeup"_s, {u"UnknownKey"_s, u"WrongIssuer"_s, u"MissingClaim"_s}},
        {u"badsignature"_s, {u"BadSignature"_s}},
        {u"badclaims"_s, {u"BadSignature"_s}},
        {u"none"_s, {u"UnsupportedAlgorithm"_s}},
        {u"none2"_s, {u"UnsupportedAlgorithm"_s}},
        {u"confused"_s, {u"UnsupportedAlgorithm"_s}},
        {u"embedded"_s, {u"UnknownKey"_s}},
        {u"expired"_s, {u"TokenExpired"_s}},
        {u"notyet"_s, {u"TokenNotYetValid"_s}},
        {u"audience"_s, {u"WrongAudience"_s}},
        {u"issuer"_s, {u"WrongIssuer"_s}},
        {u"idtoken"_s, {u"WrongTokenType"_s}},
        {u"noscope"_s, {u"insufficient_scope"_s}},
        {u"url"_s, {u"credential_in_url"_s}},
        {u"two"_s, {u"two_credentials"_s}},
        {u"twoplaces"_s, {u"two_credentials"_s, u"credential_in_url"_s}},
        {u"evil"_s, {u"origin_denied"_s}},
        {u"null"_s, {u"origin_denied"_s}},
        {u"longer"_s, {u"origin_denied"_s}},
        {u"prefix"_s, {u"origin_denied"_s}},
        {u"port"_s, {u"origin_denied"_s}},
        {u"scheme"_s, {u"origin_denied"_s}},
        {u"path"_s, {u"unknown_path"_s}},
        {u"version"_s, {u"wrong_version"_s}},
        {u"nokey"_s, {u"bad_key"_s}},
        {u"weak"_s, {u"acr_too_weak"_s, u"sign_in_too_old"_s}},
        {u"auditbare"_s, {u"no_credential"_s}},
        {u"audituser"_s, {u"insufficient_scope"_s}},
    };
    if (probe.startsWith("url:"_L1)) // names that no server may take; the gateway knows the commonest
        return {u"credential_in_url"_s, u"no_credential"_s};
    return reasons.value(probe);
}

class ChainRule final : public Rule
{
public:
    ChainRule()
        : Rule(u"B1"_s, Stage::End, Need::Audit)
    {
    }
    Judgement judge(const Recording &seen) const override
    {
        const Result<AuditEvidence> &audit = *seen.audit();
        if (!audit)
            return undecided(u"the audit cannot be read: "_s + audit.error().toString());
        if (!audit->chainProblem.isEmpty())
            return fail(u"the chain does not verify: "_s + audit->chainProblem, {});
        return audit->verified > 0 ? pass(u"%1 events verify"_s.arg(audit->verified)) : fail(u"no event could be verified"_s, {});
    }
};

class RefusalsRule final : public Rule
{
public:
    RefusalsRule()
        : Rule(u"B2"_s, Stage::End, Need::Audit)
    {
    }
    Judgement judge(const Recording &seen) const override
    {
        const Result<AuditEvidence> &audit = *seen.audit();
        if (!audit)
            return undecided(u"the audit cannot be read: "_s + audit.error().toString());
        QStringList missing;
        QStringList wrong;
        int told = 0;
        for (auto it = seen.all().begin(); it != seen.all().end(); ++it) {
            const QStringList reasons = reasonsOf(it.key());
            if (reasons.isEmpty() || it->end != Exchange::End::Answered || !admissionOf(it->status).isRefused())
                continue;
            const QString reason = reasonIn(*audit, referenceOf(*it));
            if (reason.isEmpty())
                missing.append(it.key());
            else if (!reasons.contains(reason))
                wrong.append(it.key());
            else
                ++told;
        }
        missing.sort();
        wrong.sort();
        if (!missing.isEmpty())
            return fail(u"%1 refusals are not in the audit"_s.arg(missing.size()), missing.mid(0, 2));
        if (!wrong.isEmpty())
            return fail(u"%1 refusals have another reason in the audit than the true one"_s.arg(wrong.size()), wrong.mid(0, 2));
        return told > 0 ? pass(u"%1 refusals, each with its reason"_s.arg(told)) : moot(u"nothing was refused"_s);
    }

private:
    static QString reasonIn(const AuditEvidence &audit, const QString &id)
    {
        const auto event = std::find_if(audit.events.begin(), audit.events.end(),
                                        [&id](const AuditEvent &one) { return !id.isEmpty() && one.id == id; });
        return event == audit.events.end() ? QString() : event->data.value("reason_code"_L1).toString(u"none"_s);
    }
};

constexpr int kFewestLimited = 5;

//! The first message of the audit's stream (protocol.md section 5); empty if there is none.
QJsonObject streamOpen(const Recording &seen)
{
    const Exchange *stream = seen.find(kAuditStream);
    if (!stream || stream->end != Exchange::End::Opened || stream->messages.isEmpty())
        return {};
    return QJsonDocument::fromJson(stream->messages.constFirst().payload).object().value("stream.open"_L1).toObject();
}

// The audit has Origins of its own, and takes its token in a header whatever the endpoint does.
UpgradeShape auditUpgrade(const Recording &seen, const Secret &token, const QString &credential)
{
    UpgradeShape shape;
    shape.path = seen.options().auditPath.toLatin1();
    shape.origin = QByteArray();
    shape.subprotocols = {"cloudevents.json"};
    shape.token = token;
    shape.credential = credential;
    shape.isTokenElsewhere = true;
    if (!token.isEmpty())
        shape.fields.emplaceBack("Authorization", "Bearer " + QByteArray(1, kTokenMark));
    return shape;
}

class AuditStreamRule final : public Rule
{
public:
    AuditStreamRule()
        : Rule(u"B3"_s, Stage::FollowUp, Need::Trusted | Need::AuditToken)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        UpgradeShape shape = auditUpgrade(seen, seen.options().auditToken, u"the auditor's token"_s);
        shape.linger = kPongTime;
        return {seen.requests().upgrade(kAuditStream, shape)};
    }
    Judgement judge(const Recording &seen) const override
    {
        const QJsonObject open = streamOpen(seen);
        if (const Exchange *stream = seen.find(kAuditStream); stream && stream->status == 403)
            return skip(u"the token may not read the audit (HTTP 403): give one that has gw:audit by --audit-token-file"_s);
        if (open.isEmpty())
            return fail(u"the audit does not answer: "_s + seen.admission(kAuditStream)->what, {kAuditStream});
        return pass(u"the audit answers, %1 events so far"_s.arg(open.value("newest"_L1).toInteger()));
    }
};

class RetentionRule final : public Rule
{
public:
    RetentionRule()
        : Rule(u"B5"_s, Stage::End, Need::Trusted | Need::AuditToken)
    {
    }
    Judgement judge(const Recording &seen) const override
    {
        const QJsonObject open = streamOpen(seen);
        if (open.isEmpty())
            return moot(u"see B3, which is the cause"_s);
        const qint64 days = open.value("retention_s"_L1).toInteger() / (24 * 3600);
        return days > 0 ? pass(u"events are kept for %1 days"_s.arg(days))
                        : warn(u"nobody has said how long events are kept: for ever"_s, {kAuditStream});
    }
};

/*! Who may connect may not therefore read about everybody else. */
class AuditReadersRule final : public RefusedRule
{
public:
    AuditReadersRule()
        : RefusedRule(u"B7"_s, Stage::FollowUp, Need::Trusted | Need::AuditToken,
                      u"the audit can be read without a right to it"_s,
                      {{u"auditbare"_s, [](const Recording &seen) { return auditUpgrade(seen, {}, {}); }},
                       {u"audituser"_s,
                        [](const Recording &seen) { return auditUpgrade(seen, seen.options().token, u"the valid token"_s); }}})
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        return isUserKnown(seen) ? RefusedRule::probes(seen) : std::vector<Probe>{};
    }
    Judgement judge(const Recording &seen) const override
    {
        return isUserKnown(seen) ? RefusedRule::judge(seen)
                                 : skip(u"needs a valid token without gw:audit beside the auditor's (--audit-token-file)"_s);
    }

private:
    static bool isUserKnown(const Recording &seen)
    {
        const QString scope = seen.badTokens().claims().value("scope"_L1).toString();
        return seen.isTokenAccepted() && !seen.options().token.equals(seen.options().auditToken)
            && !scope.split(u' ').contains("gw:audit"_L1);
    }
};

/*! Whether a stranger who is refused again and again fills the audit. */
class AuditFloodRule final : public Rule
{
public:
    AuditFloodRule()
        : Rule(u"B6"_s, Stage::End, Need::Trusted | Need::Ours | Need::Audit)
    {
    }
    Judgement judge(const Recording &seen) const override
    {
        const Result<AuditEvidence> &audit = *seen.audit();
        if (!audit)
            return undecided(u"the audit cannot be read: "_s + audit.error().toString());
        QSet<QString> written;
        QString last;
        int limited = 0;
        for (auto it = seen.all().begin(); it != seen.all().end(); ++it) {
            if (!it.key().startsWith("guess"_L1) || it->end != Exchange::End::Answered || it->status != 429)
                continue;
            ++limited;
            last = it.key();
            const QString id = referenceOf(*it);
            if (std::any_of(audit->events.begin(), audit->events.end(), [&id](const AuditEvent &one) { return one.id == id; }))
                written.insert(id);
        }
        if (limited < kFewestLimited)
            return moot(u"no limit was met, see L3"_s);
        if (written.size() > limited / 2)
            return fail(u"%1 requests above a limit are %2 events"_s.arg(limited).arg(written.size()), {last});
        return pass(u"%1 requests above a limit are %2 events"_s.arg(limited).arg(written.size()));
    }
};

} // namespace

QString referenceOf(const Exchange &exchange)
{
    return QJsonDocument::fromJson(exchange.body).object().value("ref"_L1).toString();
}

QStringList auditedIn(const Recording &seen)
{
    QStringList ids;
    for (auto it = seen.all().begin(); it != seen.all().end(); ++it) {
        if (const QString id = referenceOf(*it); !id.isEmpty() && !reasonsOf(it.key()).isEmpty())
            ids.append(id);
    }
    ids.removeDuplicates();
    return ids;
}

void addAuditRules(Rules &rules)
{
    rules.push_back(std::make_unique<ChainRule>());
    rules.push_back(std::make_unique<RefusalsRule>());
    rules.push_back(std::make_unique<AuditStreamRule>());
    rules.push_back(std::make_unique<RetentionRule>());
    rules.push_back(std::make_unique<AuditReadersRule>());
    rules.push_back(std::make_unique<AuditFloodRule>());
}

} // namespace Watchword::Doctoring
