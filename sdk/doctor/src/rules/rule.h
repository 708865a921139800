// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "probe/admission.h"
#include "probe/badtokens.h"
#include "probe/redactor.h"
#include "probe/requests.h"
#include "watchword/doctor/finding.h"

#include <QHash>

#include <memory>
#include <vector>

namespace Watchword::Doctoring {

/*! Everything that is known while an examination runs: the options, the tokens, and the exchanges so far. */
class WATCHWORD_TEST_EXPORT Recording
{
public:
    explicit Recording(DoctorOptions options);
    Q_DISABLE_COPY_MOVE(Recording)

    void add(const Exchange &exchange);
    void plan(const Probe &probe) { m_probes.insert(probe.id, probe); }
    const Probe *planned(const QString &id) const; //!< To send the same again; null if it was not planned.
    const Exchange *find(const QString &probe) const; //!< Null if it was not sent.
    const QHash<QString, Exchange> &all() const { return m_exchanges; }
    std::optional<Admission> admission(const QString &probe) const; //!< Nothing if it was not sent.

    const DoctorOptions &options() const { return m_options; }
    //! What the issuer's token endpoint gave out in the answer to \a probe; empty if it did not.
    Secret issuedAccess(const QString &probe) const { return m_issuedAccess.value(probe); }
    Secret issuedRefresh(const QString &probe) const { return m_issuedRefresh.value(probe); }

    const Requests &requests() const { return m_requests; }
    const BadTokens &badTokens() const { return m_badTokens; }
    const Redactor &redactor() const { return m_redactor; }

    void setAudit(const Result<AuditEvidence> &audit) { m_audit = audit; }
    const std::optional<Result<AuditEvidence>> &audit() const { return m_audit; } //!< Nothing before the last stage.

    //! A port of this machine where nobody has any business but who follows an address in a token; 0: there is none.
    void setTrap(quint16 port) { m_trap = port; }
    quint16 trap() const { return m_trap; }
    void noteFetch() { m_isFetched = true; }
    bool isFetched() const { return m_isFetched; } //!< Somebody came to the trap.

    bool isTrusted() const; //!< TLS was good, and there was an answer.
    bool isOpen() const; //!< The endpoint admits without a token, and does not wait for one in a message.
    bool isTokenAccepted() const;
    //! Why there may be no WebSocket here at all, so that refusals mean nothing; empty if one was met, or a refusal of one.
    QString notMet() const;
    bool hasEntry() const { return isTokenAccepted() || isOpen(); } //!< There is a request that is admitted.
    //! Intrusive probes are allowed: it is this machine, the token has "gw:doctor", or the host serves the consent.
    bool isOurs() const;
    bool waitsForMessage() const; //!< The token travels behind the upgrade.
    UpgradeShape entry() const; //!< The request that is admitted; without an entry the one without a token.

private:
    const DoctorOptions m_options;
    Redactor m_redactor;
    const Requests m_requests;
    const BadTokens m_badTokens;
    QHash<QString, Probe> m_probes;
    QHash<QString, Exchange> m_exchanges;
    QHash<QString, Secret> m_issuedAccess;
    QHash<QString, Secret> m_issuedRefresh;
    std::optional<Result<AuditEvidence>> m_audit;
    quint16 m_trap = 0;
    bool m_isFetched = false;
};

//! Whether a probe goes to the issuer, and not to the endpoint.
inline bool isOfIssuer(const QString &probe)
{
    return probe.startsWith(QLatin1StringView("issuer:"));
}

/*! What a check found. */
struct Judgement
{
    Finding::Verdict verdict = Finding::Verdict::Skipped;
    QString summary;
    QStringList probes{}; //!< Their exchanges are the evidence.
    Finding::Gap gap = Finding::Gap::None;
    std::optional<Severity> severity{}; //!< Where it is less than that of the check.
};
Judgement pass(const QString &summary);
Judgement warn(const QString &summary, const QStringList &probes);
Judgement fail(const QString &summary, const QStringList &probes);
Judgement warn(const QString &summary, const QStringList &probes, Severity severity);
Judgement skip(const QString &summary); //!< What it needs was not given.
Judgement moot(const QString &summary); //!< There is no such thing here, or the cause is that of another check.
//! \a probe came to no connection: a server may refuse what it offers, and then there is nothing to examine.
Judgement noConnection(const Recording &seen, const QString &probe);
Judgement undecided(const QString &what); //!< It was asked, and \a what came decides nothing.

/*!
    Of a request that has to be refused, and was answered by \a failure, a fault of the server's own: a warning if the server
    answers others, because then it is this request that breaks it. The same fault at several requests is one finding: that of the
    check that asked first.
*/
Judgement broken(const Recording &seen, const QString &check, const QString &probe, const Admission &failure);

//! Of a connection that the server ended at what was too much: how, and whether it is still there afterwards.
Judgement ended(const Recording &seen, const QString &check, const Exchange &exchange);
const QString kAfterwards = QStringLiteral("afterwards"); //!< A request of the usual kind behind all that is intrusive.

/*! When a check sends its probes: each stage knows what the ones before found. */
enum class Stage { Line, Upgrade, Token, FollowUp, Session, Ending, Intrusive, End };

/*! What has to hold for a check to make sense. */
namespace Need {
enum Flag {
    Nothing = 0,
    Trusted = 1, //!< Recording::isTrusted(), and unless Anyway is beside it an empty Recording::notMet()
    Entry = 2, //!< Recording::hasEntry()
    Token = 4, //!< Recording::isTokenAccepted()
    Jwt = 8, //!< The token is one.
    Key = 16, //!< DoctorOptions::signingKey
    Ours = 32, //!< DoctorOptions::intrusive, and Recording::isOurs()
    AtUpgrade = 64, //!< The token travels with the upgrade.
    Audit = 128, //!< DoctorOptions::audit
    AuditToken = 256, //!< DoctorOptions::auditToken
    Issuer = 512, //!< DoctorOptions::issuer
    Refresh = 1024, //!< DoctorOptions::refreshToken
    Anyway = 2048 //!< What finds out whether there is a WebSocket.
};
} // namespace Need

/*!
    One check: which probes it sends, and a pure verdict over what came back. It is asked for its probes once, when its stage
    begins, and judged once, when all of them were answered.
*/
class WATCHWORD_TEST_EXPORT Rule
{
public:
    Rule(QString id, Stage stage, int needs)
        : m_id(std::move(id))
        , m_stage(stage)
        , m_needs(needs)
    {
    }
    virtual ~Rule() = default;
    Q_DISABLE_COPY_MOVE(Rule)

    const QString &id() const { return m_id; }
    Stage stage() const { return m_stage; }
    std::optional<Judgement> hindrance(const Recording &seen) const; //!< Which need is not met; nothing if all are.
    QString missing(const Recording &seen) const; //!< The same for people; empty if there is none.
    QString vain(const Recording &seen) const; //!< Why the answers mean nothing; empty if they do.

    virtual std::vector<Probe> probes(const Recording &) const { return {}; }
    virtual Judgement judge(const Recording &seen) const = 0;
    //! Its verdict is about what later stages send, too.
    virtual bool isJudgedLast() const { return false; }
    //! A problem that it finds in a part of the answers is one whatever the others say.
    virtual bool isCumulative() const { return false; }

private:
    const QString m_id;
    const Stage m_stage;
    const int m_needs;
};

//! For F3. It goes with the valid token, too, so that no further request is needed.
ProbeFrame pingFrame();
ProbeFrame halfCharacter(); //!< For F5: a fragment that ends inside a character.
constexpr Duration kPongTime{700};

constexpr Duration kRefusalTime{800}; //!< For servers that accept a request and close then.

//! Of the request that looks whether any of several things makes a difference; which one is asked only if so.
const QString kProxyScout = QStringLiteral("proxyheaders");
const QString kLegalScout = QStringLiteral("legal");
UpgradeShape proxyScout();
UpgradeShape legalScout();
std::pair<QByteArray, QByteArray> compressionOffer(); //!< A field that offers permessage-deflate.
bool isAnsweredLikeBare(const Recording &seen, const QString &probe);
const QString kEcho = QStringLiteral("echo"); //!< Offers what a server may or may not choose: see P1, C1, F5 and E2.

using Rules = std::vector<std::unique_ptr<Rule>>;
void addLineRules(Rules &rules);
void addTokenRules(Rules &rules);
void addPlaceRules(Rules &rules); //!< Of where a token stands; after those of what it is.
void addOriginRules(Rules &rules);
void addFrameRules(Rules &rules);
void addProxyRules(Rules &rules);
void addAnswerRules(Rules &rules);
void addRenewalRules(Rules &rules);
void addIssuerRules(Rules &rules);
void addLimitRules(Rules &rules);
void addFloodRules(Rules &rules);
void addEducationRules(Rules &rules);
void addAuditRules(Rules &rules);
//! The issuer's key that signed the token, by its "kid", or its first usable one; null if none is known.
Jwk publishedKey(const Recording &seen);
QString referenceOf(const Exchange &exchange); //!< The id of the audit event in a gateway's refusal; else empty.
WATCHWORD_TEST_EXPORT QStringList auditedIn(const Recording &seen); //!< The ids of the events that should be in the audit.
WATCHWORD_TEST_EXPORT Rules allRules();

/*! The commonest rule: a few requests, none of which may be let in. */
class RefusedRule : public Rule
{
public:
    struct Request
    {
        QString probe;
        std::function<UpgradeShape(const Recording &seen)> shape;
    };
    //! If \a probe was let in, the cause is that of \a check, and one cause is one finding.
    struct Cause
    {
        QString probe;
        QString check;
    };
    //! \a failure says what it means if a request is let in. The check is skipped if one of \a causes holds.
    RefusedRule(QString id, Stage stage, int needs, QString failure, std::vector<Request> requests,
                std::vector<Cause> causes = {})
        : Rule(std::move(id), stage, needs)
        , m_failure(std::move(failure))
        , m_requests(std::move(requests))
        , m_causes(std::move(causes))
    {
    }

    std::vector<Probe> probes(const Recording &seen) const override;
    Judgement judge(const Recording &seen) const override;
    bool isCumulative() const override { return true; }

protected:
    virtual Judgement judgeRefusals(const Recording &seen, const QStringList &refused) const;

private:
    const QString m_failure;
    const std::vector<Request> m_requests;
    const std::vector<Cause> m_causes;
};

} // namespace Watchword::Doctoring
