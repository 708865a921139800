// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/sheet.h"

namespace Monitor {

/*! All keys of the program on one sheet. */
class KeySheet : public Sheet
{
    Q_OBJECT

public:
    explicit KeySheet(QWidget *window);
};

} // namespace Monitor
