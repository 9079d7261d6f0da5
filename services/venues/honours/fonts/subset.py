"""Makes the fonts of certificates from the whole ones: run by hand when a character is missing.

    npm pack @expo-google-fonts/noto-serif-sc @expo-google-fonts/noto-serif-tibetan   (unpack both)
    uv run --no-project --with fonttools==4.68.0 python services/venues/honours/fonts/subset.py \
        NotoSerifSC_400Regular.ttf NotoSerifTibetan_400Regular.ttf NAMES…

NAMES are text files whose every character shall be there too: the register of divisions, the
venues. With GB 2312 (6,763 Chinese characters, punctuation, kana, Greek), Latin with pinyin tones
and the rest of CJK and general punctuation, that is what the Chinese font covers; the Tibetan one
keeps its whole block and every stack. Hinting is left out: a certificate is printed or zoomed.
`covered.json` says what came out, so that a missing character is found before a box is drawn.
"""

import json
import subprocess
import sys
from hashlib import sha256
from importlib import import_module
from itertools import groupby
from pathlib import Path

HERE = Path(__file__).parent
LATIN = {*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x1CD, 0x1DD)}
PUNCTUATION = {*range(0x2010, 0x2028), *range(0x2030, 0x205F), *range(0x3000, 0x3020)}
FULL_WIDTH = {*range(0xFF01, 0xFF5F), *range(0xFFE0, 0xFFE7)}
SIGNS = {*range(0x2460, 0x2474), *range(0x2160, 0x216C), 0x2116, 0x2103}


def gb2312() -> set[int]:
    """Every character of GB 2312."""
    rows, cells = range(0xA1, 0xF8), range(0xA1, 0xFF)
    pairs = (bytes((row, cell)).decode("gb2312", "ignore") for row in rows for cell in cells)
    return {ord(text) for text in pairs if text}


def subset(font: Path, to: Path, wanted: set[int]) -> None:
    """Write the part of a font that draws `wanted`."""
    command = [sys.executable, "-m", "fontTools.subset", str(font), f"--output-file={to}"]
    command += ["--unicodes=" + ",".join(f"{code:x}" for code in sorted(wanted))]
    command += ["--no-hinting", "--desubroutinize", "--layout-features=*", "--drop-tables+=BASE"]
    command += ["--name-IDs=0,1,2,3,4,5,6,13,14", "--notdef-outline"]
    subprocess.run(command, check=True)


def covered(font: Path) -> dict[str, str]:
    """Which characters a font draws, as ranges of hexadecimal numbers, and which file it was."""
    whole = import_module("fontTools.ttLib").TTFont(font)
    codes = sorted(whole.getBestCmap())
    runs = [
        [code for _, code in run]
        for _, run in groupby(enumerate(codes), lambda pair: pair[1] - pair[0])
    ]
    ranges = " ".join(f"{run[0]:x}-{run[-1]:x}" for run in runs)
    return {"sha256": sha256(font.read_bytes()).hexdigest(), "ranges": ranges}


def main(chinese: Path, tibetan: Path, names: list[Path]) -> None:
    """Both fonts, beside this file."""
    named = {ord(char) for file in names for char in file.read_text("utf-8-sig") if char >= " "}
    wanted = LATIN | PUNCTUATION | FULL_WIDTH | SIGNS | gb2312() | named
    subset(chinese, HERE / "NotoSerifSC.ttf", wanted)
    subset(tibetan, HERE / "NotoSerifTibetan.ttf", {0x20, 0xA0, *range(0xF00, 0x1000)})
    told = {font.name: covered(font) for font in sorted(HERE.glob("*.ttf"))}
    (HERE / "covered.json").write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    first, second, *rest = (Path(argument) for argument in sys.argv[1:])
    main(first, second, rest)
