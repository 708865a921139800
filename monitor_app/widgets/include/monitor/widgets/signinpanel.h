// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/devicesignin.h"

#include <QTimer>
#include <QUrl>
#include <QWidget>

class QLabel;
class QHBoxLayout;

namespace Monitor {

class Button;

/*! Where a sign-in stands, for the person who does it. */
struct SignInStep
{
    enum class Kind {
        Waiting, //!< Nothing to do: the demo starts, stored tokens are looked for, the provider is asked.
        Browser, //!< The system browser shows \a link.
        Device, //!< Another device has to be used: \a device.
        Keychain, //!< The keychain does not answer.
        OtherUser //!< Not \a owner signed in, but \a other.
    };
    Kind kind = Kind::Waiting;
    QString words{}; //!< Waiting, Keychain: what happens, and what the person can do.
    QUrl link{}; //!< It holds no secret.
    Watchword::DeviceSignIn device{};
    QString owner{};
    QString other{};

    friend bool operator==(const SignInStep &, const SignInStep &) = default;
};

/*!
    One step of a sign-in: what the person has to do, the code and its QR code, the buttons. On the first page, and in the
    sheet that asks again later.

    The same step again costs nothing, so that it may be set at every change of the session.
*/
class SignInPanel : public QWidget
{
    Q_OBJECT

public:
    enum class Choice {
        Cancel,
        OtherDevice, //!< Instead of the browser.
        WithoutStoring, //!< The keychain is not needed: the sign-in ends with the program.
        RetryKeychain,
        AcceptOther
    };
    Q_ENUM(Choice)

    explicit SignInPanel(QWidget *parent = nullptr);
    ~SignInPanel() override;

    void setStep(const SignInStep &step);
    const SignInStep &step() const { return m_step; }
    //! Whether the sign-in can be begun anew in another way; without, those choices are not offered. At first true.
    void setRestartable(bool restartable);
    void focusFirst(); //!< The button that helps most.

Q_SIGNALS:
    void chosen(Monitor::SignInPanel::Choice choice);

private:
    class QrView;
    QWidget *makeDevice();
    QHBoxLayout *makeButtons();
    Button *addButton(const QString &name, const QString &text, Choice choice);
    void refresh();
    void refreshTexts();
    void refreshCountdown();
    void copy(Button *button, const QString &text);

    SignInStep m_step;
    bool m_restartable = true;
    QLabel *m_title;
    QLabel *m_words;
    QWidget *m_device = nullptr;
    QrView *m_qr = nullptr;
    QLabel *m_address = nullptr;
    QLabel *m_code = nullptr;
    QLabel *m_left = nullptr;
    Button *m_cancel = nullptr;
    Button *m_copyCode = nullptr;
    Button *m_copyLink = nullptr;
    Button *m_otherDevice = nullptr;
    Button *m_withoutStoring = nullptr;
    Button *m_retryKeychain = nullptr;
    Button *m_acceptOther = nullptr;
    QTimer m_second;
    QTimer m_copied;
};

} // namespace Monitor
