// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/connectpage.h"

#include "monitor/widgets/button.h"
#include "monitor/widgets/icons.h"
#include "monitor/widgets/painting.h"

#include <QClipboard>
#include <QFile>
#include <QFormLayout>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPainter>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int cardWidth = 928;
constexpr int cardHeight = 400;
constexpr int stepsWidth = 264;
constexpr int otherHeight = 72;

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
    , m_demo(new Button(Button::Kind::Outlined, tr("Open the demo"), this))
    , m_open(new Button(Button::Kind::Quiet, tr("Open an audit file…"), this))
{
    m_steps->addWidget(makeForm());
    m_steps->addWidget(makeWaiting());
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
    rows->addWidget(makeText(tr("You sign in with your browser. This program never sees your password."), Face::Body));
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
    auto *go = new Button(Button::Kind::Primary, tr("Sign in with the browser"));
    go->setDialogSize(true);
    go->setObjectName(u"signIn"_s);
    buttons->addWidget(go);
    rows->addLayout(buttons);
    connect(go, &QAbstractButton::clicked, this, &ConnectPage::submit);
    for (QLineEdit *edit : { m_server, m_issuer, m_client, m_authority })
        connect(edit, &QLineEdit::returnPressed, this, &ConnectPage::submit);
    return page;
}

QWidget *ConnectPage::makeWaiting()
{
    auto *page = new QWidget;
    auto *rows = new QVBoxLayout(page);
    rows->setContentsMargins(32, 24, 32, 24);
    rows->setSpacing(8);
    rows->addWidget(makeText(tr("One moment"), Face::Title));
    m_waiting = makeText(QString(), Face::Body);
    rows->addWidget(m_waiting);
    rows->addStretch(1);
    auto *buttons = new QHBoxLayout;
    auto *cancel = new Button(Button::Kind::Outlined, tr("Back"));
    cancel->setDialogSize(true);
    m_copyLink = new Button(Button::Kind::Outlined, tr("Copy the link"));
    m_copyLink->setIconName(u"copy"_s);
    m_copyLink->setDialogSize(true);
    buttons->addWidget(cancel);
    buttons->addStretch(1);
    buttons->addWidget(m_copyLink);
    rows->addLayout(buttons);
    connect(cancel, &QAbstractButton::clicked, this, &ConnectPage::cancelRequested);
    connect(m_copyLink, &QAbstractButton::clicked, this, [this] { QGuiApplication::clipboard()->setText(m_signInUrl.toString()); });
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
    return { urlOf(m_server->text(), u"wss"_s), urlOf(m_issuer->text(), u"https"_s), m_client->text().trimmed(), m_authority->text().trimmed() };
}

void ConnectPage::showForm(const QString &problem)
{
    m_problem->setText(problem);
    QPalette palette = m_problem->palette();
    palette.setColor(QPalette::WindowText, ink(Ink::SeverityError));
    m_problem->setPalette(palette);
    m_steps->setCurrentIndex(0);
    update();
}

QString ConnectPage::problem() const
{
    return m_problem->text();
}

void ConnectPage::showBrowserStep(const QUrl &signInUrl)
{
    m_signInUrl = signInUrl;
    m_waiting->setText(tr("Your browser shows the sign-in page. When you are done there, this window goes on by itself. "
                          "If no browser opened, copy the link and open it yourself on this machine."));
    m_copyLink->show();
    m_steps->setCurrentIndex(1);
    update();
}

void ConnectPage::showWaiting(const QString &words)
{
    m_waiting->setText(words);
    m_copyLink->hide();
    m_steps->setCurrentIndex(1);
    update();
}

void ConnectPage::setDemoAvailable(bool available)
{
    m_demo->setVisible(available);
}

QRect ConnectPage::card() const
{
    const int wide = std::min(cardWidth, width() - 32);
    const int tall = 88 + cardHeight + 16 + otherHeight;
    return { (width() - wide) / 2, std::max(16, (height() - tall) / 2 - 24) + 88, wide, cardHeight };
}

QRect ConnectPage::other() const
{
    const QRect above = card();
    return { above.left(), above.bottom() + 17, above.width(), otherHeight };
}

void ConnectPage::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    const QRect area = card();
    m_steps->setGeometry(area.adjusted(stepsWidth + 1, 1, -1, -1));
    m_open->resize(m_open->sizeHint());
    m_demo->resize(m_demo->sizeHint());
    const QRect second = other();
    m_open->move(second.right() - 16 - m_open->width(), second.top() + (otherHeight - m_open->height()) / 2);
    m_demo->move(m_open->x() - 8 - m_demo->width(), m_open->y());
}

void ConnectPage::paintSteps(QPainter &painter) const
{
    const QRect area = card();
    const int current = m_steps->currentIndex();
    const std::array steps { std::pair(tr("Server and sign-in"), tr("Gateway, provider, client")), std::pair(tr("Browser"), tr("You sign in there")) };
    for (int step = 0; step < int(steps.size()); ++step) {
        const QRectF row(area.left() + 24, area.top() + 24 + step * 56, stepsWidth - 40, 40);
        const QRectF circle(row.left(), row.top() + 2, 24, 24);
        const bool done = step < current;
        const bool now = step == current;
        drawBox(painter, circle, 12, done ? ink(Ink::SoftOk) : now ? ink(Ink::AccentFill) : QColor(), done || now ? QColor() : ink(Ink::LineControl));
        if (done)
            drawIcon(painter, circle.topLeft() + QPointF(6, 6), u"sev-ok"_s, 12, ink(Ink::SeverityOkInk));
        else
            drawNumber(painter, circle, Face::TableStrong, ink(now ? Ink::AccentOn : Ink::TextMuted), QString::number(step + 1), Qt::AlignHCenter);
        drawText(painter, QRectF(row.left() + 36, row.top(), row.width() - 36, 18), now ? Face::BodyStrong : Face::Body, ink(Ink::TextPrimary), steps[size_t(step)].first);
        drawText(painter, QRectF(row.left() + 36, row.top() + 18, row.width() - 36, 18), Face::Table, ink(Ink::TextMuted), steps[size_t(step)].second);
    }
}

void ConnectPage::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SurfaceWindow));
    const QRect area = card();
    painter.drawPixmap(area.left(), area.top() - 68, applicationIcon().pixmap(QSize(40, 40), devicePixelRatioF()));
    drawText(painter, QRectF(area.left() + 56, area.top() - 70, 600, 28), Face::Heading, ink(Ink::TextPrimary), tr("Watch a fleet"));
    drawText(painter, QRectF(area.left() + 56, area.top() - 42, 600, 20), Face::Body, ink(Ink::TextSecondary), tr("Every live connection, every token's life, every audit event."));
    drawBox(painter, area, px(Metric::RadiusCard), ink(Ink::SurfacePanel), ink(Ink::LineDivider));
    painter.fillRect(area.adjusted(1, 8, -(area.width() - stepsWidth), -8), ink(Ink::SurfaceSunk));
    drawHairline(painter, { qreal(area.left() + stepsWidth), qreal(area.top() + 1) }, { qreal(area.left() + stepsWidth), qreal(area.bottom() - 1) }, ink(Ink::LineDivider));
    paintSteps(painter);
    const QRect second = other();
    drawBox(painter, second, px(Metric::RadiusCard), ink(Ink::SurfacePanel), ink(Ink::LineDivider));
    drawIcon(painter, QPointF(second.left() + 24, second.center().y() - 10), u"play"_s, 20, ink(Ink::TextSecondary));
    const QRectF words(second.left() + 60, second.top() + 16, m_demo->x() - second.left() - 76, 20);
    drawText(painter, words, Face::BodyStrong, ink(Ink::TextPrimary), tr("Or look around first"));
    drawText(painter, words.translated(0, 20), Face::Table, ink(Ink::TextSecondary), tr("A throw-away gateway on this machine with 200 clients, marked DEMO."));
}

} // namespace Monitor
