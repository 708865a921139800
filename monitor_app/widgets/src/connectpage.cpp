// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/connectpage.h"

#include "monitor/widgets/button.h"
#include "monitor/widgets/icons.h"
#include "monitor/widgets/painting.h"

#include <QFile>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPainter>
#include <QPainterPath>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int cardWidth = 928;
constexpr int stepsWidth = 264;

/*! Heights from the top: title, the card, and the way around it. The smallest window has less of each. */
struct Heights
{
    int title = 88;
    int card = 400;
    int gap = 16;
    int other = 72;
    int all() const { return title + card + gap + other; }
};

Heights heightsIn(int window)
{
    const Heights roomy;
    return window >= roomy.all() + 16 ? roomy : Heights{.title = 64, .card = 376, .gap = 8, .other = 60};
}

QLabel *makeText(const QString &text, Face textFace)
{
    auto *label = new QLabel(text);
    label->setFont(face(textFace));
    label->setWordWrap(true);
    return label;
}

QUrl urlOf(const QString &text, const QString &scheme)
{
    const QString trimmed = text.trimmed();
    return QUrl(trimmed.contains("://"_L1) || trimmed.isEmpty() ? trimmed : scheme + u"://"_s + trimmed);
}

} // namespace

ConnectPage::ConnectPage(QWidget *parent)
    : QWidget(parent)
    , m_steps(new QStackedWidget(this))
    , m_panel(new SignInPanel)
    , m_demo(new Button(Button::Kind::Outlined, tr("Open the demo"), this))
    , m_open(new Button(Button::Kind::Quiet, tr("Open an audit file…"), this))
{
    m_steps->addWidget(makeForm());
    m_steps->addWidget(m_panel);
    connect(m_panel, &SignInPanel::chosen, this, &ConnectPage::chosen);
    connect(m_demo, &QAbstractButton::clicked, this, &ConnectPage::demoRequested);
    connect(m_open, &QAbstractButton::clicked, this, &ConnectPage::openFileRequested);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

QWidget *ConnectPage::makeForm()
{
    auto *page = new QWidget;
    auto *rows = new QVBoxLayout(page);
    rows->setContentsMargins(32, 24, 32, 24);
    rows->setSpacing(0);
    rows->addWidget(makeText(tr("Which gateway, and who signs you in?"), Face::Title));
    rows->addSpacing(4);
    rows->addWidget(makeText(tr("You sign in on the provider's own page. This program never sees your password."), Face::Body));
    rows->addSpacing(20);
    auto *form = new QFormLayout;
    form->setHorizontalSpacing(16);
    form->setVerticalSpacing(12);
    form->setLabelAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    const auto field = [form](const QString &label, const QString &example) {
        auto *edit = new QLineEdit;
        edit->setPlaceholderText(example);
        edit->setAccessibleName(label);
        form->addRow(label, edit);
        return edit;
    };
    m_server = field(tr("Gateway"), u"wss://gateway.example.com:8443"_s);
    m_issuer = field(tr("OpenID provider"), u"https://login.example.com"_s);
    m_client = field(tr("Client ID"), u"watchword-monitor"_s);
    m_authority = field(tr("Private CA (PEM)"), tr("only if the certificate is not from a public authority"));
    rows->addLayout(form);
    rows->addSpacing(12);
    m_problem = makeText(QString(), Face::Table);
    m_problem->setMinimumHeight(36);
    m_problem->setAlignment(Qt::AlignTop);
    rows->addWidget(m_problem);
    rows->addStretch(1);
    auto *buttons = new QHBoxLayout;
    buttons->addStretch(1);
    auto *go = new Button(Button::Kind::Primary, tr("Sign in"));
    go->setDialogSize(true);
    go->setObjectName(u"signIn"_s);
    buttons->addWidget(go);
    rows->addLayout(buttons);
    connect(go, &QAbstractButton::clicked, this, &ConnectPage::submit);
    for (QLineEdit *edit : {m_server, m_issuer, m_client, m_authority})
        connect(edit, &QLineEdit::returnPressed, this, &ConnectPage::submit);
    return page;
}

void ConnectPage::submit()
{
    const ServerSettings wanted = settings();
    if (!wanted.server.isValid() || wanted.server.host().isEmpty() || wanted.server.scheme() != u"wss"_s)
        return showForm(tr("The gateway must be a wss:// address, for example wss://gateway.example.com:8443."));
    if (!wanted.issuer.isValid() || wanted.issuer.host().isEmpty() || wanted.issuer.scheme() != u"https"_s)
        return showForm(tr("The OpenID provider must be an https:// address, exactly as the provider writes it."));
    if (wanted.clientId.isEmpty())
        return showForm(tr("The client ID is the name under which this program is registered at the provider."));
    if (!wanted.authorityFile.isEmpty() && !QFile::exists(wanted.authorityFile))
        return showForm(tr("The file %1 does not exist.").arg(wanted.authorityFile));
    showWaiting(tr("Asking the provider…"));
    Q_EMIT connectRequested(wanted);
}

void ConnectPage::setSettings(const ServerSettings &settings)
{
    m_server->setText(settings.server.toString());
    m_issuer->setText(settings.issuer.toString());
    m_client->setText(settings.clientId);
    m_authority->setText(settings.authorityFile);
}

ServerSettings ConnectPage::settings() const
{
    return {urlOf(m_server->text(), u"wss"_s), urlOf(m_issuer->text(), u"https"_s), m_client->text().trimmed(),
            m_authority->text().trimmed()};
}

void ConnectPage::showForm(const QString &problem)
{
    m_problem->setText(problem);
    QPalette palette = m_problem->palette();
    palette.setColor(QPalette::WindowText, ink(Ink::SeverityError));
    m_problem->setPalette(palette);
    if (m_steps->currentIndex() != 0) {
        m_steps->setCurrentIndex(0);
        m_server->setFocus(Qt::OtherFocusReason);
    }
    update();
}

QString ConnectPage::problem() const
{
    return m_problem->text();
}

void ConnectPage::showStep(const SignInStep &step)
{
    m_panel->setStep(step);
    if (m_steps->currentIndex() != 1) {
        m_steps->setCurrentIndex(1);
        m_panel->focusFirst();
    }
    update();
}

void ConnectPage::showWaiting(const QString &words)
{
    showStep({.kind = SignInStep::Kind::Waiting, .words = words});
}

void ConnectPage::setDemoAvailable(bool available)
{
    m_demo->setVisible(available);
}

QRect ConnectPage::card() const
{
    const Heights heights = heightsIn(height());
    const int wide = std::min(cardWidth, width() - 32);
    return {(width() - wide) / 2, std::max(8, (height() - heights.all()) / 2 - 24) + heights.title, wide, heights.card};
}

QRect ConnectPage::other() const
{
    const Heights heights = heightsIn(height());
    const QRect above = card();
    return {above.left(), above.bottom() + 1 + heights.gap, above.width(), heights.other};
}

void ConnectPage::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    const QRect area = card();
    m_steps->setGeometry(area.adjusted(stepsWidth + 1, 1, -1, -1));
    m_open->resize(m_open->sizeHint());
    m_demo->resize(m_demo->sizeHint());
    const QRect second = other();
    m_open->move(second.right() - 16 - m_open->width(), second.top() + (second.height() - m_open->height()) / 2);
    m_demo->move(m_open->x() - 8 - m_demo->width(), m_open->y());
}

void ConnectPage::paintSteps(QPainter &painter) const
{
    const QRect area = card();
    const int current = m_steps->currentIndex();
    const std::array steps{std::pair(tr("Server and sign-in"), tr("Gateway, provider, client")),
                           std::pair(tr("Sign in"), tr("Browser or another device"))};
    for (int step = 0; step < int(steps.size()); ++step) {
        const QRectF row(area.left() + 24, area.top() + 24 + step * 56, stepsWidth - 40, 40);
        const QRectF circle(row.left(), row.top() + 2, 24, 24);
        const bool done = step < current;
        const bool now = step == current;
        drawBox(painter, circle, 12,
                done      ? ink(Ink::SoftOk)
                    : now ? ink(Ink::AccentFill)
                          : QColor(),
                done || now ? QColor() : ink(Ink::LineControl));
        if (done)
            drawIcon(painter, circle.topLeft() + QPointF(6, 6), u"sev-ok"_s, 12, ink(Ink::SeverityOkInk));
        else
            drawNumber(painter, circle, Face::TableStrong, ink(now ? Ink::AccentOn : Ink::TextMuted), QString::number(step + 1),
                       Qt::AlignHCenter);
        drawText(painter, QRectF(row.left() + 36, row.top(), row.width() - 36, 18), now ? Face::BodyStrong : Face::Body,
                 ink(Ink::TextPrimary), steps[size_t(step)].first);
        drawText(painter, QRectF(row.left() + 36, row.top() + 18, row.width() - 36, 18), Face::Table, ink(Ink::TextMuted),
                 steps[size_t(step)].second);
    }
}

void ConnectPage::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SurfaceWindow));
    const QRect area = card();
    const int title = area.top() - heightsIn(height()).title * 4 / 5;
    painter.drawPixmap(area.left(), title + 2, applicationIcon().pixmap(QSize(40, 40), devicePixelRatioF()));
    drawText(painter, QRectF(area.left() + 56, title, 600, 28), Face::Heading, ink(Ink::TextPrimary), tr("Watch a fleet"));
    drawText(painter, QRectF(area.left() + 56, title + 28, 600, 20), Face::Body, ink(Ink::TextSecondary),
             tr("Every live connection, every token's life, every audit event."));
    drawBox(painter, area, px(Metric::RadiusCard), ink(Ink::SurfacePanel), ink(Ink::LineDivider));
    QPainterPath rounded;
    rounded.addRoundedRect(QRectF(area).adjusted(1, 1, -1, -1), px(Metric::RadiusCard) - 1, px(Metric::RadiusCard) - 1);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setClipPath(rounded);
    painter.fillRect(area.adjusted(1, 1, -(area.width() - stepsWidth), -1), ink(Ink::SurfaceSunk));
    painter.restore();
    drawHairline(painter, {qreal(area.left() + stepsWidth), qreal(area.top() + 1)},
                 {qreal(area.left() + stepsWidth), qreal(area.bottom() - 1)}, ink(Ink::LineDivider));
    paintSteps(painter);
    const QRect second = other();
    drawBox(painter, second, px(Metric::RadiusCard), ink(Ink::SurfacePanel), ink(Ink::LineDivider));
    drawIcon(painter, QPointF(second.left() + 24, second.center().y() - 10), u"play"_s, 20, ink(Ink::TextSecondary));
    const bool demo = !m_demo->isHidden();
    const int right = demo ? m_demo->x() : m_open->x();
    const QRectF words(second.left() + 60, second.center().y() - 20, right - second.left() - 76, 20);
    drawText(painter, words, Face::BodyStrong, ink(Ink::TextPrimary), demo ? tr("Or look around first") : tr("Or read a file"));
    drawText(painter, words.translated(0, 20), Face::Table, ink(Ink::TextSecondary),
             demo ? tr("A throw-away gateway on this machine with 200 clients, marked DEMO.")
                  : tr("An exported audit, without any server."));
}

} // namespace Monitor
