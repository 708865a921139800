<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de">
<context>
    <name>ConnectionBanner</name>
    <message>
        <source>%1. Next try in %2 s.</source>
        <translation>%1. Nächster Versuch in %2 s.</translation>
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
        <source>Watchword echo</source>
        <translation>Watchword-Echo</translation>
    </message>
    <message>
        <source>Say something</source>
        <translation>Sagen Sie etwas</translation>
    </message>
    <message>
        <source>Token</source>
        <translation>Token</translation>
    </message>
</context>
<context>
    <name>QmlClient</name>
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
        <source>Connection lost</source>
        <translation>Verbindung verloren</translation>
    </message>
    <message>
        <source>Cannot connect</source>
        <translation>Keine Verbindung möglich</translation>
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
</TS>
