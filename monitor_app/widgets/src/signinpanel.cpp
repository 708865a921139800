// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/signinpanel.h"

#include "monitor/models/text.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/painting.h"

#include <QClipboard>
#include <QGridLayout>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QVBoxLayout>

#include <cmath>

namespace Monitor {
using namespace Qt::StringLiterals;
using Kind = SignInStep::Kind;

namespace {

constexpr int qrSide = 208;
constexpr auto copiedTime = std::chrono::seconds(2);

QLabel *makeLabel(const QString &name, Face textFace)
{
    auto *label = new QLabel;
    label->setObjectName(name);
    label->setFont(face(textFace));
    label->setTextFormat(Qt::PlainText);
    return label;
}

} // namespace

/*! The QR code, always black on white: that is what scanners need. */
class SignInPanel::QrView : public QWidget
{
public:
    QrView()
    {
        setFixedSize(qrSide, qrSide);
        setObjectName(u"qrCode"_s);
        setAccessibleName(SignInPanel::tr("QR code with the address"));
    }
    void setCode(const Watchword::QrCode &code)
    {
        m_code = code;
        update();
    }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        const int modules = m_code.size() + 2 * m_code.quietZone();
        if (m_code.size() == 0)
            return;
        painter.fillRect(rect(), Qt::white);
        // Whole device pixels for each module, at any scale of the screen.
        const qreal scale = devicePixelRatioF();
        const qreal module = std::max(1.0, std::floor(qrSide * scale / modules)) / scale;
        const qreal corner = std::floor((qrSide - module * modules) / 2 * scale) / scale + module * m_code.quietZone();
        for (int row = 0; row < m_code.size(); ++row) {
            for (int column = 0; column < m_code.size(); ++column) {
                if (m_code.isDark(column, row))
                    painter.fillRect(QRectF(corner + column * module, corner + row * module, module, module), Qt::black);
            }
        }
    }

private:
    Watchword::QrCode m_code;
};

SignInPanel::SignInPanel(QWidget *parent)
    : QWidget(parent)
    , m_title(makeLabel(u"signInTitle"_s, Face::Title))
    , m_words(makeLabel(u"signInWords"_s, Face::Body))
{
    m_device = makeDevice();
    auto *rows = new QVBoxLayout(this);
    rows->setContentsMargins(32, 24, 32, 24);
    rows->setSpacing(8);
    m_words->setWordWrap(true);
    rows->addWidget(m_title);
    rows->addWidget(m_words);
    rows->addSpacing(8);
    rows->addWidget(m_device);
    rows->addStretch(1);
    rows->addLayout(makeButtons());
    connect(&m_second, &QTimer::timeout, this, &SignInPanel::refreshCountdown);
    m_copied.setSingleShot(true);
    m_copied.setInterval(copiedTime);
    connect(&m_copied, &QTimer::timeout, this, &SignInPanel::refreshTexts);
    connect(&Theme::instance(), &Theme::changed, this, &SignInPanel::refresh);
    refresh();
}

SignInPanel::~SignInPanel() = default;

QWidget *SignInPanel::makeDevice()
{
    auto *area = new QWidget;
    auto *columns = new QHBoxLayout(area);
    columns->setContentsMargins(0, 0, 0, 0);
    columns->setSpacing(24);
    m_qr = new QrView;
    columns->addWidget(m_qr, 0, Qt::AlignTop);
    auto *facts = new QVBoxLayout;
    facts->setSpacing(2);
    const auto fact = [facts](const QString &label, QLabel *value) {
        auto *name = makeLabel(QString(), Face::Table);
        name->setText(label);
        name->setForegroundRole(QPalette::PlaceholderText);
        facts->addWidget(name);
        facts->addWidget(value);
        facts->addSpacing(12);
    };
    m_address = makeLabel(u"deviceAddress"_s, Face::MonoTable);
    m_address->setWordWrap(true);
    m_address->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_code = makeLabel(u"userCode"_s, Face::Figure);
    m_code->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_left = makeLabel(u"deviceTime"_s, Face::Body);
    fact(tr("Address"), m_address);
    fact(tr("Code"), m_code);
    facts->addWidget(m_left);
    facts->addStretch(1);
    columns->addLayout(facts, 1);
    return area;
}

Button *SignInPanel::addButton(const QString &name, const QString &text, Choice choice)
{
    auto *button = new Button(Button::Kind::Outlined, text);
    button->setObjectName(name);
    button->setDialogSize(true);
    connect(button, &QAbstractButton::clicked, this, [this, choice] { Q_EMIT chosen(choice); });
    return button;
}

// A layout and no widget, which would cut the ring around the button that has the focus.
QHBoxLayout *SignInPanel::makeButtons()
{
    auto *buttons = new QHBoxLayout;
    buttons->setSpacing(8);
    const auto copyButton = [](const QString &name) {
        auto *button = new Button(Button::Kind::Outlined, QString());
        button->setObjectName(name);
        button->setIconName(u"copy"_s);
        button->setDialogSize(true);
        return button;
    };
    m_otherDevice = addButton(u"otherDevice"_s, tr("Use another device"), Choice::OtherDevice);
    m_withoutStoring = addButton(u"withoutStoring"_s, tr("Sign in without storing"), Choice::WithoutStoring);
    m_retryKeychain = addButton(u"retryKeychain"_s, tr("Try again"), Choice::RetryKeychain);
    m_acceptOther = addButton(u"acceptOther"_s, QString(), Choice::AcceptOther);
    m_copyCode = copyButton(u"copyCode"_s);
    m_copyLink = copyButton(u"copyLink"_s);
    m_cancel = addButton(u"cancelSignIn"_s, tr("Back"), Choice::Cancel);
    buttons->addWidget(m_cancel);
    buttons->addStretch(1);
    for (Button *button : {m_otherDevice, m_withoutStoring, m_retryKeychain, m_acceptOther, m_copyCode, m_copyLink})
        buttons->addWidget(button);
    connect(m_copyCode, &QAbstractButton::clicked, this, [this] { copy(m_copyCode, m_step.device.userCode); });
    connect(m_copyLink, &QAbstractButton::clicked, this, [this] {
        copy(m_copyLink, (m_step.kind == Kind::Device ? m_step.device.link() : m_step.link).toString(QUrl::FullyEncoded));
    });
    return buttons;
}

void SignInPanel::copy(Button *button, const QString &text)
{
    QGuiApplication::clipboard()->setText(text);
    refreshTexts();
    button->setText(tr("Copied"));
    m_copied.start();
}

void SignInPanel::setStep(const SignInStep &step)
{
    if (step == m_step)
        return;
    const bool isAnother = step.kind != m_step.kind;
    m_step = step;
    m_qr->setCode(step.device.qrCode());
    refresh();
    if (isAnother && isVisible())
        focusFirst();
}

void SignInPanel::focusFirst()
{
    for (Button *button : {m_retryKeychain, m_copyCode, m_copyLink}) {
        if (!button->isHidden())
            return button->setFocus(Qt::OtherFocusReason);
    }
    m_cancel->setFocus(Qt::OtherFocusReason); // also where the other choice gives an account away
}

void SignInPanel::setRestartable(bool restartable)
{
    m_restartable = restartable;
    refresh();
}

void SignInPanel::refresh()
{
    const Kind kind = m_step.kind;
    m_device->setVisible(kind == Kind::Device);
    m_qr->setVisible(kind == Kind::Device && m_step.device.qrCode().size() > 0);
    m_copyCode->setVisible(kind == Kind::Device);
    m_copyLink->setVisible(kind == Kind::Device || kind == Kind::Browser);
    m_otherDevice->setVisible(kind == Kind::Browser && m_restartable);
    m_withoutStoring->setVisible(kind == Kind::Keychain && m_restartable);
    m_retryKeychain->setVisible(kind == Kind::Keychain);
    m_acceptOther->setVisible(kind == Kind::OtherUser);
    if (kind == Kind::Device && !m_second.isActive())
        m_second.start(std::chrono::milliseconds(500));
    else if (kind != Kind::Device)
        m_second.stop();
    refreshTexts();
    refreshCountdown();
}

void SignInPanel::refreshTexts()
{
    switch (m_step.kind) {
    case Kind::Waiting:
        m_title->setText(tr("One moment"));
        m_words->setText(m_step.words);
        break;
    case Kind::Browser:
        m_title->setText(tr("Go on in your browser"));
        m_words->setText(tr("Your browser shows the sign-in page. When you are done there, this window goes on by itself. "
                            "If no browser opened, copy the link and open it yourself on this machine."));
        break;
    case Kind::Device:
        m_title->setText(tr("Sign in with another device"));
        m_words->setText(tr("Scan the picture with your telephone, or open the address on any device and type the code. "
                            "This window goes on by itself."));
        break;
    case Kind::Keychain:
        m_title->setText(tr("The keychain is needed"));
        m_words->setText(m_step.words);
        break;
    case Kind::OtherUser:
        m_title->setText(tr("%1 signed in").arg(m_step.other));
        m_words->setText(tr("On this machine the Monitor belongs to %1. Nothing has changed yet.").arg(m_step.owner));
        break;
    }
    m_acceptOther->setText(tr("Change to %1").arg(m_step.other));
    m_copyCode->setText(tr("Copy the code"));
    m_copyLink->setText(tr("Copy the link"));
    m_address->setText(m_step.device.verificationUri.toString());
    m_code->setText(m_step.device.userCode);
    // Read letter by letter, as it has to be typed.
    QStringList letters;
    for (const QChar letter : m_step.device.userCode)
        letters.append(letter);
    m_code->setAccessibleName(tr("Code: %1").arg(letters.join(u' ')));
}

void SignInPanel::refreshCountdown()
{
    const qint64 left = std::max<qint64>(0, QDateTime::currentDateTimeUtc().msecsTo(m_step.device.expiresAt));
    if (m_step.kind == Kind::Device)
        m_left->setText(tr("The code is good for %1.").arg(Text::duration(left)));
}

} // namespace Monitor
