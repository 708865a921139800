// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/sheet.h"
#include "monitor/widgets/signinpanel.h"

namespace Monitor {

/*!
    Asks for a new sign-in over the pages that are watched. Escape and "Back" emit chosen(Cancel).

    Make it with new and show it by open(); close it by accept() when the sign-in succeeded. It deletes itself then.
*/
class SignInSheet : public Sheet
{
    Q_OBJECT

public:
    explicit SignInSheet(QWidget *window);

    void open() override;
    void setStep(const SignInStep &step);

Q_SIGNALS:
    void chosen(Monitor::SignInPanel::Choice choice);

private:
    SignInPanel *m_panel;
};

} // namespace Monitor
