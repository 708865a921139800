// SPDX-License-Identifier: Apache-2.0
import QtQuick
import QtQuick.Controls

/*!
    How long the access token of a Client is good, as "4:59". It is renewed by itself before it ends, so this is for the
    curious and for support; it shows a dash while nobody is signed in or the issuer did not say.
*/
Label {
    id: countdown

    //! The Client that is spoken of.
    required property var client

    readonly property int secondsLeft: {
        ticker.count // evaluated anew with every tick
        const end = client && client.session ? client.session.expiresAt.getTime() : NaN
        return isNaN(end) ? -1 : Math.max(0, Math.floor((end - Date.now()) / 1000))
    }

    text: secondsLeft < 0 ? "–" : Math.floor(secondsLeft / 60) + ":" + String(secondsLeft % 60).padStart(2, "0")
    Accessible.name: secondsLeft < 0 ? qsTr("Token lifetime unknown") : qsTr("Token is good for %1 s").arg(secondsLeft)

    Timer {
        id: ticker
        property int count: 0
        interval: 1000
        repeat: true
        running: countdown.visible
        onTriggered: count += 1
    }
}
