// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/core/secret.h"

#include <QObject>
#include <QProcess>
#include <QUrl>

namespace Monitor {

/*! What a demo gateway says about itself in one JSON line. */
struct DemoInfo
{
    QUrl gateway;
    QUrl issuer;
    QString caFile;
    QString clientId;
    QString audience;
    QString watchPath;
    QString auditPath;
    QString operatorName; //!< The person that may watch and act.
    Watchword::Secret operatorPassword;

    //! InvalidArgument names what is missing.
    static Watchword::Result<DemoInfo> fromJson(const QByteArray &line);
};

/*!
    The demo's programs as children of this one: watchword-gateway and, once that is ready, the fleet of clients. They are
    looked for beside this program, then in PATH, and are ended with this object; on Linux also when this program is killed.

    Signals: ready() once, or failed() once with what to do.
*/
class DemoProcess : public QObject
{
    Q_OBJECT

public:
    explicit DemoProcess(QObject *parent = nullptr);
    ~DemoProcess() override;

    void start();
    static QString findProgram(const QString &name); //!< Empty when it is nowhere.

Q_SIGNALS:
    void ready(const Monitor::DemoInfo &info);
    void failed(const QString &reason);

private:
    void readGateway();
    void startFleet();
    void fail(const QString &reason);
    static void end(QProcess &process);

    QProcess m_gateway;
    QProcess m_fleet;
    QByteArray m_line;
    bool m_ready = false;
    bool m_failed = false;
};

} // namespace Monitor
