// SPDX-License-Identifier: Apache-2.0
#pragma once

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

/*! The first page: server and sign-in, then the browser has the floor. Or the demo, or an audit file. */
class ConnectPage : public QWidget
{
    Q_OBJECT

public:
    explicit ConnectPage(QWidget *parent = nullptr);

    void setSettings(const ServerSettings &settings);
    ServerSettings settings() const;
    void showForm(const QString &problem = {});
    void showBrowserStep(const QUrl &signInUrl); //!< The link can be copied; it holds no secret.
    void showWaiting(const QString &words); //!< Without a link: the demo starts, stored tokens are looked for.
    void setDemoAvailable(bool available);
    QString problem() const;

Q_SIGNALS:
    void connectRequested(const Monitor::ServerSettings &settings);
    void cancelRequested();
    void demoRequested();
    void openFileRequested();

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    QWidget *makeForm();
    QWidget *makeWaiting();
    void submit();
    QRect card() const;
    QRect other() const;
    void paintSteps(QPainter &painter) const;

    QLineEdit *m_server = nullptr;
    QLineEdit *m_issuer = nullptr;
    QLineEdit *m_client = nullptr;
    QLineEdit *m_authority = nullptr;
    QLabel *m_problem = nullptr;
    QLabel *m_waiting = nullptr;
    Button *m_copyLink = nullptr;
    QStackedWidget *m_steps;
    Button *m_demo;
    Button *m_open;
    QUrl m_signInUrl;
};

} // namespace Monitor
