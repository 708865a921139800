// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/frame.h"

#include "monitor/models/text.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/runlabel.h"
#include "monitor/widgets/workspace.h"

#include <QActionGroup>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPainter>
#include <QSettings>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

const TextRun separator{};

QHBoxLayout *barLayout(QWidget *bar, int left, int right)
{
    auto *layout = new QHBoxLayout(bar);
    layout->setContentsMargins(left, 0, right, 0);
    layout->setSpacing(8);
    return layout;
}

struct LinkLook
{
    QString glyph;
    Ink color;
};

LinkLook lookOf(const LinkStatus &status)
{
    if (status.isSilent())
        return {u"sev-warning"_s, Ink::SeverityWarning};
    switch (status.state()) {
    case LinkStatus::State::Live:
        return {u"sev-ok"_s, Ink::SeverityOkInk};
    case LinkStatus::State::Reconnecting:
        return {u"sev-warning"_s, Ink::SeverityWarning};
    case LinkStatus::State::Lost:
        return {u"sev-error"_s, Ink::SeverityError};
    case LinkStatus::State::Connecting:
    case LinkStatus::State::Loading:
        return {u"refresh"_s, Ink::SeverityInfo};
    case LinkStatus::State::Idle:
    case LinkStatus::State::File:
        break;
    }
    return {u"sev-neutral"_s, Ink::TextMuted};
}

} // namespace

TopBar::TopBar(Workspace &workspace, QWidget *parent)
    : QWidget(parent)
    , m_workspace(workspace)
    , m_back(Button::iconOnly(u"back"_s, tr("Back"), this))
    , m_forward(Button::iconOnly(u"forward"_s, tr("Forward"), this))
    , m_demo(new QLabel(tr("DEMO"), this))
    , m_server(new RunLabel(this))
    , m_state(new RunLabel(this))
    , m_theme(Button::iconOnly(u"theme"_s, tr("Colours"), this))
    , m_keys(Button::iconOnly(u"info"_s, tr("Keys"), this))
    , m_person(new Button(Button::Kind::Quiet, QString(), this))
{
    setFixedHeight(px(Metric::LayoutTopBar));
    QHBoxLayout *layout = barLayout(this, 12, 12);
    layout->setSpacing(4);
    layout->addWidget(m_back);
    layout->addWidget(m_forward);
    layout->addSpacing(8);
    layout->addWidget(m_server);
    layout->addSpacing(8);
    layout->addWidget(m_demo, 0, Qt::AlignVCenter);
    layout->addSpacing(8);
    layout->addWidget(m_state, 1);
    layout->addWidget(m_theme);
    layout->addWidget(m_keys);
    layout->addSpacing(4);
    layout->addWidget(m_person);
    m_demo->setFont(face(Face::CaptionStrong));
    m_demo->setContentsMargins(6, 2, 6, 2);
    m_demo->setToolTip(tr("A throw-away gateway on this machine with made-up people."));
    m_person->setIconName(u"user"_s);
    m_person->setCaret(true);
    m_state->setObjectName(u"linkState"_s);
    connect(m_back, &QAbstractButton::clicked, this, &TopBar::backRequested);
    connect(m_forward, &QAbstractButton::clicked, this, &TopBar::forwardRequested);
    connect(m_keys, &QAbstractButton::clicked, this, &TopBar::keysRequested);
    buildThemeMenu();
    buildPersonMenu();
    refresh();
}

void TopBar::buildThemeMenu()
{
    auto *menu = new QMenu(this);
    auto *group = new QActionGroup(menu);
    const std::array choices{std::pair(Theme::Choice::System, tr("As the system")), std::pair(Theme::Choice::Light, tr("Light")),
                             std::pair(Theme::Choice::Dark, tr("Dark")),
                             std::pair(Theme::Choice::HighContrast, tr("High contrast"))};
    for (const auto &[choice, words] : choices) {
        QAction *action = menu->addAction(words);
        action->setCheckable(true);
        group->addAction(action);
        connect(action, &QAction::triggered, this, [choice = choice] {
            Theme::instance().setChoice(choice);
            QSettings().setValue(u"appearance/theme"_s, QVariant::fromValue(choice).toString());
        });
        connect(menu, &QMenu::aboutToShow, action,
                [action, choice = choice] { action->setChecked(Theme::instance().choice() == choice); });
    }
    connect(m_theme, &QAbstractButton::clicked, menu,
            [this, menu] { menu->popup(m_theme->mapToGlobal(QPoint(0, m_theme->height() + 4))); });
}

void TopBar::buildPersonMenu()
{
    auto *menu = new QMenu(this);
    connect(menu->addAction(tr("Connect to a server…")), &QAction::triggered, this, &TopBar::serverRequested);
    connect(menu->addAction(tr("Open an audit file…")), &QAction::triggered, this, &TopBar::openFileRequested);
    menu->addSeparator();
    QAction *out = menu->addAction(tr("Sign out"));
    out->setObjectName(u"signOut"_s);
    connect(out, &QAction::triggered, this, [this] {
        if (const auto signOut = m_workspace.actions().signOut)
            signOut();
    });
    connect(menu, &QMenu::aboutToShow, out, [this, out] { out->setEnabled(bool(m_workspace.actions().signOut)); });
    connect(m_person, &QAbstractButton::clicked, menu,
            [this, menu] { menu->popup(m_person->mapToGlobal(QPoint(0, m_person->height() + 4))); });
}

QList<TextRun> TopBar::stateRuns() const
{
    const LinkStatus &status = m_workspace.status();
    QList<TextRun> runs;
    const QString text = status.text();
    const qsizetype space = text.indexOf(u' ');
    if (status.state() == LinkStatus::State::Live && space > 0) {
        runs << TextRun{text.first(space), Face::TableStrong, Ink::TextPrimary, false}
             << TextRun{text.sliced(space), Face::Table, Ink::TextSecondary};
    } else {
        runs << TextRun{text, Face::TableStrong, Ink::TextPrimary};
    }
    for (const QString &part : {status.lagText(), m_narrow ? QString() : status.clockText()}) {
        if (!part.isEmpty())
            runs << separator << TextRun{part, Face::Table, Ink::TextSecondary};
    }
    return runs;
}

void TopBar::refresh()
{
    const LinkStatus &status = m_workspace.status();
    const LinkLook look = lookOf(status);
    const QString server = status.serverName();
    m_server->setRuns({TextRun{server.isEmpty() ? tr("No server") : server, Face::BodyStrong, Ink::TextPrimary, false}});
    m_state->setRuns(stateRuns());
    m_state->setGlyph(look.glyph, look.color);
    m_demo->setVisible(m_workspace.isDemo());
    QPalette palette = m_demo->palette();
    if (palette.color(QPalette::Window) != ink(Ink::BannerFill)) {
        palette.setColor(QPalette::WindowText, ink(Ink::BannerText));
        palette.setColor(QPalette::Window, ink(Ink::BannerFill));
        m_demo->setPalette(palette);
        m_demo->setAutoFillBackground(true);
    }
    const QString person = m_workspace.operatorName();
    const QString shown = person.isEmpty() ? tr("Not signed in") : person;
    if (m_person->text() != shown) {
        m_person->setText(shown);
        m_person->setAccessibleName(person.isEmpty() ? shown : tr("Operator %1").arg(person));
        m_person->updateGeometry();
    }
    m_person->setTextShown(!m_narrow);
}

void TopBar::setHistory(bool back, bool forward)
{
    m_back->setEnabled(back);
    m_forward->setEnabled(forward);
}

void TopBar::setNarrow(bool narrow)
{
    m_narrow = narrow;
    refresh();
}

void TopBar::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SurfaceWindow));
    drawHairline(painter, {0, height() - 1.0}, {qreal(width()), height() - 1.0}, ink(Ink::LineDivider));
}

StatusBar::StatusBar(Workspace &workspace, QWidget *parent)
    : QWidget(parent)
    , m_workspace(workspace)
    , m_left(new RunLabel(this))
    , m_right(new RunLabel(this))
{
    setFixedHeight(px(Metric::LayoutStatusBar));
    QHBoxLayout *layout = barLayout(this, 12, 12);
    layout->addWidget(m_left, 1);
    layout->addWidget(m_right);
    m_left->setObjectName(u"statusLeft"_s);
    m_right->setObjectName(u"statusRight"_s);
    refresh();
}

void StatusBar::setLeft(const QList<TextRun> &runs, const QString &glyph, Ink glyphColor)
{
    m_left->setGlyph(glyph, glyphColor);
    m_left->setRuns(runs);
}

void StatusBar::refresh()
{
    const auto plain = [](const QString &text) { return TextRun{text, Face::Caption, Ink::TextSecondary}; };
    QList<TextRun> runs;
    const AuditTable &audit = m_workspace.audit();
    if (audit.rows() > 0) {
        runs << plain(tr("memory %1").arg(Text::bytes(audit.bytes()))) << separator;
        if (audit.firstTime() != 0)
            runs << plain(tr("scrollback %1").arg(Text::duration(audit.lastTime() - audit.firstTime()))) << separator;
    }
    runs << plain(tr("UTC %1").arg(Text::clockTime(m_workspace.now())));
    m_right->setRuns(runs);
}

void StatusBar::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SurfaceWindow));
    drawHairline(painter, {0, 0}, {qreal(width()), 0}, ink(Ink::LineDivider));
}

LinkBanner::LinkBanner(Workspace &workspace, QWidget *parent)
    : QWidget(parent)
    , m_workspace(workspace)
    , m_words(new RunLabel(this))
    , m_consequence(new RunLabel(this))
    , m_retry(new Button(Button::Kind::Banner, tr("Retry now"), this))
{
    setFixedHeight(px(Metric::LayoutBanner));
    QHBoxLayout *layout = barLayout(this, 12, 12);
    layout->addWidget(m_words);
    layout->addSpacing(8);
    layout->addWidget(m_retry);
    layout->addSpacing(8);
    layout->addWidget(m_consequence, 1);
    m_words->setObjectName(u"linkBanner"_s);
    connect(m_retry, &QAbstractButton::clicked, this, [this] {
        const Actions &actions = m_workspace.actions();
        const bool lost = m_workspace.status().state() == LinkStatus::State::Lost;
        if (lost && actions.signIn)
            actions.signIn();
        else if (actions.retryNow)
            actions.retryNow();
    });
    refresh();
}

void LinkBanner::refresh()
{
    const LinkStatus &status = m_workspace.status();
    const bool lost = status.state() == LinkStatus::State::Lost;
    setVisible(lost || status.state() == LinkStatus::State::Reconnecting);
    if (!isVisibleTo(parentWidget()))
        return;
    m_words->setGlyph(lost ? u"sev-error"_s : u"sev-warning"_s, lost ? Ink::SeverityError : Ink::SeverityWarning, 12);
    const QString words = lost ? tr("Connection lost.") : status.detail();
    const QString first = words.section(u'.', 0, 0);
    const QString rest = lost ? u" "_s + status.lostReason() : words.sliced(first.size());
    m_words->setRuns(
        {TextRun{lost ? words : first, Face::BodyStrong, Ink::BannerText}, TextRun{rest, Face::Body, Ink::BannerText}});
    m_retry->setText(lost && m_workspace.actions().signIn ? tr("Sign in again") : tr("Retry now"));
    m_retry->setVisible(bool(m_workspace.actions().retryNow) || (lost && m_workspace.actions().signIn));
    const qint64 since = status.noDataSince().isValid() ? status.noDataSince().toMSecsSinceEpoch() : 0;
    const QString failure = status.failure();
    m_consequence->setObjectName(u"linkConsequence"_s);
    m_consequence->setToolTip(plainToolTip(failure));
    if (!failure.isEmpty())
        return m_consequence->setRuns({TextRun{failure, Face::Table, Ink::BannerText}});
    m_consequence->setRuns(
        {TextRun{since > 0 ? tr("Rows are as of %1. Actions wait for the connection.").arg(Text::clockTime(since))
                           : tr("Actions wait for the connection."),
                 Face::Table, Ink::BannerText}});
}

void LinkBanner::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::BannerFill));
    drawHairline(painter, {0, height() - 1.0}, {qreal(width()), height() - 1.0}, ink(Ink::BannerLine));
}

TailBanner::TailBanner(Workspace &workspace, QWidget *parent)
    : QWidget(parent)
    , m_workspace(workspace)
    , m_words(new RunLabel(this))
    , m_news(new RunLabel(this))
    , m_errors(new RunLabel(this))
    , m_follow(new Button(Button::Kind::Primary, tr("Follow"), this))
{
    setFixedHeight(px(Metric::LayoutBanner));
    QHBoxLayout *layout = barLayout(this, 12, 12);
    layout->addWidget(m_words);
    layout->addStretch(1);
    layout->addWidget(m_news);
    layout->addSpacing(4);
    layout->addWidget(m_errors);
    layout->addSpacing(8);
    layout->addWidget(m_follow);
    m_follow->setIconName(u"follow"_s);
    m_follow->setKeyCap(tr("End"));
    m_words->setObjectName(u"tailBanner"_s);
    connect(m_follow, &QAbstractButton::clicked, this, &TailBanner::followRequested);
    refresh();
}

void TailBanner::refresh()
{
    const AuditModel &model = m_workspace.auditModel();
    const bool shown = model.mode() == AuditModel::TailMode::Paused;
    setVisible(shown);
    if (!shown)
        return;
    m_words->setGlyph(u"pause"_s, Ink::SelectAccent, 16);
    const QString words = model.pausedText();
    m_words->setRuns({TextRun{words, Face::BodyStrong, Ink::SelectText}, separator,
                      TextRun{tr("Events are still stored"), Face::Body, Ink::SelectText}});
    m_news->setRuns({TextRun{model.newRowsText(), Face::BodyStrong, Ink::SelectText}});
    const QString errors = model.newErrorsText();
    m_errors->setVisible(!errors.isEmpty());
    m_errors->setGlyph(u"sev-error"_s, Ink::SeverityError);
    m_errors->setRuns({TextRun{errors, Face::BodyStrong, Ink::SelectText}});
}

void TailBanner::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SelectFill));
    const qreal bottom = height() - 1.0;
    drawHairline(painter, {0, bottom}, {qreal(width()), bottom}, ink(Ink::SelectLine));
}

TailEdge::TailEdge(Workspace &workspace, QWidget *parent)
    : QWidget(parent)
    , m_workspace(workspace)
    , m_words(new RunLabel(this))
    , m_wayBack(new RunLabel(this))
{
    setFixedHeight(20);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(12, 1, 12, 0);
    layout->addWidget(m_words, 1);
    layout->addWidget(m_wayBack);
    for (RunLabel *label : {m_words, m_wayBack})
        label->setAttribute(Qt::WA_TransparentForMouseEvents);
}

bool TailEdge::isFollowing() const
{
    return m_workspace.auditModel().mode() == AuditModel::TailMode::Following;
}

QString TailEdge::text() const
{
    return m_words->plainText();
}

void TailEdge::refresh()
{
    const AuditModel &model = m_workspace.auditModel();
    // A file has no live edge; what is shown of it is shown.
    setVisible(model.mode() != AuditModel::TailMode::Paused && model.totalRows() > 0
               && m_workspace.status().state() != LinkStatus::State::File);
    m_wayBack->setVisible(!isFollowing());
    setCursor(isFollowing() ? Qt::ArrowCursor : Qt::PointingHandCursor);
    if (isFollowing()) {
        m_words->setGlyph(u"follow"_s, Ink::SelectAccent, 12);
        m_words->setRuns({TextRun{model.liveEdgeText(), Face::Caption, Ink::SelectText}});
    } else {
        QList<TextRun> runs{TextRun{model.pausedText(), Face::CaptionStrong, Ink::BannerText}};
        runs << TextRun{} << TextRun{model.newRowsText(), Face::Caption, Ink::BannerText};
        if (const QString errors = model.newErrorsText(); !errors.isEmpty())
            runs << TextRun{} << TextRun{errors, Face::CaptionStrong, Ink::SeverityError};
        m_words->setGlyph(u"clock"_s, Ink::BannerText, 12);
        m_words->setRuns(runs);
        m_wayBack->setRuns({TextRun{tr("Follow with End"), Face::Caption, Ink::BannerText}});
    }
    update();
}

void TailEdge::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(isFollowing() ? Ink::SelectFill : Ink::BannerFill));
    drawHairline(painter, {0, 0}, {qreal(width()), 0}, ink(isFollowing() ? Ink::SelectLine : Ink::BannerLine));
}

void TailEdge::mouseReleaseEvent(QMouseEvent *)
{
    if (!isFollowing())
        Q_EMIT followRequested();
}

} // namespace Monitor
