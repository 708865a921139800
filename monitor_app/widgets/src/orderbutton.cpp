// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/orderbutton.h"

#include "monitor/models/text.h"

namespace Monitor {

OrderButton::OrderButton(QWidget *parent)
    : Button(Kind::Outlined, QString(), parent)
{
    setIconName(QStringLiteral("refresh"));
    setObjectName(QStringLiteral("refreshOrder"));
    setToolTip(tr("Rows keep their places while rows are selected. This sorts them anew."));
    hide();
}

void OrderButton::setOrder(OrderHold::Reason reason, qint64 changed)
{
    // Two seconds under the pointer are no reason for a button that comes and goes.
    const bool isWanted = changed > 0 && (reason == OrderHold::Reason::Selection || reason == OrderHold::Reason::Pause);
    setVisible(isWanted);
    if (!isWanted)
        return;
    const QString words = tr("Refresh order (%1 changed)").arg(Text::count(changed));
    if (words == text())
        return;
    setText(words);
    updateGeometry();
}

QString OrderButton::heldText(OrderHold::Reason reason)
{
    switch (reason) {
    case OrderHold::Reason::Selection:
        return tr("order held while rows are selected");
    case OrderHold::Reason::Pointer:
        return tr("order held under the pointer");
    case OrderHold::Reason::Pause:
        return tr("order held while paused");
    case OrderHold::Reason::None:
        break;
    }
    return {};
}

} // namespace Monitor
