// SPDX-License-Identifier: Apache-2.0
import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Watchword

/*!
    The accounts of this application that are signed in on this computer, for one Client, and a way to add one.

        AccountPicker { client: orders; onAddRequested: orders.account = "work" }

    Choosing an account sets client.account: the connection of the one before is closed, and its sign-in stays stored. The list
    follows other programs that sign in or out. It follows the palette, light or dark. Tab reaches it, the arrow keys, Home and
    End move in it, Return or Space chooses. No token is ever here.
*/
Pane {
    id: picker

    //! The Client that is spoken of.
    required property var client

    //! The person wants to sign in with one more account: set client.account to a name that is not in the list.
    signal addRequested()
    signal chosen(string account)

    readonly property var accounts: client ? client.accounts : []

    function nameOf(entry) { return entry.name !== "" ? entry.name : entry.account }
    function choose(index) {
        if (index < 0 || index >= accounts.length)
            return
        const account = accounts[index].account
        client.account = account
        chosen(account)
    }

    padding: 12
    implicitWidth: 320
    implicitHeight: column.implicitHeight + 2 * padding
    Accessible.role: Accessible.Grouping
    Accessible.name: qsTr("Accounts")

    contentItem: ColumnLayout {
        id: column
        spacing: 8

        Label {
            objectName: "empty"
            visible: picker.accounts.length === 0
            text: qsTr("Nobody is signed in on this computer.")
            wrapMode: Text.Wrap
            Layout.fillWidth: true
        }
        ListView {
            id: list
            objectName: "list"
            visible: count > 0
            model: picker.accounts
            clip: true
            activeFocusOnTab: true
            keyNavigationEnabled: true
            currentIndex: 0
            Layout.fillWidth: true
            Layout.fillHeight: true
            implicitHeight: Math.min(contentHeight, 320)
            Accessible.role: Accessible.List
            Accessible.name: qsTr("Accounts")
            Keys.onReturnPressed: picker.choose(currentIndex)
            Keys.onEnterPressed: picker.choose(currentIndex)
            Keys.onSpacePressed: picker.choose(currentIndex)
            Keys.onPressed: (event) => {
                if (event.key !== Qt.Key_Home && event.key !== Qt.Key_End)
                    return
                currentIndex = event.key === Qt.Key_Home ? 0 : count - 1
                event.accepted = true
            }

            delegate: ItemDelegate {
                id: entry
                required property var modelData
                required property int index
                readonly property bool inUse: picker.client.account === modelData.account
                objectName: "account-" + modelData.account
                width: ListView.view.width
                text: picker.nameOf(modelData)
                font.weight: inUse ? Font.DemiBold : Font.Normal
                highlighted: ListView.isCurrentItem && list.activeFocus
                focusPolicy: Qt.NoFocus // the list has it
                onClicked: {
                    list.currentIndex = index
                    picker.choose(index)
                }
                Accessible.role: Accessible.ListItem
                Accessible.name: inUse ? qsTr("%1, in use").arg(text) : text
                Accessible.selected: inUse
                Accessible.onPressAction: clicked()
            }
        }
        Button {
            objectName: "addAccount"
            text: qsTr("Add an account")
            activeFocusOnTab: true
            Layout.fillWidth: true
            Keys.onReturnPressed: clicked()
            Keys.onEnterPressed: clicked()
            onClicked: picker.addRequested()
            Accessible.name: text
        }
    }
}
