"""What the audit calls a deed, in words; a deed that is not here is shown by its name."""

from kiosk.common.messages import mark

DEEDS = {
    "account-add": mark("added an account"),
    "account-change": mark("changed an account"),
    "account-password": mark("set a password"),
    "account-restore": mark("let an account log in again"),
    "account-retire": mark("retired an account"),
    "add-station": mark("added a station"),
    "ask-picture": mark("asked for a picture of the screen"),
    "enrol": mark("enrolled"),
    "init": mark("made the town"),
    "log-in": mark("logged in"),
    "log-out-everywhere": mark("logged out on all devices"),
    "publish": mark("published a week"),
    "retire-station": mark("retired a station"),
    "rotate-key": mark("replaced a key"),
    "station-document": mark("changed a station"),
    "urgent": mark("published urgent notices"),
}
