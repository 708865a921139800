// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/alertspage.h"

#include "monitor/models/text.h"
#include "monitor/store/query.h"
#include "monitor/widgets/alertrulesheet.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/runlabel.h"
#include "monitor/widgets/workspace.h"

#include <QGuiApplication>
#include <QHBoxLayout>
#include <QMenu>
#include <QPainter>
#include <QScrollArea>
#include <QScrollBar>
#include <QVBoxLayout>

#include <algorithm>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int alertHeight = 56;
constexpr int historyHeight = 32;
constexpr int ruleHeight = 40;
constexpr int sectionHeight = 36;
constexpr qsizetype mostShown = 100; // of what is over

//! A line of the board on its ground, with a hairline under it.
class BoardRow : public QWidget
{
public:
    BoardRow(Ink ground, Ink bar, int barWidth)
        : m_ground(ground)
        , m_bar(bar)
        , m_barWidth(barWidth)
    {
    }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        painter.fillRect(rect(), ink(m_ground));
        painter.fillRect(QRect(0, 0, m_barWidth, height()), ink(m_bar));
        drawHairline(painter, {0, height() - 1.0}, {qreal(width()), height() - 1.0}, ink(Ink::LineRow));
    }

private:
    const Ink m_ground;
    const Ink m_bar;
    const int m_barWidth;
};

TextRun plainRun(const QString &text, Face face = Face::Table, Ink color = Ink::TextSecondary)
{
    return TextRun{text, face, color};
}

QList<TextRun> countRuns(const Alert &alert)
{
    return {plainRun(AlertsPage::tr("%n event(s)", nullptr, int(alert.episode.events)))};
}

} // namespace

AlertsPage::AlertsPage(Workspace &workspace, QWidget *parent)
    : Page(workspace, parent)
    , m_new(new Button(Button::Kind::Outlined, tr("New rule"), this))
    , m_summary(new RunLabel(this))
    , m_scroll(new QScrollArea(this))
{
    m_new->setIconName(u"plus"_s);
    m_new->setObjectName(u"newRule"_s);
    m_summary->setObjectName(u"alertSummary"_s);
    toolbar()->addWidget(m_summary, 1);
    toolbar()->addWidget(m_new);
    m_scroll->setWidgetResizable(true);
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_scroll->setAccessibleName(tr("Alerts and rules"));
    setContentWidget(m_scroll);
    connect(m_new, &QAbstractButton::clicked, this, &AlertsPage::newRule);
    refresh();
}

QString AlertsPage::title() const
{
    return tr("Alerts");
}

QWidget *AlertsPage::view() const
{
    return m_scroll;
}

QList<TextRun> AlertsPage::statusRuns() const
{
    return {TextRun{tr("%n rule(s)", nullptr, int(workspace().alerts().rules().size())), Face::Caption, Ink::TextSecondary}};
}

void AlertsPage::refresh()
{
    if (!isVisible() && m_board)
        return;
    // A button that is being pressed stays until it is let go.
    const bool isPressed = QGuiApplication::mouseButtons() != Qt::NoButton && underMouse();
    if (const QByteArray now = shape(); now != m_shape && !isPressed) {
        m_shape = now;
        rebuild();
    }
    for (const Alert &alert : workspace().alerts().alerts()) {
        for (const auto &[id, count] : std::as_const(m_counts)) {
            if (id == alert.id)
                count->setRuns(countRuns(alert));
        }
    }
}

QByteArray AlertsPage::shape() const
{
    const AlertEngine &engine = workspace().alerts();
    QByteArray shape = toJson(engine.rules());
    for (const AlertRule &rule : engine.rules()) {
        shape +=
            QByteArray::number(engine.wouldHave(rule.name).size()) + ',' + QByteArray::number(engine.snoozedUntil(rule.name));
        shape += engine.errorOf(rule.name).toUtf8() + ';';
    }
    for (const Alert &alert : engine.alerts())
        shape += QByteArray::number(alert.id) + (alert.isFiring() ? 'f' : '-') + (alert.acknowledged ? 'a' : '-')
            + (alert.snoozed ? 's' : '-');
    return shape;
}

void AlertsPage::rebuild()
{
    const AlertEngine &engine = workspace().alerts();
    const QList<Alert> alerts = engine.alerts();
    const qsizetype firing = std::count_if(alerts.begin(), alerts.end(), [](const Alert &a) { return a.isFiring(); });
    const qsizetype snoozed =
        std::count_if(alerts.begin(), alerts.end(), [](const Alert &a) { return a.isFiring() && a.snoozed; });
    QList<TextRun> summary{
        plainRun(firing == 0 ? tr("Nothing fires") : tr("%n firing", nullptr, int(firing)), Face::TableStrong, Ink::TextPrimary)};
    if (snoozed > 0)
        summary << TextRun{} << plainRun(tr("%n snoozed", nullptr, int(snoozed)));
    m_summary->setRuns(summary);
    m_summary->setGlyph(firing == 0 ? u"sev-ok"_s : u"sev-error"_s, firing == 0 ? Ink::SeverityOkInk : Ink::SeverityError);
    const int scrolled = m_scroll->verticalScrollBar()->value();
    if (QWidget *old = m_scroll->takeWidget()) {
        old->hide();
        old->deleteLater(); // a button of it may have brought us here
    }
    m_counts.clear();
    m_board = new QWidget;
    auto *rows = new QVBoxLayout(m_board);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(0);
    if (firing > 0)
        addSection(tr("Firing"), QString());
    for (const Alert &alert : alerts) {
        if (alert.isFiring())
            addAlert(alert);
    }
    if (alerts.size() > firing)
        addSection(tr("History"), tr("%n over", nullptr, int(alerts.size() - firing)));
    qsizetype shown = 0;
    for (const Alert &alert : alerts) {
        if (!alert.isFiring() && shown++ < mostShown)
            addAlert(alert);
    }
    addSection(tr("Rules"), tr("each a filter over the audit and how many events fire it"));
    for (qsizetype index = 0; index < engine.rules().size(); ++index)
        addRule(index);
    rows->addStretch(1);
    m_scroll->setWidget(m_board);
    m_scroll->verticalScrollBar()->setValue(scrolled);
    Q_EMIT statusRunsChanged();
}

void AlertsPage::addSection(const QString &title, const QString &note)
{
    auto *row = new BoardRow(Ink::SurfaceSunk, Ink::SurfaceSunk, 0);
    row->setFixedHeight(sectionHeight);
    auto *line = new QHBoxLayout(row);
    line->setContentsMargins(16, 0, 16, 0);
    auto *words = new RunLabel;
    words->setRuns({plainRun(title, Face::TableStrong, Ink::TextPrimary), plainRun(u"  "_s + note, Face::Table, Ink::TextMuted)});
    line->addWidget(words, 1);
    m_board->layout()->addWidget(row);
}

QWidget *AlertsPage::addRow(int height, Severity severity, bool tinted)
{
    const bool isCritical = severity == Severity::Critical && tinted;
    const Ink ground = !tinted ? Ink::SurfacePanel : isCritical ? Ink::TintCritical : Ink::SurfacePanel;
    auto *row = new BoardRow(ground, Ink::SeverityCritical, isCritical ? 4 : 0);
    row->setFixedHeight(height);
    auto *line = new QHBoxLayout(row);
    line->setContentsMargins(16, 0, 16, 0);
    line->setSpacing(12);
    m_board->layout()->addWidget(row);
    return row;
}

QString AlertsPage::filterOf(const Alert &alert) const
{
    for (const AlertRule &rule : workspace().alerts().rules()) {
        if (rule.name != alert.rule)
            continue;
        const bool hasGroup = !rule.by.isEmpty() && !alert.episode.group.isEmpty() && alert.episode.group != u"…"_s;
        return hasGroup ? u"(%1) and %2:%3"_s.arg(rule.filter, rule.by, quoted(alert.episode.group)) : rule.filter;
    }
    return {};
}

void AlertsPage::addAlert(const Alert &alert)
{
    const bool firing = alert.isFiring();
    QWidget *row = addRow(firing ? alertHeight : historyHeight, alert.severity, firing);
    row->setObjectName(u"alert"_s);
    auto *line = static_cast<QHBoxLayout *>(row->layout());
    auto *words = new RunLabel;
    const Severity shown = firing ? alert.severity : Severity::Ok;
    words->setGlyph(alert.snoozed ? u"snooze"_s : Text::severityGlyph(shown),
                    alert.snoozed ? Ink::TextMuted : Theme::named(Text::severityColour(shown)));
    QList<TextRun> runs{plainRun(alert.rule, firing ? Face::BodyStrong : Face::Table, Ink::TextPrimary)};
    if (!alert.episode.group.isEmpty())
        runs << plainRun(u"   "_s + alert.episode.group);
    words->setRuns(runs);
    line->addWidget(words, 1);
    auto *when = new RunLabel;
    const QString begin = Text::clockTime(alert.episode.begin);
    when->setRuns(
        {plainRun(firing ? tr("since %1").arg(begin) : tr("%1, over at %2").arg(begin, Text::clockTime(alert.episode.end)))});
    line->addWidget(when);
    auto *count = new RunLabel;
    count->setRuns(countRuns(alert));
    m_counts.append({alert.id, count});
    line->addWidget(count);
    auto *show = new Button(Button::Kind::Quiet, tr("Events"));
    show->setObjectName(u"showEvents"_s);
    show->setEnabled(!filterOf(alert).isEmpty());
    connect(show, &QAbstractButton::clicked, this,
            [this, alert] { Q_EMIT eventsRequested(filterOf(alert), alert.episode.row + 1); });
    line->addWidget(show);
    if (!firing)
        return;
    auto *acknowledge = new Button(Button::Kind::Outlined, alert.acknowledged ? tr("Acknowledged") : tr("Acknowledge"));
    acknowledge->setObjectName(u"acknowledge"_s);
    acknowledge->setEnabled(!alert.acknowledged);
    connect(acknowledge, &QAbstractButton::clicked, this, [this, id = alert.id] {
        workspace().alerts().acknowledge(id);
        refresh();
    });
    line->addWidget(acknowledge);
    Button *snooze = Button::iconOnly(u"snooze"_s, alert.snoozed ? tr("Snoozed") : tr("Snooze"));
    snooze->setObjectName(u"snooze"_s);
    connect(snooze, &QAbstractButton::clicked, this, [this, rule = alert.rule, snooze] { showSnoozeMenu(rule, snooze); });
    line->addWidget(snooze);
}

void AlertsPage::addRule(qsizetype index)
{
    const AlertEngine &engine = workspace().alerts();
    const AlertRule rule = engine.rules().at(index);
    const QString error = rule.enabled ? engine.errorOf(rule.name) : QString();
    QWidget *row = addRow(ruleHeight, rule.severity, false);
    row->setObjectName(u"rule"_s);
    auto *line = static_cast<QHBoxLayout *>(row->layout());
    auto *name = new RunLabel;
    name->setGlyph(Text::severityGlyph(rule.severity),
                   rule.enabled ? Theme::named(Text::severityColour(rule.severity)) : Ink::TextMuted);
    name->setRuns({plainRun(rule.name, Face::Table, rule.enabled ? Ink::TextPrimary : Ink::TextMuted)});
    line->addWidget(name, 3);
    auto *filter = new RunLabel;
    filter->setRuns({error.isEmpty() ? TextRun{rule.filter, Face::MonoTable, Ink::AccentText, false}
                                     : TextRun{error, Face::Table, Ink::SeverityError, false}});
    line->addWidget(filter, 4);
    auto *threshold = new RunLabel;
    threshold->setRuns({plainRun(rule.thresholdText())});
    line->addWidget(threshold, 2);
    auto *past = new RunLabel;
    const qsizetype times = engine.wouldHave(rule.name).size();
    if (times > 0)
        past->setRuns({plainRun(tr("%n time(s) before", nullptr, int(times)), Face::Table, Ink::TextMuted)});
    line->addWidget(past, 2);
    const qint64 until = engine.snoozedUntil(rule.name);
    Button *snooze = Button::iconOnly(u"snooze"_s, until > 0 ? tr("Snoozed until %1").arg(Text::clockTime(until)) : tr("Snooze"));
    snooze->setObjectName(u"snooze"_s);
    snooze->setCheckable(true);
    snooze->setChecked(until > 0);
    connect(snooze, &QAbstractButton::clicked, this, [this, snooze, ruleName = rule.name, until] {
        snooze->setChecked(until > 0);
        showSnoozeMenu(ruleName, snooze);
    });
    line->addWidget(snooze);
    auto *enabled = new Button(Button::Kind::Outlined, rule.enabled ? tr("On") : tr("Off"));
    // As wide as the other word: the buttons of all rows stand in columns.
    const Button other(Button::Kind::Outlined, rule.enabled ? tr("Off") : tr("On"));
    enabled->setFixedWidth(std::max(enabled->sizeHint().width(), other.sizeHint().width()));
    enabled->setObjectName(u"enabled"_s);
    enabled->setCheckable(true);
    enabled->setChecked(rule.enabled);
    enabled->setAccessibleName(rule.enabled ? tr("%1 is on").arg(rule.name) : tr("%1 is off").arg(rule.name));
    connect(enabled, &QAbstractButton::clicked, this, [this, index] {
        QList<AlertRule> rules = workspace().alerts().rules();
        rules[index].enabled = !rules[index].enabled;
        workspace().alerts().setRules(rules);
        refresh();
    });
    line->addWidget(enabled);
    auto *edit = new Button(Button::Kind::Quiet, tr("Edit"));
    edit->setObjectName(u"edit"_s);
    connect(edit, &QAbstractButton::clicked, this, [this, index] { editRule(index); });
    line->addWidget(edit);
}

void AlertsPage::showSnoozeMenu(const QString &rule, QWidget *under)
{
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    AlertEngine &engine = workspace().alerts();
    const auto add = [&](const QString &words, qint64 span) {
        connect(menu->addAction(words), &QAction::triggered, this, [this, rule, span] {
            workspace().alerts().snooze(rule, span == 0 ? 0 : workspace().now() + span);
            refresh();
        });
    };
    constexpr qint64 minute = 60'000;
    add(tr("For 15 minutes"), 15 * minute);
    add(tr("For an hour"), 60 * minute);
    add(tr("For 8 hours"), 480 * minute);
    if (engine.snoozedUntil(rule) > 0)
        add(tr("Tell me again"), 0);
    menu->popup(under->mapToGlobal(QPoint(0, under->height() + 4)));
}

void AlertsPage::newRule()
{
    editRule(-1);
}

void AlertsPage::editRule(qsizetype index)
{
    (new AlertRuleSheet(workspace(), index, window()))->open();
}

} // namespace Monitor
