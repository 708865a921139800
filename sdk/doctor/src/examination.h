// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rules/rule.h"
#include "watchword/doctor/report.h"

#include <QSet>

namespace Watchword::Doctoring {

/*!
    The plan of an examination, without I/O: which probes come next, and what the exchanges mean. Each rule is judged when all
    of its probes were answered or given up.

    Life: nextStage() for the first probes; record() or drop() each of them; nextStage() when mayAdvance(), until isDone().
*/
class WATCHWORD_TEST_EXPORT Examination
{
public:
    explicit Examination(DoctorOptions options);
    ~Examination();
    Q_DISABLE_COPY_MOVE(Examination)

    bool mayAdvance() const; //!< Nothing that the next stage needs is on its way.
    std::vector<Probe> nextStage(); //!< May be empty.
    bool isLastStageNext() const; //!< Then setAudit() has its time.
    void setAudit(const Result<AuditEvidence> &audit) { m_recording.setAudit(audit); }
    bool isDone() const; //!< All rules are decided.

    void setTrap(quint16 port) { m_recording.setTrap(port); } //!< Before the first stage.
    void noteFetch() { m_recording.noteFetch(); } //!< Somebody came to the trap.
    void record(const Exchange &exchange);
    void drop(const QString &probe, const QString &why); //!< It will not be sent; what needs it is skipped.
    void end(const QString &why); //!< What was answered is judged; what is undecided then is skipped.

    QList<Finding> takeDecided(); //!< Since the last call.
    QList<Finding> findings() const; //!< So far, in the order of Check::all().
    int decided() const { return int(m_findings.size()); }
    int total() const { return int(m_rules.size()); }
    const Recording &recording() const { return m_recording; }

private:
    struct Entry
    {
        std::unique_ptr<Rule> rule;
        bool isPlanned = false;
        bool isDecided = false;
        QStringList probes{};
        QString dropped{}; //!< Why one of its probes was not sent.
    };

    void plan(Entry &entry, std::vector<Probe> &fresh);
    void judgeReady();
    void decide(Entry &entry, const Judgement &judgement);
    std::optional<Judgement> judgedEarly(const Entry &entry) const; //!< Nothing if what came does not do for a verdict.

    Recording m_recording;
    std::vector<Entry> m_rules;
    std::optional<Stage> m_stage;
    QSet<QString> m_onTheWay;
    QSet<QString> m_beside; //!< Of those on the way.
    QSet<QString> m_known; //!< Planned at any time.
    QList<Finding> m_fresh;
    QHash<QString, Finding> m_findings;
};

} // namespace Watchword::Doctoring
