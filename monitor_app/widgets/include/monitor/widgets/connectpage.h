// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/signinpanel.h"

#include <QUrl>
#include <QWidget>

class QLabel;
class QLineEdit;
class QStackedWidget;

namespace Monitor {

class Button;

/*! Where to connect to and who the Monitor is there. */
struct ServerSettings
{
    QUrl server; //!< wss://host:port
    QUrl issuer;
    QString clientId;
    QString authorityFile; //!< PEM of a private certificate authority; empty: those of the system.

    friend bool operator==(const ServerSettings &, const ServerSettings &) = default;
};

/*! The first page: server and sign-in, then the browser or another device has the floor. Or the demo, or an audit file. */
class ConnectPage : public QWidget
{
    Q_OBJECT

public:
    explicit ConnectPage(QWidget *parent = nullptr);

    void setSettings(const ServerSettings &settings);
    ServerSettings settings() const;
    void showForm(const QString &problem = {});
    void showStep(const SignInStep &step);
    void showWaiting(const QString &words); //!< The demo starts, stored tokens are looked for.
    void setDemoAvailable(bool available);
    QString problem() const;

Q_SIGNALS:
    void connectRequested(const Monitor::ServerSettings &settings);
    void chosen(Monitor::SignInPanel::Choice choice); //!< In the step that is shown.
    void demoRequested();
    void openFileRequested();

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    QWidget *makeForm();
    void submit();
    QRect card() const;
    QRect other() const;
    void paintSteps(QPainter &painter) const;

    QLineEdit *m_server = nullptr;
    QLineEdit *m_issuer = nullptr;
    QLineEdit *m_client = nullptr;
    QLineEdit *m_authority = nullptr;
    QLabel *m_problem = nullptr;
    QStackedWidget *m_steps;
    SignInPanel *m_panel;
    Button *m_demo;
    Button *m_open;
};

} // namespace Monitor
