// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/orderhold.h"
#include "monitor/widgets/button.h"

namespace Monitor {

/*! "Refresh order (38 changed)": the way on while an order is held. Hidden while there is nothing to refresh. */
class OrderButton : public Button
{
    Q_OBJECT

public:
    explicit OrderButton(QWidget *parent = nullptr);

    void setOrder(OrderHold::Reason reason, qint64 changed);
    static QString heldText(OrderHold::Reason reason); //!< For the status bar; empty while nothing is held.
};

} // namespace Monitor
