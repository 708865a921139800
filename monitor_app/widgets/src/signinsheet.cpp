// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/signinsheet.h"

#include <QVBoxLayout>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int signInSheetWidth = 640;
constexpr int sheetHeight = 380;

} // namespace

SignInSheet::SignInSheet(QWidget *window)
    : Sheet(window, signInSheetWidth)
    , m_panel(new SignInPanel)
{
    setObjectName(u"signInSheet"_s);
    setAccessibleName(tr("Sign in again"));
    setMinimumHeight(sheetHeight);
    auto *rows = new QVBoxLayout(this);
    rows->setContentsMargins(1, 1, 1, 1);
    rows->addWidget(m_panel);
    m_panel->setRestartable(false); // what is on the pages would be lost
    connect(m_panel, &SignInPanel::chosen, this, &SignInSheet::chosen);
    connect(this, &QDialog::rejected, this, [this] { Q_EMIT chosen(SignInPanel::Choice::Cancel); });
}

void SignInSheet::open()
{
    Sheet::open();
    m_panel->focusFirst();
}

void SignInSheet::setStep(const SignInStep &step)
{
    m_panel->setStep(step);
}

} // namespace Monitor
