// SPDX-License-Identifier: Apache-2.0
import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Watchword

/*!
    All that a person sees of signing in, for one Client: the button, the wait for the browser, the code for another
    device with its QR code, another person who signed in, a keychain that waits, and why it has to be done again.

        SignIn { anchors.fill: parent; client: orders }

    It shows itself while somebody is needed (`needed`) and hides otherwise. It follows the palette, light or dark. Tab
    goes through its buttons, Return presses one, Escape cancels a sign-in that runs.
    The code for the other device is the only one it shows; that is what it is for. No token is ever here.
*/
Pane {
    id: signIn

    //! The Client that is spoken of.
    required property var client

    readonly property var session: client ? client.session : null
    readonly property int sessionState: session ? session.state : Session.SignedOut
    readonly property var device: session ? session.deviceSignIn : null
    readonly property string otherUser: session && !otherUserWasKept ? session.otherUser : ""
    readonly property string accountName: client ? client.accountName : ""
    //! Which of its faces it shows: signedOut, working, browser, device, wrongUser, keychain, needsSignIn, stepUp or "".
    readonly property string page: {
        if (!client)
            return ""
        if (sessionState === Session.SigningIn)
            return device.valid ? "device" : session.signInUrl.toString() !== "" ? "browser" : "working"
        if (otherUser !== "")
            return "wrongUser"
        switch (sessionState) {
        case Session.SignedOut:
            return "signedOut"
        case Session.KeychainWaiting:
            return "keychain"
        case Session.Restoring:
            return "working"
        case Session.NeedsSignIn:
            return "needsSignIn"
        case Session.StepUp:
            return "stepUp"
        }
        // The session is fine for its issuer, but the server does not take its tokens.
        return client.state === Client.SignInNeeded ? "needsSignIn" : ""
    }
    readonly property bool needed: page !== ""
    readonly property int secondsLeft: {
        ticker.count // evaluated anew with every tick
        const left = page === "device" ? device.expiresAt.getTime() - Date.now() : 0
        return left > 0 ? Math.ceil(left / 1000) : 0
    }
    readonly property string heading: {
        switch (page) {
        case "signedOut": return qsTr("Sign in")
        case "working": return sessionState === Session.SigningIn ? qsTr("Asking the sign-in service…") : qsTr("One moment…")
        case "browser": return qsTr("Go on in your browser")
        case "device": return qsTr("Sign in with another device")
        case "wrongUser": return qsTr("%1 signed in").arg(otherUser)
        case "keychain": return qsTr("The keychain is needed")
        case "needsSignIn": return qsTr("Please sign in again")
        case "stepUp": return qsTr("Please confirm who you are")
        }
        return ""
    }
    readonly property string explanation: {
        switch (page) {
        case "signedOut":
            return qsTr("You sign in on a web page. This program never sees your password.")
        case "browser":
            return qsTr("Sign in there; this window goes on by itself. If no browser opened, copy the link into one on this computer.")
        case "device":
            return qsTr("Scan the picture with your telephone, or open the address on any device and type the code. This window goes on by itself.")
        case "wrongUser":
            return accountName !== "" ? qsTr("This account belongs to %1. Nothing has changed yet.").arg(accountName)
                                      : qsTr("This account belongs to somebody else. Nothing has changed yet.")
        case "working":
            return sessionState === Session.SigningIn ? "" : session.stateText
        case "": return ""
        }
        return [client.sessionReason, session.suggestedAction].filter((text) => text !== "").join(" ")
    }
    readonly property string problem: client && client.signInProblem !== "" && (page === "signedOut" || page === "needsSignIn" || page === "stepUp")
        ? qsTr("The last try did not work. %1").arg(client.signInProblem) : ""

    property bool otherUserWasKept: false
    property string copied: "" //!< What was copied a moment ago: link or code.

    function copy(what, text) {
        clipboard.text = text
        clipboard.selectAll()
        clipboard.copy()
        copied = what
        copiedTimer.restart()
    }
    function keepOwner() {
        otherUserWasKept = true
        if (sessionState === Session.NeedsSignIn || sessionState === Session.StepUp)
            client.signIn()
    }
    function cancel() {
        if (sessionState === Session.SigningIn)
            client.cancelSignIn()
    }

    visible: needed
    padding: 24
    implicitWidth: 480
    implicitHeight: column.implicitHeight + 2 * padding
    Accessible.role: Accessible.Grouping
    Accessible.name: heading
    Keys.onEscapePressed: (event) => {
        event.accepted = sessionState === Session.SigningIn
        cancel()
    }

    Connections {
        target: signIn.session
        function onOtherUserChanged() { signIn.otherUserWasKept = false }
    }
    Timer {
        id: ticker
        property int count: 0
        interval: 500
        repeat: true
        running: signIn.page === "device"
        onTriggered: count += 1
    }
    Timer { id: copiedTimer; interval: 2000; onTriggered: signIn.copied = "" }
    TextEdit { id: clipboard; visible: false }

    component Choice: Button {
        activeFocusOnTab: true
        leftPadding: 16
        rightPadding: 16
        width: Math.min(implicitWidth, column.width)
        Keys.onReturnPressed: clicked()
        Keys.onEnterPressed: clicked()
        Accessible.name: text
    }

    contentItem: Flickable {
        clip: contentHeight > height
        contentHeight: column.implicitHeight
        boundsBehavior: Flickable.StopAtBounds

        ColumnLayout {
            id: column
            readonly property bool wide: signIn.availableWidth >= 560
            width: Math.min(signIn.availableWidth, signIn.page === "device" && wide ? 640 : 440)
            x: (signIn.availableWidth - width) / 2
            y: Math.max(0, (signIn.availableHeight - implicitHeight) / 2)
            spacing: 12

            RowLayout {
                spacing: 12
                BusyIndicator {
                    running: visible
                    visible: signIn.page === "working"
                    implicitWidth: 24
                    implicitHeight: 24
                    Accessible.ignored: true
                }
                Label {
                    objectName: "heading"
                    text: signIn.heading
                    textFormat: Text.PlainText
                    wrapMode: Text.Wrap
                    font.pixelSize: 20
                    font.weight: Font.DemiBold
                    Layout.fillWidth: true
                    Accessible.role: Accessible.Heading
                }
            }
            Label {
                objectName: "problem"
                text: signIn.problem
                textFormat: Text.PlainText
                visible: text !== ""
                wrapMode: Text.Wrap
                padding: 10
                Layout.fillWidth: true
                Accessible.role: Accessible.AlertMessage
                background: Rectangle {
                    color: "transparent"
                    radius: 4
                    border.color: signIn.palette.windowText
                }
            }
            Label {
                objectName: "explanation"
                text: signIn.explanation
                textFormat: Text.PlainText
                visible: text !== ""
                wrapMode: Text.Wrap
                lineHeight: 1.15
                Layout.fillWidth: true
            }

            GridLayout {
                visible: signIn.page === "device"
                columns: column.wide ? 2 : 1
                columnSpacing: 24
                rowSpacing: 12
                Layout.fillWidth: true
                Layout.topMargin: 4

                QrCode {
                    objectName: "qrCode"
                    code: signIn.device ? signIn.device.qrCode : undefined
                    visible: implicitWidth > 0
                    Layout.preferredWidth: 220
                    Layout.preferredHeight: 220
                    Layout.alignment: column.wide ? Qt.AlignLeft | Qt.AlignTop : Qt.AlignHCenter
                    Accessible.role: Accessible.Graphic
                    Accessible.name: qsTr("QR code with the address")
                }
                ColumnLayout {
                    spacing: 4
                    Layout.fillWidth: true
                    Layout.alignment: Qt.AlignTop
                    Label { text: qsTr("Address"); opacity: 0.75 }
                    Label {
                        objectName: "deviceLink"
                        text: signIn.device ? signIn.device.verificationUri.toString() : ""
                        textFormat: Text.PlainText
                        wrapMode: Text.WrapAnywhere
                        font.weight: Font.DemiBold
                        Layout.fillWidth: true
                    }
                    Label { text: qsTr("Code"); opacity: 0.75; Layout.topMargin: 8 }
                    Label {
                        objectName: "userCode"
                        text: signIn.device ? signIn.device.userCode : ""
                        textFormat: Text.PlainText
                        fontSizeMode: Text.HorizontalFit
                        minimumPixelSize: 16
                        font.pixelSize: 32
                        font.weight: Font.DemiBold
                        font.letterSpacing: 2
                        Layout.fillWidth: true
                        Accessible.name: qsTr("Code: %1").arg(text.split("").join(" ")) // read letter by letter
                    }
                    Label {
                        objectName: "countdown"
                        text: qsTr("Good for %1:%2").arg(Math.floor(signIn.secondsLeft / 60))
                                                    .arg(String(signIn.secondsLeft % 60).padStart(2, "0"))
                        Accessible.name: qsTr("The code is good for %1 s").arg(signIn.secondsLeft)
                    }
                    Choice {
                        objectName: "copyCode"
                        text: signIn.copied === "code" ? qsTr("Copied") : qsTr("Copy code")
                        onClicked: signIn.copy("code", signIn.device.userCode)
                        Layout.topMargin: 8
                    }
                }
            }

            Flow {
                spacing: 8
                layoutDirection: Qt.LeftToRight
                Layout.fillWidth: true
                Layout.topMargin: 8

                Choice {
                    objectName: "signInButton"
                    visible: signIn.page === "signedOut" || signIn.page === "needsSignIn" || signIn.page === "stepUp"
                    highlighted: true
                    text: signIn.page === "needsSignIn" ? qsTr("Sign in again")
                        : signIn.page === "stepUp" ? qsTr("Confirm who you are") : qsTr("Sign in")
                    onClicked: signIn.client.signIn()
                }
                Choice {
                    objectName: "retryKeychain"
                    visible: signIn.page === "keychain"
                    highlighted: true
                    text: qsTr("Try now")
                    onClicked: signIn.session.retryKeychain()
                }
                Choice {
                    objectName: "keepOwner"
                    visible: signIn.page === "wrongUser"
                    highlighted: true
                    text: signIn.accountName !== "" ? qsTr("Stay with %1").arg(signIn.accountName) : qsTr("Change nothing")
                    onClicked: signIn.keepOwner()
                }
                Choice {
                    objectName: "acceptOther"
                    visible: signIn.page === "wrongUser"
                    text: qsTr("Change to %1").arg(signIn.otherUser)
                    onClicked: signIn.session.acceptOtherUser()
                }
                Choice {
                    objectName: "openAgain"
                    visible: signIn.page === "browser"
                    text: qsTr("Open the browser again")
                    onClicked: signIn.session.signIn()
                }
                Choice {
                    objectName: "copyLink"
                    visible: signIn.page === "browser" || signIn.page === "device"
                    text: signIn.copied === "link" ? qsTr("Copied") : qsTr("Copy link")
                    onClicked: signIn.copy("link", signIn.page === "device"
                        ? (signIn.device.verificationUriComplete.toString() || signIn.device.verificationUri.toString())
                        : signIn.session.signInUrl.toString())
                }
                Choice {
                    objectName: "cancelSignIn"
                    visible: signIn.sessionState === Session.SigningIn
                    text: qsTr("Cancel")
                    onClicked: signIn.cancel()
                }
            }
        }
    }
}
