<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de">
<context>
    <name>AccountPicker</name>
    <message>
        <source>Accounts</source>
        <translation>Konten</translation>
    </message>
    <message>
        <source>Nobody is signed in on this computer.</source>
        <translation>Auf diesem Computer ist niemand angemeldet.</translation>
    </message>
    <message>
        <source>%1, in use</source>
        <translation>%1, in Gebrauch</translation>
    </message>
    <message>
        <source>Add an account</source>
        <translation>Konto hinzufügen</translation>
    </message>
</context>
<context>
    <name>ConnectionBanner</name>
    <message>
        <source>%1. Next try in %2 s.</source>
        <translation>%1. Nächster Versuch in %2 s.</translation>
    </message>
    <message>
        <source>%1. Next try in %2 min.</source>
        <translation>%1. Nächster Versuch in %2 min.</translation>
    </message>
    <message>
        <source>%1. %2</source>
        <translation>%1. %2</translation>
    </message>
    <message>
        <source>Try now</source>
        <translation>Jetzt versuchen</translation>
    </message>
    <message>
        <source>Sign in</source>
        <translation>Anmelden</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Erneut versuchen</translation>
    </message>
</context>
<context>
    <name>Main</name>
    <message>
        <source>Say something</source>
        <translation>Sagen Sie etwas</translation>
    </message>
    <message>
        <source>Token</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>Watchword room</source>
        <translation>Watchword-Raum</translation>
    </message>
    <message>
        <source>%1 messages were lost</source>
        <translation>%1 Nachrichten sind verloren</translation>
    </message>
    <message>
        <source>Older messages were lost</source>
        <translation>Ältere Nachrichten sind verloren</translation>
    </message>
    <message>
        <source>Demo: sign in as %1 with the password %2</source>
        <translation>Demo: Melden Sie sich als %1 mit dem Kennwort %2 an</translation>
    </message>
    <message>
        <source>Room %1</source>
        <translation>Raum %1</translation>
    </message>
    <message>
        <source>Room %1, catching up</source>
        <translation>Raum %1, holt auf</translation>
    </message>
    <message>
        <source>Sign out</source>
        <translation>Abmelden</translation>
    </message>
    <message>
        <source>Nobody has said anything yet.</source>
        <translation>Noch hat niemand etwas gesagt.</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>Senden</translation>
    </message>
</context>
<context>
    <name>Outcome</name>
    <message>
        <source>There is no connection at the moment.</source>
        <translation>Im Moment gibt es keine Verbindung.</translation>
    </message>
    <message>
        <source>The connection was lost before the answer came.</source>
        <translation>Die Verbindung ging verloren, bevor die Antwort kam.</translation>
    </message>
    <message>
        <source>It took too long.</source>
        <translation>Es hat zu lange gedauert.</translation>
    </message>
    <message>
        <source>Too much is waiting to be sent.</source>
        <translation>Es wartet schon zu viel darauf, gesendet zu werden.</translation>
    </message>
    <message>
        <source>The message is too big.</source>
        <translation>Die Nachricht ist zu groß.</translation>
    </message>
    <message>
        <source>A newer message took its place.</source>
        <translation>Eine neuere Nachricht hat sie ersetzt.</translation>
    </message>
    <message>
        <source>The server refused it.</source>
        <translation>Der Server hat es abgelehnt.</translation>
    </message>
    <message>
        <source>This server cannot do that.</source>
        <translation>Dieser Server kann das nicht.</translation>
    </message>
    <message>
        <source>It was cancelled.</source>
        <translation>Es wurde abgebrochen.</translation>
    </message>
    <message>
        <source>You need to sign in again.</source>
        <translation>Sie müssen sich erneut anmelden.</translation>
    </message>
    <message>
        <source>You may not do that.</source>
        <translation>Sie dürfen das nicht.</translation>
    </message>
    <message>
        <source>Something unexpected happened.</source>
        <translation>Etwas Unerwartetes ist geschehen.</translation>
    </message>
</context>
<context>
    <name>QmlRoom</name>
    <message>
        <source>A room needs a name of 1 to 128 characters.</source>
        <translation>Ein Raum braucht einen Namen aus 1 bis 128 Zeichen.</translation>
    </message>
    <message>
        <source>This server has no rooms.</source>
        <translation>Dieser Server hat keine Räume.</translation>
    </message>
</context>
<context>
    <name>SignIn</name>
    <message>
        <source>Sign in</source>
        <translation>Anmelden</translation>
    </message>
    <message>
        <source>Asking the sign-in service…</source>
        <translation>Der Anmeldedienst wird gefragt…</translation>
    </message>
    <message>
        <source>One moment…</source>
        <translation>Einen Moment…</translation>
    </message>
    <message>
        <source>Go on in your browser</source>
        <translation>Weiter im Browser</translation>
    </message>
    <message>
        <source>Sign in with another device</source>
        <translation>Mit einem anderen Gerät anmelden</translation>
    </message>
    <message>
        <source>%1 signed in</source>
        <translation>%1 hat sich angemeldet</translation>
    </message>
    <message>
        <source>The keychain is needed</source>
        <translation>Der Schlüsselbund wird gebraucht</translation>
    </message>
    <message>
        <source>Please sign in again</source>
        <translation>Bitte melden Sie sich erneut an</translation>
    </message>
    <message>
        <source>Please confirm who you are</source>
        <translation>Bitte bestätigen Sie, wer Sie sind</translation>
    </message>
    <message>
        <source>You sign in on a web page. This program never sees your password.</source>
        <translation>Sie melden sich auf einer Webseite an. Dieses Programm sieht Ihr Kennwort nie.</translation>
    </message>
    <message>
        <source>Sign in there; this window goes on by itself. If no browser opened, copy the link into one on this computer.</source>
        <translation>Melden Sie sich dort an; dieses Fenster macht von selbst weiter. Falls sich kein Browser geöffnet hat, kopieren Sie den Link in einen auf diesem Computer.</translation>
    </message>
    <message>
        <source>Scan the picture with your telephone, or open the address on any device and type the code. This window goes on by itself.</source>
        <translation>Scannen Sie das Bild mit Ihrem Telefon, oder öffnen Sie die Adresse auf irgendeinem Gerät und geben Sie den Code ein. Dieses Fenster macht von selbst weiter.</translation>
    </message>
    <message>
        <source>This account belongs to %1. Nothing has changed yet.</source>
        <translation>Dieses Konto gehört %1. Noch hat sich nichts geändert.</translation>
    </message>
    <message>
        <source>This account belongs to somebody else. Nothing has changed yet.</source>
        <translation>Dieses Konto gehört jemand anderem. Noch hat sich nichts geändert.</translation>
    </message>
    <message>
        <source>The last try did not work. %1</source>
        <translation>Der letzte Versuch hat nicht geklappt. %1</translation>
    </message>
    <message>
        <source>QR code with the address</source>
        <translation>QR-Code mit der Adresse</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>Code</source>
        <translation>Code</translation>
    </message>
    <message>
        <source>Code: %1</source>
        <translation>Code: %1</translation>
    </message>
    <message>
        <source>Good for %1:%2</source>
        <translation>Noch %1:%2 gültig</translation>
    </message>
    <message>
        <source>The code is good for %1 s</source>
        <translation>Der Code ist noch %1 s gültig</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
    <message>
        <source>Copy code</source>
        <translation>Code kopieren</translation>
    </message>
    <message>
        <source>Sign in again</source>
        <translation>Erneut anmelden</translation>
    </message>
    <message>
        <source>Confirm who you are</source>
        <translation>Bestätigen, wer Sie sind</translation>
    </message>
    <message>
        <source>Try now</source>
        <translation>Jetzt versuchen</translation>
    </message>
    <message>
        <source>Stay with %1</source>
        <translation>Bei %1 bleiben</translation>
    </message>
    <message>
        <source>Change nothing</source>
        <translation>Nichts ändern</translation>
    </message>
    <message>
        <source>Change to %1</source>
        <translation>Zu %1 wechseln</translation>
    </message>
    <message>
        <source>Open the browser again</source>
        <translation>Browser noch einmal öffnen</translation>
    </message>
    <message>
        <source>Copy link</source>
        <translation>Link kopieren</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
</context>
<context>
    <name>TokenCountdown</name>
    <message>
        <source>Token lifetime unknown</source>
        <translation>Tokenlaufzeit unbekannt</translation>
    </message>
    <message>
        <source>Token is good for %1 s</source>
        <translation>Token gilt noch %1 s</translation>
    </message>
</context>
<context>
    <name>Watchword::Client</name>
    <message>
        <source>Not connected</source>
        <translation>Nicht verbunden</translation>
    </message>
    <message>
        <source>Restoring your sign-in…</source>
        <translation>Ihre Anmeldung wird wiederhergestellt…</translation>
    </message>
    <message>
        <source>Please sign in</source>
        <translation>Bitte melden Sie sich an</translation>
    </message>
    <message>
        <source>Finish signing in on your other device</source>
        <translation>Schließen Sie die Anmeldung auf Ihrem anderen Gerät ab</translation>
    </message>
    <message>
        <source>Finish signing in in your browser</source>
        <translation>Schließen Sie die Anmeldung im Browser ab</translation>
    </message>
    <message>
        <source>Connecting…</source>
        <translation>Verbindet…</translation>
    </message>
    <message>
        <source>Connected</source>
        <translation>Verbunden</translation>
    </message>
    <message>
        <source>The sign-in service cannot be reached</source>
        <translation>Der Anmeldedienst ist nicht erreichbar</translation>
    </message>
    <message>
        <source>Connection lost</source>
        <translation>Verbindung verloren</translation>
    </message>
    <message>
        <source>Cannot connect</source>
        <translation>Keine Verbindung möglich</translation>
    </message>
    <message>
        <source>Sign in again.</source>
        <translation>Melden Sie sich erneut an.</translation>
    </message>
    <message>
        <source>Wait a moment, or try now.</source>
        <translation>Warten Sie einen Augenblick, oder versuchen Sie es jetzt.</translation>
    </message>
    <message>
        <source>Tell whoever looks after this program.</source>
        <translation>Verständigen Sie, wer dieses Programm betreut.</translation>
    </message>
</context>
<context>
    <name>Watchword::SessionText</name>
    <message>
        <source>There is no connection to the network.</source>
        <translation>Es besteht keine Verbindung zum Netzwerk.</translation>
    </message>
    <message>
        <source>The sign-in service cannot be found in the network.</source>
        <translation>Der Anmeldedienst ist im Netzwerk nicht zu finden.</translation>
    </message>
    <message>
        <source>The sign-in service does not accept connections.</source>
        <translation>Der Anmeldedienst nimmt keine Verbindungen an.</translation>
    </message>
    <message>
        <source>The connection to the sign-in service was lost.</source>
        <translation>Die Verbindung zum Anmeldedienst ist abgerissen.</translation>
    </message>
    <message>
        <source>The network&apos;s proxy did not let the request through.</source>
        <translation>Der Proxy des Netzwerks hat die Anfrage nicht durchgelassen.</translation>
    </message>
    <message>
        <source>This network wants you to sign in to it first.</source>
        <translation>Dieses Netzwerk verlangt zuerst eine eigene Anmeldung.</translation>
    </message>
    <message>
        <source>The connection to the sign-in service is not secure.</source>
        <translation>Die Verbindung zum Anmeldedienst ist nicht sicher.</translation>
    </message>
    <message>
        <source>There was no answer in time.</source>
        <translation>Es kam nicht rechtzeitig eine Antwort.</translation>
    </message>
    <message>
        <source>The sign-in service is busy.</source>
        <translation>Der Anmeldedienst ist überlastet.</translation>
    </message>
    <message>
        <source>The sign-in service gave an answer that makes no sense.</source>
        <translation>Der Anmeldedienst hat unverständlich geantwortet.</translation>
    </message>
    <message>
        <source>Nobody is signed in yet.</source>
        <translation>Es ist noch niemand angemeldet.</translation>
    </message>
    <message>
        <source>The account was signed out.</source>
        <translation>Das Konto wurde abgemeldet.</translation>
    </message>
    <message>
        <source>The sign-in was cancelled.</source>
        <translation>Die Anmeldung wurde abgebrochen.</translation>
    </message>
    <message>
        <source>The sign-in was refused.</source>
        <translation>Die Anmeldung wurde abgelehnt.</translation>
    </message>
    <message>
        <source>Somebody else signed in than the owner of this account.</source>
        <translation>Es hat sich jemand anderes angemeldet, als diesem Konto gehört.</translation>
    </message>
    <message>
        <source>An answer of the sign-in service was lost on the way, and your session with it.</source>
        <translation>Eine Antwort des Anmeldedienstes ging unterwegs verloren, und mit ihr Ihre Sitzung.</translation>
    </message>
    <message>
        <source>The sign-in service has ended your session.</source>
        <translation>Der Anmeldedienst hat Ihre Sitzung beendet.</translation>
    </message>
    <message>
        <source>The sign-in service wants to ask you something.</source>
        <translation>Der Anmeldedienst möchte Sie etwas fragen.</translation>
    </message>
    <message>
        <source>This needs a fresher or stronger sign-in.</source>
        <translation>Dafür ist eine neuere oder stärkere Anmeldung nötig.</translation>
    </message>
    <message>
        <source>Your session has to be renewed.</source>
        <translation>Ihre Sitzung muss erneuert werden.</translation>
    </message>
    <message>
        <source>The sign-in on the other device is not finished yet.</source>
        <translation>Die Anmeldung auf dem anderen Gerät ist noch nicht fertig.</translation>
    </message>
    <message>
        <source>The sign-in code has expired.</source>
        <translation>Der Anmeldecode ist abgelaufen.</translation>
    </message>
    <message>
        <source>The web browser could not be opened.</source>
        <translation>Der Webbrowser ließ sich nicht öffnen.</translation>
    </message>
    <message>
        <source>The answer does not belong to this sign-in.</source>
        <translation>Die Antwort gehört nicht zu dieser Anmeldung.</translation>
    </message>
    <message>
        <source>The keychain is locked.</source>
        <translation>Der Schlüsselbund ist gesperrt.</translation>
    </message>
    <message>
        <source>There is no keychain on this computer, or it does not run.</source>
        <translation>Auf diesem Computer gibt es keinen Schlüsselbund, oder er läuft nicht.</translation>
    </message>
    <message>
        <source>The keychain does not answer.</source>
        <translation>Der Schlüsselbund antwortet nicht.</translation>
    </message>
    <message>
        <source>The keychain has lost the key of your stored sign-in.</source>
        <translation>Der Schlüsselbund hat den Schlüssel Ihrer gespeicherten Anmeldung verloren.</translation>
    </message>
    <message>
        <source>Your stored sign-in cannot be read.</source>
        <translation>Ihre gespeicherte Anmeldung ist nicht lesbar.</translation>
    </message>
    <message>
        <source>Your sign-in cannot be stored on this computer.</source>
        <translation>Ihre Anmeldung lässt sich auf diesem Computer nicht speichern.</translation>
    </message>
    <message>
        <source>Another window of this program is busy with your sign-in.</source>
        <translation>Ein anderes Fenster dieses Programms ist gerade mit Ihrer Anmeldung beschäftigt.</translation>
    </message>
    <message>
        <source>No sign-in is stored on this computer.</source>
        <translation>Auf diesem Computer ist keine Anmeldung gespeichert.</translation>
    </message>
    <message>
        <source>The sign-in service does not know this program.</source>
        <translation>Der Anmeldedienst kennt dieses Programm nicht.</translation>
    </message>
    <message>
        <source>The sign-in service does not allow what this program asks for.</source>
        <translation>Der Anmeldedienst erlaubt nicht, worum dieses Programm bittet.</translation>
    </message>
    <message>
        <source>The sign-in of this program is not set up correctly.</source>
        <translation>Die Anmeldung dieses Programms ist nicht richtig eingerichtet.</translation>
    </message>
    <message>
        <source>The sign-in cannot come back to this program: its ports are in use.</source>
        <translation>Die Anmeldung kann nicht zu diesem Programm zurückkehren: seine Ports sind belegt.</translation>
    </message>
    <message>
        <source>The sign-in could not be verified, and was refused for your safety.</source>
        <translation>Die Anmeldung ließ sich nicht überprüfen und wurde zu Ihrer Sicherheit abgelehnt.</translation>
    </message>
    <message>
        <source>The clock of this computer and that of the sign-in service differ too much.</source>
        <translation>Die Uhr dieses Computers und die des Anmeldedienstes weichen zu sehr voneinander ab.</translation>
    </message>
    <message>
        <source>Check your network connection; the program tries again by itself.</source>
        <translation>Prüfen Sie Ihre Netzwerkverbindung; das Programm versucht es von selbst wieder.</translation>
    </message>
    <message>
        <source>Open a web page, sign in to the network, and come back.</source>
        <translation>Öffnen Sie eine Webseite, melden Sie sich beim Netzwerk an und kommen Sie zurück.</translation>
    </message>
    <message>
        <source>Check the proxy settings, or ask whoever runs your network.</source>
        <translation>Prüfen Sie die Proxy-Einstellungen, oder fragen Sie, wer Ihr Netzwerk betreibt.</translation>
    </message>
    <message>
        <source>Do not enter a password; tell your administrator.</source>
        <translation>Geben Sie kein Passwort ein; verständigen Sie Ihre Administration.</translation>
    </message>
    <message>
        <source>Unlock your keychain.</source>
        <translation>Entsperren Sie Ihren Schlüsselbund.</translation>
    </message>
    <message>
        <source>Start your keychain, then try again.</source>
        <translation>Starten Sie Ihren Schlüsselbund, und versuchen Sie es dann erneut.</translation>
    </message>
    <message>
        <source>Look for a password window of your keychain.</source>
        <translation>Suchen Sie ein Passwortfenster Ihres Schlüsselbunds.</translation>
    </message>
    <message>
        <source>Sign in again.</source>
        <translation>Melden Sie sich erneut an.</translation>
    </message>
    <message>
        <source>Make room on the disk, and check that you may write to your own folders.</source>
        <translation>Schaffen Sie Platz auf dem Datenträger, und prüfen Sie, ob Sie in Ihre eigenen Ordner schreiben dürfen.</translation>
    </message>
    <message>
        <source>Sign in as the owner of this account, or use another account.</source>
        <translation>Melden Sie sich als Inhaber dieses Kontos an, oder verwenden Sie ein anderes Konto.</translation>
    </message>
    <message>
        <source>Copy the sign-in link into a web browser.</source>
        <translation>Kopieren Sie den Anmeldelink in einen Webbrowser.</translation>
    </message>
    <message>
        <source>Set the date and time of this computer.</source>
        <translation>Stellen Sie Datum und Uhrzeit dieses Computers.</translation>
    </message>
    <message>
        <source>Close other programs, and sign in again.</source>
        <translation>Schließen Sie andere Programme, und melden Sie sich erneut an.</translation>
    </message>
    <message>
        <source>Tell whoever looks after this program.</source>
        <translation>Verständigen Sie, wer dieses Programm betreut.</translation>
    </message>
    <message>
        <source>You are signed out.</source>
        <translation>Sie sind abgemeldet.</translation>
    </message>
    <message>
        <source>Waiting for the keychain.</source>
        <translation>Warten auf den Schlüsselbund.</translation>
    </message>
    <message>
        <source>Looking for your stored sign-in.</source>
        <translation>Ihre gespeicherte Anmeldung wird gesucht.</translation>
    </message>
    <message>
        <source>Waiting for you to sign in.</source>
        <translation>Warten auf Ihre Anmeldung.</translation>
    </message>
    <message>
        <source>You are signed in.</source>
        <translation>Sie sind angemeldet.</translation>
    </message>
    <message>
        <source>You are signed in, but the sign-in service cannot be reached.</source>
        <translation>Sie sind angemeldet, aber der Anmeldedienst ist nicht erreichbar.</translation>
    </message>
    <message>
        <source>You need to sign in again.</source>
        <translation>Sie müssen sich erneut anmelden.</translation>
    </message>
    <message>
        <source>You are asked to confirm who you are.</source>
        <translation>Sie sollen bestätigen, wer Sie sind.</translation>
    </message>
    <message>
        <source>You are signed in until this program ends.</source>
        <translation>Sie sind angemeldet, bis dieses Programm endet.</translation>
    </message>
    <message>
        <source>Something unexpected happened.</source>
        <translation>Etwas Unerwartetes ist geschehen.</translation>
    </message>
    <message>
        <source>Finish the sign-in in the web browser, or on the device that shows it.</source>
        <translation>Schließen Sie die Anmeldung im Webbrowser oder auf dem Gerät ab, das sie zeigt.</translation>
    </message>
    <message>
        <source>Sign in.</source>
        <translation>Melden Sie sich an.</translation>
    </message>
    <message>
        <source>Sign in once more to go on.</source>
        <translation>Melden Sie sich noch einmal an, um fortzufahren.</translation>
    </message>
    <message>
        <source>Wait a moment.</source>
        <translation>Warten Sie einen Moment.</translation>
    </message>
    <message>
        <source>Wait a moment; the program tries again by itself.</source>
        <translation>Warten Sie einen Moment; das Programm versucht es von selbst wieder.</translation>
    </message>
    <message>
        <source>The network&apos;s proxy wants a user name and a password.</source>
        <translation>Der Proxy des Netzwerks verlangt Benutzername und Passwort.</translation>
    </message>
    <message>
        <source>Enter the proxy&apos;s user name and password in the network settings.</source>
        <translation>Tragen Sie Benutzername und Passwort des Proxys in den Netzwerkeinstellungen ein.</translation>
    </message>
</context>
</TS>
