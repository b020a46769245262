"""How often texts of unknown encoding are decoded right: `python bench/encodings.py FOLDER`.

FOLDER holds a folder for each encoding, named by Python's codec (`cp1251`, `euc_kr`), with texts in it; make more with
`iconv`. A text is right when 99 % of its words are; a wrong one counts as doubted when the run would report it.
"""

import sys
import time
from collections import Counter
from pathlib import Path

from wherein.ingest.readers.shared.charset import codec_for_name, is_known
from wherein.ingest.readers.shared.decode import Decoded, decode
from wherein.ingest.readers.shared.skipped import Skipped


def read(data: bytes) -> Decoded:
    try:
        return decode(data)
    except Skipped as skipped:
        return Decoded("", doubts=(str(skipped),))


def is_right(text: str, expected: str) -> bool:
    words, wanted = Counter(text.split()), Counter(expected.lstrip("\ufeff").split())
    return (words & wanted).total() >= 0.99 * max(words.total(), wanted.total())


def outcome(path: Path, codec: str) -> str:
    data = path.read_bytes()
    decoded = read(data)
    if is_right(decoded.text, data.decode(codec, "replace")):
        return "right, in doubt" if decoded.doubts else "right"
    return "wrong, in doubt" if decoded.doubts else "wrong"


def main(folder: Path) -> None:
    began, total = time.process_time(), Counter[str]()
    for group in sorted(path for path in folder.iterdir() if path.is_dir()):
        codec = codec_for_name(group.name)
        if not is_known(codec):
            print(f"{group.name}: Python knows no such encoding")
            continue
        counts = Counter(outcome(path, codec) for path in group.rglob("*") if path.is_file())
        total += counts
        print(f"{group.name:16} {dict(counts)}")
    print(f"{total.total():,} texts, {time.process_time() - began:.1f} s of CPU: {dict(total)}")
    print(f"right or in doubt: {1 - total['wrong'] / max(1, total.total()):.1%}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
