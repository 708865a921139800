// SPDX-License-Identifier: Apache-2.0
#include "rules/rule.h"

#include <QJsonDocument>

#include <algorithm>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

//! The reason codes of protocol.md that a refusal of this probe may have; empty for probes that say nothing about the audit.
QStringList reasonsOf(const QString &probe)
{
    static const QHash<QString, QStringList> reasons{
        {u"bare"_s, {u"no_credential"_s}},
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
        {u"evil"_s, {u"origin_denied"_s}},
        {u"null"_s, {u"origin_denied"_s}},
        {u"longer"_s, {u"origin_denied"_s}},
        {u"prefix"_s, {u"origin_denied"_s}},
        {u"port"_s, {u"origin_denied"_s}},
        {u"scheme"_s, {u"origin_denied"_s}},
        {u"path"_s, {u"unknown_path"_s}},
        {u"version"_s, {u"wrong_version"_s}},
        {u"nokey"_s, {u"bad_key"_s}},
    };
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
            return skip(u"the audit cannot be read: "_s + audit.error().toString());
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
            return skip(u"the audit cannot be read: "_s + audit.error().toString());
        QStringList missing;
        QStringList wrong;
        int told = 0;
        for (auto it = seen.all().begin(); it != seen.all().end(); ++it) {
            const QStringList reasons = reasonsOf(it.key());
            if (reasons.isEmpty() || it->end != Exchange::End::Answered || it->status == 429 || it->status == 503)
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
        return told > 0 ? pass(u"%1 refusals, each with its reason"_s.arg(told)) : skip(u"nothing was refused"_s);
    }

private:
    static QString reasonIn(const AuditEvidence &audit, const QString &id)
    {
        const auto event = std::find_if(audit.events.begin(), audit.events.end(),
                                        [&id](const AuditEvent &one) { return !id.isEmpty() && one.id == id; });
        return event == audit.events.end() ? QString() : event->data.value("reason_code"_L1).toString(u"none"_s);
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
}

} // namespace Watchword::Doctoring
