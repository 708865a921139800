// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/alertrulesheet.h"

#include "monitor/models/text.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/desktopnotifier.h"
#include "monitor/widgets/filterbar.h"
#include "monitor/widgets/painting.h"
#include "monitor/widgets/workspace.h"

#include <QCheckBox>
#include <QComboBox>
#include <QGridLayout>
#include <QIntValidator>
#include <QLabel>
#include <QTimer>
#include <QVBoxLayout>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int ruleSheetWidth = 640;
constexpr int previewEveryMs = 33;

QLabel *ruleLabel(const QString &text, Face f, Ink color)
{
    auto *label = new QLabel(text);
    label->setTextFormat(Qt::PlainText);
    label->setFont(face(f));
    label->setWordWrap(true);
    QPalette palette = label->palette();
    palette.setColor(QPalette::WindowText, ink(color));
    label->setPalette(palette);
    return label;
}

template <typename T>
void chooseData(QComboBox *box, const T &value)
{
    box->setCurrentIndex(std::max(0, box->findData(QVariant::fromValue(value))));
}

} // namespace

AlertRuleSheet::AlertRuleSheet(Workspace &workspace, qsizetype index, QWidget *window)
    : Sheet(window, ruleSheetWidth)
    , m_workspace(workspace)
    , m_index(index)
    , m_enabled(index < 0 || workspace.alerts().rules().at(index).enabled)
    , m_name(new QLineEdit)
    , m_filter(new FilterBar(
          {auditFields(),
           [&workspace](const QString &text, int cursor) { return workspace.auditModel().completionAt(text, cursor); },
           [&workspace](const QString &text) { return workspace.auditModel().parse(text); }},
          tr("Which events, for example kind:token.reused"), this))
    , m_events(new QLineEdit)
    , m_window(new QComboBox)
    , m_by(new QComboBox)
    , m_severity(new QComboBox)
    , m_notifies(new QCheckBox(tr("Tell me on the desktop as well")))
    , m_preview(ruleLabel(QString(), Face::Body, Ink::TextPrimary))
    , m_problem(ruleLabel(QString(), Face::Table, Ink::SeverityError))
    , m_save(new Button(Button::Kind::Primary, tr("Save")))
    , m_timer(new QTimer(this))
{
    setObjectName(u"alertRuleSheet"_s);
    const AlertRule rule = index < 0 ? AlertRule() : workspace.alerts().rules().at(index);
    auto *rows = new QVBoxLayout(this);
    rows->setContentsMargins(24, 20, 24, 16);
    rows->setSpacing(12);
    QLabel *title = ruleLabel(index < 0 ? tr("New rule") : tr("Rule"), Face::Heading, Ink::TextPrimary);
    setAccessibleName(title->text());
    rows->addWidget(title);
    buildForm(rows, rule);
    rows->addWidget(m_preview);
    rows->addWidget(m_problem);
    buildFooter(rows);
    m_preview->setObjectName(u"preview"_s);
    m_timer->setInterval(previewEveryMs);
    connect(m_timer, &QTimer::timeout, this, &AlertRuleSheet::tickPreview);
    connect(m_name, &QLineEdit::textChanged, this, &AlertRuleSheet::refresh);
    connect(m_filter->edit(), &QLineEdit::textChanged, this, &AlertRuleSheet::startPreview);
    connect(m_events, &QLineEdit::textChanged, this, &AlertRuleSheet::startPreview);
    for (QComboBox *box : {m_window, m_by})
        connect(box, &QComboBox::currentIndexChanged, this, &AlertRuleSheet::startPreview);
    startPreview();
    m_name->setFocus(Qt::OtherFocusReason);
}

AlertRuleSheet::~AlertRuleSheet() = default;

void AlertRuleSheet::buildForm(QVBoxLayout *rows, const AlertRule &rule)
{
    auto *grid = new QGridLayout;
    grid->setHorizontalSpacing(12);
    grid->setVerticalSpacing(8);
    grid->setColumnMinimumWidth(0, 96);
    grid->setColumnStretch(1, 1);
    int row = 0;
    const auto add = [&](const QString &words, QWidget *field) {
        grid->addWidget(ruleLabel(words, Face::Table, Ink::TextSecondary), row, 0);
        if (field->accessibleName().isEmpty())
            field->setAccessibleName(words);
        field->setMinimumHeight(px(Metric::ControlInput));
        grid->addWidget(field, row++, 1);
    };
    m_name->setText(rule.name);
    m_filter->edit()->setText(rule.filter);
    m_events->setText(QString::number(rule.events));
    m_events->setValidator(new QIntValidator(1, AlertRule::MostEvents, m_events));
    constexpr qint64 minute = 60'000;
    for (const qint64 window : {minute / 6, minute, 5 * minute, 15 * minute, 60 * minute, 24 * 60 * minute})
        m_window->addItem(Text::duration(window), window);
    if (m_window->findData(rule.windowMs) < 0)
        m_window->addItem(Text::duration(rule.windowMs), rule.windowMs);
    m_by->addItem(tr("all together"), QString());
    for (const auto &[key, words] :
         {std::pair(u"node"_s, tr("each node")), std::pair(u"user"_s, tr("each user")), std::pair(u"client"_s, tr("each client")),
          std::pair(u"ip"_s, tr("each address")), std::pair(u"session"_s, tr("each session"))})
        m_by->addItem(words, key);
    for (const Severity severity : {Severity::Warning, Severity::Error, Severity::Critical})
        m_severity->addItem(Text::severityWord(severity), int(severity));
    chooseData(m_window, rule.windowMs);
    chooseData(m_by, rule.by);
    chooseData(m_severity, int(rule.severity));
    m_notifies->setChecked(rule.notifies);
    m_notifies->setEnabled(DesktopNotifier::isAvailable());
    if (!DesktopNotifier::isAvailable())
        m_notifies->setText(tr("Tell me on the desktop as well (this desktop shows no messages)"));
    m_name->setObjectName(u"ruleName"_s);
    m_events->setObjectName(u"ruleEvents"_s);
    m_by->setObjectName(u"ruleBy"_s);
    add(tr("Name"), m_name);
    add(tr("Events"), m_filter);
    add(tr("At least"), m_events);
    add(tr("Within"), m_window);
    add(tr("Counted for"), m_by);
    add(tr("Severity"), m_severity);
    grid->addWidget(m_notifies, row, 1);
    rows->addLayout(grid);
}

void AlertRuleSheet::buildFooter(QVBoxLayout *rows)
{
    auto *buttons = new QHBoxLayout;
    auto *removal = new Button(Button::Kind::Danger, tr("Remove"));
    removal->setVisible(m_index >= 0);
    buttons->addWidget(removal);
    buttons->addStretch(1);
    auto *cancel = new Button(Button::Kind::Outlined, tr("Cancel"));
    buttons->addWidget(cancel);
    buttons->addWidget(m_save);
    m_save->setObjectName(u"save"_s);
    removal->setObjectName(u"remove"_s);
    for (Button *button : {removal, cancel, m_save}) {
        button->setDialogSize(true);
        button->setAutoDefault(false);
    }
    rows->addLayout(buttons);
    connect(removal, &QAbstractButton::clicked, this, &AlertRuleSheet::remove);
    connect(cancel, &QAbstractButton::clicked, this, &QDialog::reject);
    connect(m_save, &QAbstractButton::clicked, this, &AlertRuleSheet::save);
}

AlertRule AlertRuleSheet::rule() const
{
    AlertRule rule;
    rule.name = m_name->text().trimmed();
    rule.filter = m_filter->text().trimmed();
    rule.events = m_events->text().toInt();
    rule.windowMs = m_window->currentData().toLongLong();
    rule.by = m_by->currentData().toString();
    rule.severity = Severity(m_severity->currentData().toInt());
    rule.notifies = m_notifies->isChecked();
    rule.enabled = m_enabled;
    return rule;
}

void AlertRuleSheet::startPreview()
{
    m_timer->stop();
    m_watch.reset();
    m_episodes.clear();
    m_error.clear();
    const AlertRule tried = rule();
    if (!tried.filter.isEmpty() && tried.events > 0) {
        m_watch = m_workspace.alerts().preview(tried);
        m_error = m_watch->error();
        m_timer->start();
    }
    refresh();
}

void AlertRuleSheet::tickPreview()
{
    m_watch->tick();
    m_episodes += m_watch->takeBegun();
    if (m_watch->isCaughtUp())
        m_timer->stop();
    refresh();
}

QString AlertRuleSheet::previewText() const
{
    if (!m_watch || !m_error.isEmpty())
        return {};
    if (!m_watch->isCaughtUp())
        return tr("Looking at what is stored…");
    const AuditTable &table = m_workspace.audit();
    const QString span = Text::duration(table.firstTime() != 0 ? table.lastTime() - table.firstTime() : 0);
    if (m_episodes.isEmpty())
        return tr("Would not have fired in the last %1.").arg(span);
    return tr("Would have fired %n time(s) in the last %1, first at %2, last at %3.", nullptr, int(m_episodes.size()))
        .arg(span, Text::clockTime(m_episodes.first().begin), Text::clockTime(m_episodes.last().begin));
}

void AlertRuleSheet::refresh()
{
    const AlertRule now = rule();
    const QList<AlertRule> &rules = m_workspace.alerts().rules();
    QString problem = m_error;
    for (qsizetype other = 0; other < rules.size(); ++other) {
        if (other != m_index && rules.at(other).name == now.name)
            problem = tr("Another rule has this name.");
    }
    if (m_index < 0 && rules.size() >= AlertRule::MostRules)
        problem = tr("There are %1 rules already. Remove one first.").arg(AlertRule::MostRules);
    m_problem->setText(problem);
    m_problem->setVisible(!problem.isEmpty());
    m_preview->setText(previewText());
    QueryState state; // the bar says what the filter finds, as on the pages
    state.text = m_filter->text();
    state.appliedText = state.text;
    state.total = qint64(m_workspace.audit().rows());
    state.matched = m_watch ? m_watch->matched() : state.total;
    state.status = now.filter.isEmpty() ? QueryState::Status::Neutral : QueryState::Status::Applied;
    if (!m_error.isEmpty())
        state.refuse(m_filter->parse(state.text).error);
    m_filter->setState(state);
    m_save->setEnabled(problem.isEmpty() && !now.name.isEmpty() && !now.filter.isEmpty() && now.events > 0);
}

void AlertRuleSheet::save()
{
    QList<AlertRule> rules = m_workspace.alerts().rules();
    if (m_index >= 0 && m_index < rules.size())
        rules[m_index] = rule();
    else
        rules.append(rule());
    m_workspace.alerts().setRules(rules);
    accept();
}

void AlertRuleSheet::remove()
{
    QList<AlertRule> rules = m_workspace.alerts().rules();
    if (m_index >= 0 && m_index < rules.size())
        rules.removeAt(m_index);
    m_workspace.alerts().setRules(rules);
    accept();
}

} // namespace Monitor
