// SPDX-License-Identifier: Apache-2.0
import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Watchword

/*!
    A strip that says what is wrong with a Client and offers the one thing that helps: "Connection lost. Next try in 4 s.
    [Try now]". Where the next try is minutes away somebody has to change something, and it says what. It takes no room
    while the client is connected. Put it above the content.
*/
Pane {
    id: banner

    //! The Client that is spoken of.
    required property var client

    readonly property bool shown: client && client.state !== Client.Ready && client.state !== Client.Stopped
    readonly property int secondsLeft: client ? client.secondsToRetry : 0
    readonly property string sentence: {
        if (!client)
            return ""
        if (client.state === Client.Waiting && secondsLeft > 90) {
            const when = qsTr("%1. Next try in %2 min.").arg(client.stateText).arg(Math.ceil(secondsLeft / 60))
            return client.errorText !== "" ? when + " " + client.errorText : when
        }
        if (client.state === Client.Waiting && secondsLeft > 0)
            return qsTr("%1. Next try in %2 s.").arg(client.stateText).arg(secondsLeft)
        if (client.state === Client.Failed && client.errorText !== "")
            return qsTr("%1. %2").arg(client.stateText).arg(client.errorText)
        return client.stateText
    }

    visible: shown
    height: shown ? implicitHeight : 0
    padding: 8
    leftPadding: 16
    rightPadding: 16
    Accessible.role: Accessible.AlertMessage
    Accessible.name: sentence

    contentItem: RowLayout {
        spacing: 12

        BusyIndicator {
            running: visible
            visible: banner.client !== null
                && (banner.client.state === Client.Connecting || banner.client.state === Client.Starting)
            implicitWidth: 20
            implicitHeight: 20
        }
        Label {
            objectName: "sentence"
            text: banner.sentence
            wrapMode: Text.Wrap
            Layout.fillWidth: true
        }
        Button {
            objectName: "tryNow"
            visible: banner.client !== null && banner.client.state === Client.Waiting
            text: qsTr("Try now")
            onClicked: banner.client.retryNow()
        }
        Button {
            objectName: "signIn"
            visible: banner.client !== null && banner.client.state === Client.SignInNeeded
            text: qsTr("Sign in")
            onClicked: banner.client.signIn()
        }
        Button {
            objectName: "cancel"
            visible: banner.client !== null && banner.client.state === Client.SigningIn
            text: qsTr("Cancel")
            onClicked: banner.client.cancelSignIn()
        }
        Button {
            objectName: "startAgain"
            visible: banner.client !== null && banner.client.state === Client.Failed
            text: qsTr("Try again")
            onClicked: banner.client.start()
        }
    }
}
