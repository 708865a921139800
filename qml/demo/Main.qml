// SPDX-License-Identifier: Apache-2.0
import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Watchword

ApplicationWindow {
    id: window

    //! What watchword-gateway --demo printed.
    required property var demo

    width: 720
    height: 520
    minimumWidth: 360
    minimumHeight: 320
    visible: true
    title: qsTr("Watchword room")

    Client {
        id: client
        issuer: window.demo.issuer
        clientId: window.demo.client_id
        scopes: window.demo.scopes
        server: window.demo.gateway + window.demo.endpoints.room
        additionalCertificateAuthorities: "file://" + window.demo.ca
        storage: Client.MemoryOnly
    }
    Room {
        id: room
        client: client
        name: "lobby"
        onPublished: (text, from) => log.append({ who: from, line: text })
        onGap: (from, to) => log.append({ who: "", line: to > 0 ? qsTr("%1 messages were lost").arg(to - from + 1)
                                                                 : qsTr("Older messages were lost") })
    }

    function say(text) {
        if (text === "")
            return
        input.clear()
        note.text = ""
        room.publish(text, (outcome) => note.text = outcome.ok ? "" : outcome.text)
    }

    ColumnLayout {
        anchors.fill: parent
        spacing: 0

        ConnectionBanner {
            client: client
            visible: shown && !signIn.needed
            Layout.fillWidth: true
        }
        SignIn {
            id: signIn
            client: client
            Layout.fillWidth: true
            Layout.fillHeight: true
        }
        // For the demo alone: its people and passwords are made up at every start.
        Label {
            visible: signIn.needed
            text: qsTr("Demo: sign in as %1 with the password %2").arg(window.demo.users[0].name).arg(window.demo.users[0].password)
            wrapMode: Text.Wrap
            horizontalAlignment: Text.AlignHCenter
            padding: 12
            Layout.fillWidth: true
        }
        RowLayout {
            visible: !signIn.needed
            spacing: 12
            Layout.margins: 12
            Label {
                text: room.errorText !== "" ? room.errorText : room.live ? qsTr("Room %1").arg(room.name) : qsTr("Room %1, catching up").arg(room.name)
                font.weight: Font.DemiBold
                elide: Text.ElideRight
                Layout.fillWidth: true
            }
            Label { text: client.accountName }
            Label { text: qsTr("Token") }
            TokenCountdown { client: client }
            Button { text: qsTr("Sign out"); onClicked: client.signOut() }
        }
        ListView {
            id: lines
            visible: !signIn.needed
            model: ListModel { id: log }
            delegate: RowLayout {
                required property string who
                required property string line
                width: ListView.view.width
                spacing: 8
                Label { text: parent.who; font.weight: Font.DemiBold; leftPadding: 12; Layout.preferredWidth: 96; elide: Text.ElideRight }
                Label { text: parent.line; textFormat: Text.PlainText; wrapMode: Text.Wrap; padding: 4; Layout.fillWidth: true }
            }
            onCountChanged: Qt.callLater(positionViewAtEnd)
            Layout.fillWidth: true
            Layout.fillHeight: true
            clip: true

            Label {
                anchors.centerIn: parent
                visible: lines.count === 0
                text: qsTr("Nobody has said anything yet.")
                opacity: 0.75
            }
        }
        RowLayout {
            visible: !signIn.needed
            spacing: 8
            Layout.margins: 12
            TextField {
                id: input
                placeholderText: qsTr("Say something")
                Accessible.name: placeholderText
                Layout.fillWidth: true
                onAccepted: window.say(text)
            }
            Label { id: note; visible: text !== "" }
            Button { text: qsTr("Send"); enabled: input.text !== ""; onClicked: window.say(input.text) }
        }
    }
}
