// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/situation.h"

#include "auditcells.h"
#include "monitor/models/detail.h"
#include "monitor/models/text.h"
#include "monitor/store/query.h"

#include <algorithm>

namespace Monitor {

namespace {

constexpr qsizetype linesShown = 7;
constexpr qsizetype attentionShown = 4;
constexpr qint64 endingMs = 120'000;

struct SituationWords
{
    Q_DECLARE_TR_FUNCTIONS(Monitor::OverviewPage)
};

/*! Gathers one Situation; a part a function. */
class Observer
{
public:
    Observer(const AuditTable &audit, const ConnectionTable &connections, const TokenTable &tokens, qint64 now)
        : m_audit(audit)
        , m_connections(connections)
        , m_tokens(tokens)
    {
        m_out.now = now;
    }

    Situation observe()
    {
        countConnections();
        countRefreshes();
        readAudit();
        judge();
        m_out.nodes = m_nodes.values();
        return std::move(m_out);
    }

private:
    Situation::Node &node(const QString &name)
    {
        Situation::Node &entry = m_nodes[name];
        if (entry.name.isEmpty()) {
            entry.name = name;
            entry.refreshes.resize((Situation::Span + Situation::Ahead) / Situation::Bucket);
            for (qsizetype at = 0; at < entry.refreshes.size(); ++at)
                entry.refreshes[at].start = m_out.now - Situation::Span + at * Situation::Bucket;
        }
        return entry;
    }

    void countConnections();
    void addTalker(quint32 slot);
    void countRefreshes();
    void countToken(Situation::Node &node, const TokenInterval &token, bool isRefresh);
    void readAudit();
    void readRow(const AuditSegment &segment, quint32 row);
    void addLines(const QHash<quint32, std::pair<qint64, int>> &counts, bool isClose);
    void judge();
    void judgeNodes();
    void judgeWave();

    const AuditTable &m_audit;
    const ConnectionTable &m_connections;
    const TokenTable &m_tokens;
    Situation m_out;
    QMap<QString, Situation::Node> m_nodes;
    QHash<quint32, std::pair<qint64, int>> m_failures; // interned reason, or kind below; count and worst severity
    QHash<quint32, std::pair<qint64, int>> m_closes;
    struct Critical
    {
        quint16 kind;
        quint64 row; // the newest
        qint64 count;
    };
    QList<Critical> m_critical;
};

void Observer::addTalker(quint32 slot)
{
    constexpr double quiet = 0.05; // what would be shown as 0.0
    const double in = m_connections.inRate(slot, m_out.now);
    const double out = m_connections.outRate(slot, m_out.now);
    if (in + out < quiet)
        return;
    auto &talkers = m_out.talkers;
    const auto louder = [](const Situation::Talker &a, const Situation::Talker &b) { return a.in + a.out > b.in + b.out; };
    if (talkers.size() >= linesShown && in + out <= talkers.last().in + talkers.last().out)
        return;
    const Situation::Talker talker{m_connections.text(slot, ConnectionTable::User),
                                   m_connections.text(slot, ConnectionTable::Node), in, out};
    talkers.insert(std::upper_bound(talkers.begin(), talkers.end(), talker, louder), talker);
    if (talkers.size() > linesShown)
        talkers.removeLast();
}

void Observer::countConnections()
{
    using S = ConnectionTable;
    std::vector<bool> users(m_connections.strings().size() + 1);
    for (quint32 slot = 0; slot < m_connections.slotCount(); ++slot) {
        if (m_connections.isOver(slot))
            continue;
        ++m_out.live;
        const quint32 user = m_connections.stringId(slot, S::User);
        if (user < users.size() && !users[user]) {
            users[user] = true;
            ++m_out.users;
        }
        Situation::Node &own = node(m_connections.text(slot, S::Node));
        const bool failing = m_connections.state(slot) == S::FailingState;
        ++own.connections;
        own.failing += failing;
        const qint64 opened = m_connections.number(slot, S::Opened);
        own.opened += opened != S::Unknown && opened > m_out.now - Situation::Short;
        const qint64 expires = m_connections.number(slot, S::Expires);
        if (expires != S::Unknown && expires - m_out.now < endingMs) {
            ++m_out.ending;
            m_out.endingFailing += failing;
        }
        addTalker(slot);
    }
}

void Observer::countToken(Situation::Node &own, const TokenInterval &token, bool isRefresh)
{
    const qint64 from = m_out.now - Situation::Span;
    const auto bucket = [&](qint64 time) -> TokenLanesModel::ForecastBucket * {
        const qint64 at = (time - from) / Situation::Bucket;
        return time >= from && at < own.refreshes.size() ? &own.refreshes[at] : nullptr;
    };
    const auto isShort = [this](qint64 time) { return time > m_out.now - Situation::Short && time <= m_out.now; };
    if (isRefresh && token.issued <= m_out.now) {
        if (auto *at = bucket(token.issued))
            ++at->done;
        own.done += isShort(token.issued);
    }
    if (token.failures > 0) {
        if (auto *at = bucket(token.refreshAt))
            at->failed += int(token.failures);
        own.failed += isShort(token.refreshAt) ? token.failures : 0;
    }
    if (token.end == TokenInterval::End::None && token.refreshAt > m_out.now) {
        if (auto *at = bucket(token.refreshAt))
            ++at->planned;
    }
}

void Observer::countRefreshes()
{
    m_out.sessions = m_tokens.laneCount();
    for (quint32 lane = 0; lane < m_tokens.laneSlots(); ++lane) {
        const TokenLane &source = m_tokens.lane(lane);
        if (source.session.isEmpty() || source.access.empty())
            continue;
        Situation::Node &own = node(source.node);
        for (size_t at = size_t(m_tokens.firstReaching(source.access, m_out.now - Situation::Span)); at < source.access.size();
             ++at) {
            const TokenInterval &token = m_tokens.token(source.access[at]);
            countToken(own, token, at > 0 || !token.previous.isEmpty());
        }
    }
    for (const Situation::Node &own : std::as_const(m_nodes)) {
        m_out.refreshed += own.done;
        m_out.refreshFailed += own.failed;
    }
}

void Observer::readRow(const AuditSegment &segment, quint32 row)
{
    if (segment.outcomes()[row] & (AuditRecord::Gap | AuditRecord::Bad))
        return;
    const int severity = segment.severities()[row];
    const bool isShort = segment.times()[row] > m_out.now - Situation::Short;
    if (const quint16 code = segment.closeCodes()[row]; code != 0) {
        ++m_closes[code].first;
        ++m_out.closeCount;
        m_out.closedShort += isShort;
    }
    m_out.refusedShort += severity >= 4 && isShort;
    if (severity >= 5) {
        const quint16 kind = segment.kinds()[row];
        const auto known =
            std::find_if(m_critical.begin(), m_critical.end(), [kind](const Critical &c) { return c.kind == kind; });
        if (known != m_critical.end())
            ++known->count;
        else
            m_critical.append({kind, segment.firstRow() + row + 1, 1});
    }
    if (severity < 3)
        return;
    auto &[count, worst] = m_failures[segment.kinds()[row]];
    ++count;
    ++m_out.failureCount;
    worst = std::max(worst, severity);
}

void Observer::readAudit()
{
    const qint64 from = m_out.now - Situation::Span;
    const AuditTable::Snapshot snapshot = m_audit.snapshot();
    quint64 looked = 0;
    for (size_t at = snapshot.size(); at-- > 0;) {
        const AuditSegment &segment = *snapshot[at];
        if (segment.isSealed() && segment.maxTime() < from)
            break;
        const quint32 count = segment.count();
        for (quint32 row = count; row-- > 0;) {
            if (++looked > Situation::AuditRows) {
                m_out.isWhole = false;
                return;
            }
            if (segment.times()[row] >= from && segment.times()[row] <= m_out.now)
                readRow(segment, row);
        }
    }
}

void Observer::addLines(const QHash<quint32, std::pair<qint64, int>> &counts, bool isClose)
{
    QList<Situation::Line> lines;
    for (auto entry = counts.begin(); entry != counts.end(); ++entry) {
        Situation::Line line;
        line.count = entry->first;
        if (isClose) {
            line.name = QString::number(entry.key());
            line.link = {Situation::Where::Audit, QStringLiteral("close.code = %1 and ts within last 20m").arg(entry.key()), 0};
        } else {
            const QString kind = m_audit.kindName(quint16(entry.key()));
            line.name = kind;
            line.severity = entry->second >= 5 ? Severity::Critical : entry->second == 4 ? Severity::Error : Severity::Warning;
            line.link = {Situation::Where::Audit,
                         QStringLiteral("kind:%1 and sev >= warning and ts within last 20m").arg(quoted(kind)), 0};
        }
        lines.append(line);
    }
    std::sort(lines.begin(), lines.end(),
              [](const auto &a, const auto &b) { return a.count != b.count ? a.count > b.count : a.name < b.name; });
    lines.resize(std::min(lines.size(), linesShown));
    (isClose ? m_out.closes : m_out.failures) = lines;
}

void Observer::judgeNodes()
{
    constexpr qint64 few = 3;
    for (const Situation::Node &own : std::as_const(m_nodes)) {
        if (own.failing < few || own.failing * 50 < own.connections)
            continue;
        Situation::Attention item;
        item.severity = Severity::Error;
        item.title =
            SituationWords::tr("Renewals fail on %1").arg(own.name.isEmpty() ? SituationWords::tr("an unnamed node") : own.name);
        item.sentence = SituationWords::tr("%1 of %2 connections could not renew their tokens and are retrying.")
                            .arg(Text::count(own.failing), Text::count(own.connections));
        item.time = m_out.now;
        item.linkWords = SituationWords::tr("Show %1 connections").arg(Text::count(own.failing));
        item.link = {Situation::Where::Connections, QStringLiteral("node:%1 and state:failing").arg(quoted(own.name)), 0};
        m_out.attention.append(item);
    }
}

void Observer::judgeWave()
{
    constexpr int wave = 20; // refreshes in one bar, below which nobody notices
    QList<qint64> planned;
    planned.resize(Situation::Ahead / Situation::Bucket);
    const qsizetype offset = Situation::Span / Situation::Bucket;
    qint64 sum = 0;
    for (const Situation::Node &own : std::as_const(m_nodes)) {
        for (qsizetype at = 0; at < planned.size(); ++at)
            planned[at] += own.refreshes.at(offset + at).planned;
    }
    for (const qint64 count : std::as_const(planned))
        sum += count;
    const auto peak = std::max_element(planned.begin(), planned.end());
    if (peak == planned.end() || *peak < wave || *peak * planned.size() < 4 * sum)
        return;
    const qint64 start = m_out.now + (peak - planned.begin()) * Situation::Bucket;
    Situation::Attention item;
    item.title = SituationWords::tr("Next wave in %1").arg(Text::duration(start - m_out.now));
    item.sentence =
        SituationWords::tr("About %1 refreshes fall due within 20 s, at %2.").arg(Text::count(*peak), Text::clockTime(start));
    item.time = start;
    item.linkWords = SituationWords::tr("Show the forecast");
    item.link = {Situation::Where::Tokens, {}, 0};
    m_out.attention.append(item);
}

void Observer::judge()
{
    addLines(m_failures, false);
    addLines(m_closes, true);
    for (const Critical &critical : std::as_const(m_critical)) {
        const DetailContent content = describeEvent(m_audit, critical.row);
        const auto at = m_audit.locate(critical.row - 1);
        if (!content.valid || !at)
            continue;
        Situation::Attention item;
        item.severity = Severity::Critical;
        item.title = content.title;
        item.sentence = content.plainSentences().isEmpty() ? content.line : content.plainSentences();
        item.time = at.segment->times()[at.row];
        item.linkWords = SituationWords::tr("Open in audit");
        item.link = {Situation::Where::Audit, {}, critical.row};
        if (critical.count > 1) {
            item.sentence += u' ' + SituationWords::tr("%1 such events in 20 minutes.").arg(Text::count(critical.count));
            item.linkWords = SituationWords::tr("Open the newest in audit");
        }
        m_out.attention.append(item);
    }
    judgeNodes();
    judgeWave();
    m_out.attention.resize(std::min(m_out.attention.size(), attentionShown));
}

} // namespace

Situation Situation::of(const AuditTable &audit, const ConnectionTable &connections, const TokenTable &tokens, qint64 now)
{
    return Observer(audit, connections, tokens, now).observe();
}

} // namespace Monitor
