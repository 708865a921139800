// SPDX-License-Identifier: Apache-2.0
#include "inputlines.h"

#include <QCoreApplication>
#include <QPointer>

#include <iostream>
#include <string>
#include <thread>

namespace Watchword::Tool {

void InputLines::start()
{
    std::thread([target = QPointer<InputLines>(this), app = QCoreApplication::instance()] {
        std::string line;
        while (std::getline(std::cin, line)) {
            const QString text = QString::fromStdString(line);
            QMetaObject::invokeMethod(
                app,
                [target, text] {
                    if (target)
                        Q_EMIT target->read(text);
                },
                Qt::QueuedConnection);
        }
        QMetaObject::invokeMethod(
            app,
            [target] {
                if (target)
                    Q_EMIT target->ended();
            },
            Qt::QueuedConnection);
    }).detach();
}

} // namespace Watchword::Tool
