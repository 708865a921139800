// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTabBar>

namespace Monitor {

/*! Tabs 36 high with a line under the current one. */
class TabStrip : public QTabBar
{
    Q_OBJECT

public:
    explicit TabStrip(const QStringList &titles, QWidget *parent = nullptr);

protected:
    QSize tabSizeHint(int index) const override;
    QSize minimumTabSizeHint(int index) const override;
    void paintEvent(QPaintEvent *event) override;
};

} // namespace Monitor
