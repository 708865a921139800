// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/qrcode.h"

#include <QQuickPaintedItem>
#include <qqmlregistration.h>

using QrModules = Watchword::QrCode; // as LinkMetrics in qmlclient.h

/*!
    `QrCode` in QML: draws a QR code, as that of session.deviceSignIn.qrCode, with its quiet zone. Nothing is fetched.

    Always black on white, because scanners need it, and with whole pixels for each module, centred. Empty for an empty
    code. Its implicit size has four pixels a module.

    Threads: painted in the render thread, from a copy.
*/
class QmlQrCode : public QQuickPaintedItem
{
    Q_OBJECT
    QML_NAMED_ELEMENT(QrCode)
    Q_PROPERTY(QrModules code READ code WRITE setCode RESET resetCode NOTIFY codeChanged FINAL)

public:
    explicit QmlQrCode(QQuickItem *parent = nullptr);

    QrModules code() const { return m_code; }
    void setCode(const QrModules &code);
    void resetCode() { setCode({}); } //!< When QML assigns undefined.

    void paint(QPainter *painter) override;

Q_SIGNALS:
    void codeChanged();

private:
    QrModules m_code;
};
