"""What the words of a refusal mean (contract, *What a station refuses*), for people. Pure."""

from kiosk.common.messages import Sentence, mark

WHY = {
    "wrong-key": mark("no key that the town's newest root names has signed it"),
    "not-signed": mark("it is not signed"),
    "tampered": mark("it is not what was signed"),
    "not-pinned": mark("a file of it is not signed"),
    "missing": mark("a file of it is not there"),
    "malformed": mark("it cannot be read"),
    "wrong-group": mark("it is of another group"),
    "wrong-station": mark("it is of another room"),
    "roll-back": mark("it is older than what was published last"),
    "same-version": mark("it has the version of something else"),
    "not-recorded": mark("the town's database does not know it"),
    "expired": mark("its time is over: publish it once more"),
    "root-forged": mark("its root is of another town"),
}


def why(word: str, otherwise: str) -> str:
    """Why something is not believed, by the word of the refusal; a word that is not known here has its own text."""
    return Sentence(WHY[word]) if word in WHY else otherwise
