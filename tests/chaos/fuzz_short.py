"""The same few inputs every time for each parser of a module, in one process: ``fuzz_short.py MODULE COUNT``.

What is bent here is what ``fuzz.py`` begins with. Says what escaped, and ends with 1 if anything did.
"""

import logging
import sys
import traceback
from pathlib import Path

from fuzz_inputs import bent
from fuzz_parser import escaped, scratch
from fuzz_parsers import family


def main() -> None:
    """Run."""
    logging.disable(logging.CRITICAL)
    bad = 0
    for parser in family(sys.argv[1]):
        with scratch() as folder:
            read, seeds = parser.reader(Path(folder)), list(parser.seeds())
            for data in (*seeds, *(bent(seeds, parser.words, n) for n in range(int(sys.argv[2])))):
                if error := escaped(parser, read, data):
                    bad += 1
                    print(f"{parser.name}: {data[:300]!r}\n{''.join(traceback.format_exception(error)[-4:])}")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
