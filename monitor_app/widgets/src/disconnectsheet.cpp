// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/disconnectsheet.h"

#include "monitor/models/text.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/icons.h"
#include "monitor/widgets/painting.h"
#include "monitor/widgets/workspace.h"
#include "watchword/core/internal/futures.h"

#include <QComboBox>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QTimer>
#include <QVBoxLayout>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int sheetWidth = 640;
constexpr int margin = 24;
constexpr int labelWidth = 96;
constexpr auto guardTime = std::chrono::milliseconds(400);
constexpr int typeTheNumberAbove = 25;

constexpr std::array closeCodes{4411, 4410, 4403};

QLabel *makeLabel(const QString &text, Face textFace, Ink color)
{
    auto *label = new QLabel(text);
    label->setTextFormat(Qt::PlainText); // names of people are no markup
    label->setFont(face(textFace));
    label->setWordWrap(true);
    QPalette palette = label->palette();
    palette.setColor(QPalette::WindowText, ink(color));
    label->setPalette(palette);
    return label;
}

QFrame *makePanel()
{
    auto *panel = new QFrame;
    panel->setAutoFillBackground(true);
    QPalette palette = panel->palette();
    palette.setColor(QPalette::Window, ink(Ink::SurfaceSunk));
    panel->setPalette(palette);
    return panel;
}

QFrame *makeLine()
{
    auto *line = new QFrame;
    line->setFixedHeight(1);
    line->setAutoFillBackground(true);
    QPalette palette = line->palette();
    palette.setColor(QPalette::Window, ink(Ink::LineDivider));
    line->setPalette(palette);
    return line;
}

} // namespace

DisconnectSheet::DisconnectSheet(Workspace &workspace, const QStringList &connections, QWidget *window)
    : Sheet(window, sheetWidth)
    , m_workspace(workspace)
    , m_connections(connections)
{
    setObjectName(u"disconnectSheet"_s);
    auto *rows = new QVBoxLayout(this);
    rows->setContentsMargins(1, 1, 1, 1);
    rows->setSpacing(0);
    buildHead(rows);
    buildFigures(rows);
    buildForm(rows);
    buildFooter(rows);
    QTimer::singleShot(guardTime, this, [this] {
        m_guarded = false;
        refresh();
    });
    connect(&workspace, &Workspace::statusChanged, this, &DisconnectSheet::refresh);
    refresh();
    m_kind->setFocus(Qt::OtherFocusReason);
}

void DisconnectSheet::buildHead(QVBoxLayout *rows)
{
    auto *head = new QWidget;
    auto *layout = new QGridLayout(head);
    layout->setContentsMargins(margin, 20, margin, 16);
    layout->setHorizontalSpacing(12);
    layout->setVerticalSpacing(4);
    auto *icon = new QLabel;
    icon->setPixmap(iconPixmap(u"disconnect"_s, 20, ink(Ink::SeverityError), devicePixelRatioF()));
    layout->addWidget(icon, 0, 0, Qt::AlignVCenter);
    const int count = int(m_connections.size());
    QLabel *title = makeLabel(tr("Disconnect %n connection(s)", nullptr, count), Face::Heading, Ink::TextPrimary);
    setAccessibleName(title->text());
    layout->addWidget(title, 0, 1);
    layout->addWidget(
        makeLabel(tr("Counted at %1. Connections that come later are not touched.").arg(Text::clockTime(m_workspace.now())),
                  Face::Body, Ink::TextSecondary),
        1, 0, 1, 2);
    layout->setColumnStretch(1, 1);
    rows->addWidget(head);
    rows->addWidget(makeLine());
}

void DisconnectSheet::buildFigures(QVBoxLayout *rows)
{
    QSet<QString> users;
    QSet<QString> nodes;
    QString first;
    const ConnectionTable &table = m_workspace.connections();
    for (const QString &connection : std::as_const(m_connections)) {
        const quint32 slot = table.slotOf(connection);
        if (slot == ConnectionTable::noSlot())
            continue;
        const QString user = table.text(slot, ConnectionTable::User);
        first = first.isEmpty() ? user : first;
        users.insert(user);
        nodes.insert(table.text(slot, ConnectionTable::Node));
    }
    QStringList nodeNames(nodes.cbegin(), nodes.cend());
    nodeNames.sort();
    auto *panel = makePanel();
    auto *layout = new QHBoxLayout(panel);
    layout->setContentsMargins(margin, 12, margin, 12);
    layout->setSpacing(32);
    const auto figure = [layout](const QString &number, const QString &words, const QString &note) {
        auto *column = new QVBoxLayout;
        column->setSpacing(0);
        auto *line = new QHBoxLayout;
        line->setSpacing(8);
        line->addWidget(makeLabel(number, Face::Heading, Ink::TextPrimary));
        QLabel *what = makeLabel(words, Face::Table, Ink::TextSecondary);
        what->setWordWrap(false);
        line->addWidget(what, 1, Qt::AlignBottom);
        column->addLayout(line);
        QLabel *small = makeLabel(note, Face::Caption, Ink::TextMuted);
        small->setWordWrap(false);
        column->addWidget(small);
        layout->addLayout(column, 1);
    };
    const int count = int(m_connections.size());
    const double share = double(count) / double(std::max<qsizetype>(1, table.liveCount()));
    figure(Text::count(count), tr("connection(s)", nullptr, count), tr("%1 of all").arg(Text::percent(share)));
    figure(Text::count(users.size()), tr("user(s)", nullptr, int(users.size())), users.size() == 1 ? first : QString());
    figure(Text::count(nodes.size()), tr("node(s)", nullptr, int(nodes.size())), nodeNames.join(u", "_s));
    rows->addWidget(panel);
    rows->addWidget(makeLine());
    addWarning(rows, users);
}

void DisconnectSheet::addWarning(QVBoxLayout *rows, const QSet<QString> &users)
{
    const QString me = m_workspace.operatorName();
    if (me.isEmpty() || !users.contains(me))
        return;
    auto *line = new QWidget;
    line->setFixedHeight(36);
    auto *layout = new QHBoxLayout(line);
    layout->setContentsMargins(margin, 0, margin, 0);
    layout->setSpacing(8);
    auto *icon = new QLabel;
    icon->setPixmap(iconPixmap(u"sev-error"_s, 12, ink(Ink::SeverityError), devicePixelRatioF()));
    layout->addWidget(icon);
    QLabel *words =
        makeLabel(tr("Includes you: connections of %1 are among them.").arg(me), Face::TableStrong, Ink::SeverityError);
    words->setObjectName(u"includesYou"_s);
    layout->addWidget(words, 1);
    rows->addWidget(line);
    rows->addWidget(makeLine());
}

QHBoxLayout *DisconnectSheet::makeActions()
{
    auto *kinds = new QHBoxLayout;
    kinds->setSpacing(4);
    for (const QString &words : {tr("Disconnect"), tr("Revoke session"), tr("Forbid")}) {
        auto *button = new Button(Button::Kind::Outlined, words);
        button->setCheckable(true);
        button->setAutoExclusive(true);
        kinds->addWidget(button);
        m_actions.append(button);
        connect(button, &QAbstractButton::toggled, this, &DisconnectSheet::refresh);
    }
    kinds->addStretch(1);
    return kinds;
}

void DisconnectSheet::buildForm(QVBoxLayout *rows)
{
    auto *form = new QWidget;
    auto *grid = new QGridLayout(form);
    grid->setContentsMargins(margin, 16, margin, 16);
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(12);
    grid->setColumnMinimumWidth(0, labelWidth);
    const auto label = [grid](int row, const QString &text) {
        grid->addWidget(makeLabel(text, Face::Table, Ink::TextMuted), row, 0, Qt::AlignTop);
    };
    label(0, tr("Action"));
    grid->addLayout(makeActions(), 0, 1);
    m_consequence = makeLabel(QString(), Face::Table, Ink::TextSecondary);
    m_consequence->setMinimumHeight(2 * Theme::instance().lineHeight(Face::Table));
    grid->addWidget(m_consequence, 1, 1);
    label(2, tr("Reason"));
    auto *reasons = new QHBoxLayout;
    reasons->setSpacing(8);
    m_kind = new QComboBox;
    m_kind->addItem(tr("Choose…"));
    for (const QString &words : {tr("Incident response"), tr("Maintenance"), tr("Policy"), tr("Request of the user"), tr("Test")})
        m_kind->addItem(words);
    m_kind->setAccessibleName(tr("Kind of reason"));
    m_reason = new QLineEdit;
    m_reason->setPlaceholderText(tr("Details, for example a ticket number"));
    m_reason->setAccessibleName(tr("Reason in words"));
    m_reason->setMaxLength(200);
    reasons->addWidget(m_kind);
    reasons->addWidget(m_reason, 1);
    grid->addLayout(reasons, 2, 1);
    m_holdLabel = makeLabel(tr("Back after"), Face::Table, Ink::TextMuted);
    grid->addWidget(m_holdLabel, 3, 0);
    m_hold = new QComboBox;
    m_hold->setAccessibleName(tr("Clients come back after"));
    for (const int seconds : {0, 5, 30, 120})
        m_hold->addItem(seconds == 0 ? tr("at once") : tr("%1 s").arg(seconds), seconds);
    m_hold->setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    grid->addWidget(m_hold, 3, 1, Qt::AlignLeft);
    if (m_connections.size() > typeTheNumberAbove) {
        label(4, tr("Type %1").arg(Text::count(m_connections.size())));
        m_number = new QLineEdit;
        m_number->setFixedWidth(88);
        m_number->setAccessibleName(tr("Type %1 to confirm").arg(Text::count(m_connections.size())));
        grid->addWidget(m_number, 4, 1, Qt::AlignLeft);
        connect(m_number, &QLineEdit::textChanged, this, &DisconnectSheet::refresh);
    }
    connect(m_kind, &QComboBox::currentIndexChanged, this, &DisconnectSheet::refresh);
    connect(m_reason, &QLineEdit::textChanged, this, &DisconnectSheet::refresh);
    m_actions.first()->setChecked(true);
    rows->addWidget(form);
    rows->addWidget(makeLine());
}

void DisconnectSheet::buildFooter(QVBoxLayout *rows)
{
    auto *footer = makePanel();
    auto *layout = new QHBoxLayout(footer);
    layout->setContentsMargins(margin, 12, margin, 12);
    layout->setSpacing(8);
    m_why = makeLabel(QString(), Face::Table, Ink::TextMuted);
    layout->addWidget(m_why, 1);
    m_cancel = new Button(Button::Kind::Outlined, tr("Cancel"));
    m_cancel->setDialogSize(true);
    m_cancel->setStrongOutline(true);
    m_cancel->setDefault(true);
    m_verb = new Button(Button::Kind::DangerFill, verb());
    m_verb->setDialogSize(true);
    m_verb->setObjectName(u"verb"_s);
    m_cancel->setObjectName(u"cancel"_s);
    layout->addWidget(m_cancel);
    layout->addWidget(m_verb);
    connect(m_cancel, &QAbstractButton::clicked, this, &QDialog::reject);
    connect(m_verb, &QAbstractButton::clicked, this, &DisconnectSheet::act);
    rows->addWidget(footer);
}

int DisconnectSheet::closeCode() const
{
    for (qsizetype index = 0; index < m_actions.size(); ++index) {
        if (m_actions.at(index)->isChecked())
            return closeCodes[size_t(index)];
    }
    return closeCodes.front();
}

QString DisconnectSheet::verb() const
{
    const int count = int(m_connections.size());
    switch (closeCode()) {
    case 4410:
        return tr("Revoke %n session(s)", nullptr, count);
    case 4403:
        return tr("Forbid %n connection(s)", nullptr, count);
    default:
        return tr("Disconnect %n connection(s)", nullptr, count);
    }
}

QString DisconnectSheet::consequence() const
{
    switch (closeCode()) {
    case 4410:
        return tr("Sockets close with 4410 session_revoked. The people are signed out: their tokens are revoked at the issuer, "
                  "and they must sign in again.");
    case 4403:
        return tr(
            "Sockets close with 4403 forbidden. People stay signed in; their apps stop and do not come back by themselves.");
    default:
        return tr("Sockets close with 4411 kicked_may_return. People stay signed in; their apps come back by themselves.");
    }
}

QString DisconnectSheet::blockedBecause() const
{
    if (m_running)
        return tr("The gateway is working…");
    if (const QString blocked = m_workspace.actionsBlocked(); !blocked.isEmpty())
        return blocked;
    if (m_kind->currentIndex() == 0)
        return tr("Choose a reason.");
    if (m_number && m_number->text().remove(u',') != QString::number(m_connections.size()))
        return tr("Type %1 to confirm.").arg(Text::count(m_connections.size()));
    return {};
}

void DisconnectSheet::refresh()
{
    if (!m_verb)
        return;
    const QString blocked = blockedBecause();
    m_consequence->setText(consequence());
    m_verb->setText(verb());
    m_verb->setEnabled(blocked.isEmpty() && !m_guarded);
    m_verb->setToolTip(blocked);
    m_why->setText(blocked);
    m_hold->setEnabled(closeCode() == 4411);
    m_verb->updateGeometry();
}

void DisconnectSheet::act()
{
    if (!blockedBecause().isEmpty() || m_guarded)
        return;
    QString reason = m_kind->currentText();
    if (!m_reason->text().trimmed().isEmpty())
        reason += u": "_s + m_reason->text().trimmed();
    const auto hold = closeCode() == 4411 ? std::chrono::seconds(m_hold->currentData().toInt()) : std::chrono::seconds(0);
    m_running = true;
    refresh();
    using Outcome = Watchword::Result<Watchword::ActionOutcome>;
    const QFuture<Outcome> done = m_workspace.actions().disconnect(m_connections, closeCode(), hold, reason);
    Watchword::whenDone(done, this, [this](const Outcome &result) {
        m_running = false;
        if (!result && result.error().code() == Watchword::ErrorCode::Cancelled)
            return refresh();
        if (!result) {
            m_why->setText(result.error().detail().isEmpty() ? result.error().remedy() : result.error().detail());
            m_verb->setEnabled(true);
            Q_EMIT finishedWith(m_why->text(), false);
            return;
        }
        const QString gone = result->gone.isEmpty() ? QString() : tr(", %n had ended already", nullptr, int(result->gone.size()));
        Q_EMIT finishedWith(tr("%n connection(s) closed", nullptr, int(result->done.size())) + gone, true);
        accept();
    });
}

} // namespace Monitor
