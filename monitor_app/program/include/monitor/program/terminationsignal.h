// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QSocketNotifier>

#include <memory>

namespace Monitor {

/*! SIGTERM, SIGINT and SIGHUP as one Qt signal, by a pipe, so that a session that ends loses nothing. Without effect on Windows,
    where the end of a session closes the window. One object a program. */
class TerminationSignal : public QObject
{
    Q_OBJECT

public:
    explicit TerminationSignal(QObject *parent = nullptr);
    ~TerminationSignal() override;

Q_SIGNALS:
    void received();

private:
    std::unique_ptr<QSocketNotifier> m_notifier;
};

} // namespace Monitor
