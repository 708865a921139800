// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QSocketNotifier>

#include <memory>

namespace Watchword::Tools {

/*! SIGTERM, SIGINT and SIGHUP as Qt signals, by a pipe. One object a program. Without effect on Windows. */
class UnixSignals : public QObject
{
    Q_OBJECT

public:
    explicit UnixSignals(QObject *parent = nullptr);
    ~UnixSignals() override;

Q_SIGNALS:
    void terminated(int signal); //!< SIGTERM or SIGINT.
    void hungUp(); //!< SIGHUP.

private:
    std::unique_ptr<QSocketNotifier> m_notifier;
};

} // namespace Watchword::Tools
