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
    "month-column": mark("said what a column holds"),
    "month-mend": mark("mended a cell of the month's sheet"),
    "month-of": mark("said which month a sheet is of"),
    "month-sheet": mark("uploaded a month's sheet"),
    "month-title": mark("confirmed which programme a title means"),
    "open-key": mark("opened the publishing key"),
    "protect-key": mark("put the publishing key under a passphrase"),
    "publish": mark("published a week"),
    "retire-station": mark("retired a station"),
    "rotate-key": mark("replaced a key"),
    "station-document": mark("changed a station"),
    "urgent": mark("published urgent notices"),
    "withdraw": mark("took a programme back everywhere"),
    "wrong-passphrase": mark("gave a wrong passphrase"),
}
